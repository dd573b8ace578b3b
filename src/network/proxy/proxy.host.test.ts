/** The proxy over a real kernel table in a network namespace of its own: every change of Services and pods, in one transaction. Needs root and nft. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { ChangeHandler, Informer } from '#client/informer.ts'
import { systemClock } from '#host/clock.ts'
import { run } from '#host/run.ts'
import type { Log } from '#lib/log.ts'
import { startServiceProxy } from './proxy.ts'

const node = `wp${process.pid}`
before(() => run('ip', ['netns', 'add', node]))
after(() => run('ip', ['netns', 'delete', node]))

const a = service('a', [{ port: 80, nodePort: 30080 }])
const b = service('b', [{ port: 80, nodePort: 30081 }])

check(
  'two Services swap their node ports',
  [a, b],
  [service('a', [{ port: 80, nodePort: 30081 }]), service('b', [{ port: 80, nodePort: 30080 }])],
  {
    'node-ports': { 'tcp . 30080': 'ext-default/b/tcp/80', 'tcp . 30081': 'ext-default/a/tcp/80' },
  },
)
check(
  'a node port goes from one Service to another',
  [a, service('b', [{ port: 80 }])],
  [service('a', [{ port: 80 }]), service('b', [{ port: 80, nodePort: 30080 }])],
  {
    'node-ports': { 'tcp . 30080': 'ext-default/b/tcp/80' },
  },
)
check('a port becomes another, and tcp becomes udp', [a], [service('a', [{ port: 53, protocol: 'UDP', nodePort: 30080 }])], {
  'node-ports': { 'udp . 30080': 'ext-default/a/udp/53' },
  'service-addresses': { '10.8.0.97 . udp . 53': 'svc-default/a/udp/53' },
})
check('an affinity lasts longer', [service('a', [{ port: 80 }], 60)], [service('a', [{ port: 80 }], 3600)], {
  sets: ['aff-default/a/tcp/80/10.9.0.2/8080/3600'],
})
check('of two pods on one host port the first has it', [pod('p', '10.9.0.2', 81)], [pod('q', '10.9.0.3', 81)], {
  'host-ports': { 'tcp . 81': '10.9.0.2 . 8080' },
})
check('and when it goes, the second', [pod('p', '10.9.0.2', 81), pod('q', '10.9.0.3', 81)], [gone(pod('p', '10.9.0.2', 81))], {
  'host-ports': { 'tcp . 81': '10.9.0.3 . 8080' },
})
check(
  'an address that the table cannot hold costs nobody else a rule',
  [a, pod('p', '10.9.0.2', 81, '::1')],
  [pod('q', '10.9.0.3', 82, '010.0.0.1')],
  {
    'node-ports': { 'tcp . 30080': 'ext-default/a/tcp/80' },
    'host-port-addresses': {},
    transactions: 1,
  },
)

type Change = { readonly object: Service | Pod; readonly isGone?: boolean }

interface Expected {
  readonly sets?: readonly string[]
  /** Successful ones; the first writes the whole table. */
  readonly transactions?: number
  readonly [map: string]: Readonly<Record<string, string>> | readonly string[] | number | undefined
}

/** What stands in the table after the second batch; the first is there at the start. No transaction may fail. */
function check(name: string, first: readonly Change[], second: readonly Change[], expected: Expected): void {
  test(name, async () => {
    const { sets, transactions: expectedTransactions = 2, ...maps } = expected
    const services = fakeInformer<Service>()
    const pods = fakeInformer<Pod>()
    const put = ({ object, isGone = false }: Change): void =>
      object.kind === 'Pod' ? pods.put(object as Pod, isGone) : services.put(object as Service, isGone)
    for (const change of first) put(change)
    const failures: unknown[] = []
    let transactions = 0
    const proxy = startServiceProxy({
      services: services.informer,
      slices: { ...fakeInformer<EndpointSlice>().informer, indexed: () => [slice] },
      pods: pods.informer,
      host: {
        nft: async (text: string) => {
          await run('ip', ['netns', 'exec', node, 'nft', '-f', '-'], { input: text })
          transactions += 1
        },
        forgetFlows: async () => {},
      } as unknown as Parameters<typeof startServiceProxy>[0]['host'],
      clock: systemClock,
      log: { info() {}, debug() {}, warn() {}, error: (_text: string, fields: object) => failures.push(fields) } as unknown as Log,
      nodeName: 'n',
      ownAddresses: [],
      table: { name: 'test', clusterCIDR: '10.9.0.0/24', nodeAddresses: ['192.168.77.1'] },
    })
    // A table that nft refuses is a failure at once, not a wait for ever.
    while (transactions < 1 && failures.length === 0) await new Promise((resolve) => setImmediate(resolve))
    for (const change of second) put(change)
    while (transactions < expectedTransactions && failures.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await proxy.stop()
    assert.deepEqual(failures, [])
    assert.equal(transactions, expectedTransactions, 'all changes of one moment go together')
    for (const [map, elements] of Object.entries(maps)) assert.deepEqual(await elementsOf(map), elements, map)
    for (const set of sets ?? []) assert.ok((await listed()).includes(`set ${set} {`), set)
  })
}

const listed = async (): Promise<string> => (await run('ip', ['netns', 'exec', node, 'nft', 'list', 'table', 'ip', 'test'])).stdout

async function elementsOf(map: string): Promise<Record<string, string>> {
  const text = (await run('ip', ['netns', 'exec', node, 'nft', '--numeric', 'list', 'map', 'ip', 'test', map])).stdout
  const elements = /elements = \{([^}]*)\}/.exec(text)?.[1] ?? ''
  const names: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp' }
  return Object.fromEntries(
    elements
      .split(',')
      .map((line) => line.trim())
      .filter(Boolean)
      .map((line) => {
        const [key, value] = line.split(' : ') as [string, string]
        const words = key.split(' . ').map((word) => word.trim())
        const at = words.length - 2
        words[at] = names[words[at]!] ?? words[at]!
        return [words.join(' . '), value.replace(/^goto /, '').trim()]
      }),
  )
}

function service(name: string, ports: readonly object[], affinitySeconds = 0): Change {
  const affinity = affinitySeconds > 0 && {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: affinitySeconds } },
  }
  const object = {
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: {
      type: 'NodePort',
      clusterIPs: [`10.8.0.${name.charCodeAt(0)}`],
      ports: ports.map((port) => ({ protocol: 'TCP', ...port })),
      ...affinity,
    },
  } as unknown as Service
  return { object }
}

function pod(name: string, podIP: string, hostPort: number, hostIP?: string): Change {
  const port = { protocol: 'TCP', containerPort: 8080, hostPort, ...(hostIP && { hostIP }) }
  const object = { kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers: [{ ports: [port] }] }, status: { podIP } }
  return { object: object as unknown as Pod }
}

function gone(change: Change): Change {
  return { ...change, isGone: true }
}

const slice = {
  addressType: 'IPv4',
  ports: [
    { port: 8080, protocol: 'TCP' },
    { port: 8080, protocol: 'UDP' },
  ],
  endpoints: [{ addresses: ['10.9.0.2'], nodeName: 'n' }],
} as unknown as EndpointSlice

function fakeInformer<T extends { readonly metadata: { readonly name: string } }>() {
  const objects = new Map<string, T>()
  const handlers = new Set<ChangeHandler<T>>()
  const informer = {
    isSynced: true,
    synced: async () => {},
    list: () => [...objects.values()],
    get: (name: string) => objects.get(name),
    onChange(handler: ChangeHandler<T>) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
  } as unknown as Informer<T>
  return {
    informer,
    put(object: T, isGone: boolean) {
      const previous = objects.get(object.metadata.name)
      if (isGone) objects.delete(object.metadata.name)
      else objects.set(object.metadata.name, object)
      for (const handler of handlers) handler(object, previous, isGone ? 'deleted' : previous ? 'modified' : 'added')
    },
  }
}
