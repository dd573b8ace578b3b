import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { memoryFiles } from '../test-node.ts'
import { createResizes } from './resizes.ts'

const pod = (name: string, cpu: number): Pod =>
  ({
    metadata: { name, uid: name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z', generation: cpu },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu: String(cpu) } } }] },
  }) as unknown as Pod

test('a resize that cannot be judged keeps no other from being granted, now or later', async () => {
  const granted: string[] = []
  const clock = createVirtualClock(0)
  const resizes = createResizes({
    directory: '/allocations',
    files: memoryFiles(),
    clock,
    log: silentLog,
    events: { record() {} },
    refusal({ metadata }) {
      if (metadata.name === 'strange') throw new Error('no such amount')
      return undefined
    },
    onAllocated: ({ metadata }) => void granted.push(metadata.name),
    onChange() {},
  })
  for (const name of ['strange', 'plain', 'late']) resizes.seen(pod(name, 1))
  resizes.open(new Set())
  resizes.seen(pod('strange', 2))
  resizes.seen(pod('plain', 2))
  await clock.advance(0)
  assert.deepEqual(granted, ['plain'])
  resizes.seen(pod('late', 2))
  await clock.advance(0)
  assert.deepEqual(granted, ['plain', 'late'])
})
