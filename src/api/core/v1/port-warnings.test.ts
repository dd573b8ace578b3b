import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portWarnings } from './port-warnings.ts'
import type { ContainerPort } from './types.ts'

type Port = Pick<ContainerPort, 'containerPort'> & Partial<ContainerPort>

const warningsOf = (ports: readonly Port[]): string[] =>
  portWarnings({ containers: [{ ports: ports.map((port) => ({ protocol: 'TCP', ...port })) }] } as never, 'spec')

function check(name: string, ports: readonly Port[], wanted: readonly string[]): void {
  test(name, () =>
    assert.deepEqual(
      warningsOf(ports).map((text) => text.replaceAll('spec.containers[0].', '')),
      wanted,
    ),
  )
}

check('another number, another protocol', [{ containerPort: 1 }, { containerPort: 2 }, { containerPort: 1, protocol: 'UDP' }], [])
check(
  'the same three times',
  [{ containerPort: 1 }, { containerPort: 1 }, { containerPort: 1 }],
  [
    'ports[1]: duplicate port definition with ports[0]',
    'ports[2]: duplicate port definition with ports[0]',
    'ports[2]: duplicate port definition with ports[1]',
  ],
)
check(
  'a port of the host beside none',
  [{ containerPort: 1, hostPort: 5 }, { containerPort: 1 }],
  ['ports[1]: overlapping port definition with ports[0]'],
)
check(
  'two ports of the host',
  [
    { containerPort: 1, hostPort: 5 },
    { containerPort: 1, hostPort: 6 },
  ],
  [],
)
check(
  'one of every address, one of a single',
  [
    { containerPort: 1, hostPort: 5 },
    { containerPort: 1, hostPort: 5, hostIP: '10.0.0.1' },
  ],
  ['ports[1]: dangerously ambiguous port definition with ports[0]'],
)
check(
  'names',
  [
    { containerPort: 1, name: 'a' },
    { containerPort: 2, name: 'a' },
  ],
  ['ports[1]: duplicate port name "a" with ports[0], services and probes that select ports by name will use ports[0]'],
)

test('of ports that are all the same not each is compared with each', () => {
  const started = process.threadCpuUsage()
  const { length } = warningsOf(Array.from({ length: 50_000 }, () => ({ containerPort: 1 })))
  assert.ok(length <= 10_000, `${length} warnings`)
  assert.ok(process.threadCpuUsage(started).user < 2e6)
})
