import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode } from 'dns-packet'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { DnsHandler } from './dns/name-server.ts'
import { serveNames, serviceAddressIndex, sliceAddressIndex } from './dns/serve-names.ts'
import type { NetworkHost } from './host.ts'
import { startPodNetwork } from './pod-network.ts'
import { sliceServiceIndex, startServiceProxy } from './proxy/proxy.ts'
import { serviceHost } from './proxy/testing/service-host.ts'
import { followNodeNetworks } from './routes/node-networks.ts'

test('the parts of a node’s network from the same caches: ruled, named, and changed by differences only', async () => {
  const world = await startWorld()
  const { client, host, network, until } = world
  await until(() => host.tables.length === 1)
  assert.match(host.tables[0]!, /delete table ip test\n/, 'the first write is the whole table')

  await client.create(Node, { metadata: { name: 'n' }, spec: { podCIDR: '10.244.3.0/24', podCIDRs: ['10.244.3.0/24'] } })
  await until(() => host.files.has('/cni/10.conflist'))
  assert.match(host.files.get('/cni/10.conflist')!, /"subnet": "10\.244\.3\.0\/24"/)

  await client.create(Namespace, { metadata: { name: 'shop' } })
  await client.create(Service, service, { namespace: 'shop' })
  await client.create(EndpointSlice, slice, { namespace: 'shop' })
  await until(() => host.tables.some((text) => text.includes('10.96.0.77 . tcp . 80 . 1:1 : 10.244.3.7 . 8080')))
  assert.ok(
    host.tables.slice(1).every((text) => !text.includes('delete table')),
    'later writes are differences',
  )
  assert.equal(await world.ask('web.shop.svc.cluster.local'), '10.96.0.77')
  assert.equal(await world.ask('nobody.shop.svc.cluster.local'), 'NXDOMAIN')

  const before = host.tables.length
  await network.stop()
  await client.delete(Service, 'web', { namespace: 'shop' })
  await world.turns()
  assert.equal(host.tables.length, before, 'a stopped network leaves its rules as they are')
  await world.close()
})

test('a refused table is written anew as a whole, after a pause', async () => {
  const world = await startWorld()
  const { client, host, until, clock } = world
  await until(() => host.tables.length === 1)
  host.refuse = true
  await client.create(Namespace, { metadata: { name: 'shop' } })
  await client.create(Service, service, { namespace: 'shop' })
  await until(() => host.refused > 0)
  host.refuse = false
  const before = host.tables.length
  await world.turns()
  assert.equal(host.tables.length, before, 'not at once')
  await clock.advance(1_000)
  await until(() => host.tables.length > before)
  assert.match(host.tables.at(-1)!, /delete table ip test\n[\s\S]*10\.96\.0\.77/)
  await world.network.stop()
  await world.close()
})

const service = {
  metadata: { name: 'web' },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.77',
    clusterIPs: ['10.96.0.77'],
    selector: { app: 'web' },
    ports: [{ port: 80, protocol: 'TCP' }],
  },
} as const
const slice = {
  metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ port: 8080, protocol: 'TCP' }],
  endpoints: [{ addresses: ['10.244.3.7'], nodeName: 'n', conditions: { ready: true } }],
} as const

async function startWorld() {
  const clock = createVirtualClock(0)
  const server = createStubServer()
  const client = createClient(server.transport)
  const cache = { clock, random: seededRandom(1), log: silentLog }
  const caches = {
    nodes: createInformer(client, Node, cache),
    services: createInformer(client, Service, { ...cache, indexes: serviceAddressIndex }),
    slices: createInformer(client, EndpointSlice, { ...cache, indexes: { ...sliceServiceIndex, ...sliceAddressIndex } }),
    pods: createInformer(client, Pod, cache),
    namespaces: createInformer(client, Namespace, cache),
    settings: createInformer(client, ConfigMap, cache),
  }
  const host = { tables: [] as string[], files: new Map<string, string>(), refuse: false, refused: 0 }
  const networkHost: NetworkHost = {
    async nft(text) {
      if (host.refuse) {
        host.refused += 1
        throw new Error('refused')
      }
      host.tables.push(text)
    },
    hasRules: async () => true,
    listRules: async () => '',
    async prepare() {},
    async addServiceDevice() {},
    async writeFile(path, text) {
      host.files.set(path, text)
    },
  }
  let answer: DnsHandler = () => undefined
  const shared = { host: networkHost, clock, log: silentLog, nodeName: 'n' }
  const parts = [
    startPodNetwork({
      ...shared,
      random: seededRandom(2),
      host: {
        async read() {
          return { devices: [], routes: [], rules: [], neighbours: [], forwarding: [] }
        },
        async apply() {},
        async setPortMtu() {},
        async routeLoopback() {},
        watch: () => () => {},
        async writeFile(path, text) {
          host.files.set(path, text)
        },
        async removeFile() {},
      },
      mode: 'vxlan',
      nodeAddresses: ['192.0.2.2'],
      nodeNetworks: followNodeNetworks(caches.nodes),
      names: { vxlan: 'vxlan0', bridge: 'br0' },
      cniConfigFile: '/cni/10.conflist',
      cniStateDirectory: '/cni/state',
      onProblem() {},
    }),
    startServiceProxy({
      ...shared,
      ...caches,
      random: seededRandom(4),
      host: { ...serviceHost, nft: networkHost.nft },
      ownAddresses: ['10.96.0.10'],
      table: { name: 'test', clusterCIDR: '10.244.0.0/16', nodeAddresses: ['192.0.2.2'] },
    }),
    await serveNames({
      async listen(_address, handler) {
        answer = handler
        return { async close() {} }
      },
      exchange: async () => Promise.reject(new Error('nobody outside')),
      machine: { current: () => [], watch: () => () => {} },
      clock,
      random: seededRandom(3),
      log: silentLog,
      events: { record() {} },
      addresses: ['10.96.0.10'],
      clusterDomain: 'cluster.local',
      clusterRanges: ['10.244.0.0/16'],
      ownAddresses: () => [],
      caches,
    }),
  ]
  const network = { stop: () => Promise.all(parts.map((part) => part.stop())) }
  /** Turns of the event loop: nothing here waits for anything else. */
  const turns = async (count = 50): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    clock,
    client,
    host,
    network,
    turns,
    async until(condition: () => boolean): Promise<void> {
      for (let round = 0; round < 200 && !condition(); round += 1) await turns(5)
      assert.ok(condition(), 'it did not come true')
    },
    async ask(name: string): Promise<string> {
      const bytes = await answer(encode({ type: 'query', id: 1, questions: [{ type: 'A', name }] }), {
        transport: 'udp',
        address: '10.244.3.7',
      })
      const packet = decode(Buffer.from(bytes!)) as ReturnType<typeof decode> & { rcode: string }
      const [record] = packet.answers ?? []
      return record && 'data' in record ? String(record.data) : packet.rcode
    },
    async close(): Promise<void> {
      await Promise.all(Object.values(caches).map((informer) => informer.close()))
    },
  }
}
