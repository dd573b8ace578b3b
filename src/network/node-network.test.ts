import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode } from 'dns-packet'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { serviceAddressIndex, sliceAddressIndex, startNodeNetwork } from './node-network.ts'
import { sliceServiceIndex } from './proxy/proxy.ts'

test('a node’s network: prepared, ruled, named, and changed by differences only', async () => {
  const world = await startWorld()
  const { client, host, network, until } = world
  assert.deepEqual(host.done.slice(0, 2), ['prepare', 'device svc0 10.96.0.10 10.96.0.0/12 from 192.0.2.2'])
  await until(() => host.tables.length === 1)
  assert.match(host.tables[0]!, /delete table ip test\n/, 'the first write is the whole table')

  await network.setPodCIDR('10.244.3.0/24')
  assert.match(host.files.get('/cni/10.conflist')!, /"subnet": "10\.244\.3\.0\/24"/)

  await client.create(Namespace, { metadata: { name: 'shop' } })
  await client.create(Service, service, { namespace: 'shop' })
  await client.create(EndpointSlice, slice, { namespace: 'shop' })
  await until(() => host.tables.some((text) => text.includes('dnat ip to 10.244.3.7:8080')))
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
  const informers = {
    services: createInformer(client, Service, { ...cache, indexes: serviceAddressIndex }),
    slices: createInformer(client, EndpointSlice, { ...cache, indexes: { ...sliceServiceIndex, ...sliceAddressIndex } }),
    pods: createInformer(client, Pod, cache),
    namespaces: createInformer(client, Namespace, cache),
  }
  const host = { done: [] as string[], tables: [] as string[], files: new Map<string, string>(), refuse: false, refused: 0 }
  let answer: (message: Uint8Array, transport: 'udp' | 'tcp') => Promise<Uint8Array | undefined> = async () => undefined
  const network = await startNodeNetwork({
    host: {
      async nft(text) {
        if (host.refuse) {
          host.refused += 1
          throw new Error('refused')
        }
        host.tables.push(text)
      },
      async forgetFlows() {},
      async prepare() {
        host.done.push('prepare')
      },
      async addServiceDevice(device, address, range, source) {
        host.done.push(`device ${device} ${address} ${range} from ${source}`)
      },
      async writeFile(path, text) {
        host.files.set(path, text)
      },
    },
    async listenDns(_address, handler) {
      answer = handler
      return { async close() {} }
    },
    exchangeDns: async () => Promise.reject(new Error('nobody outside')),
    nameServers: [],
    clock,
    log: silentLog,
    nodeName: 'n',
    nodeAddress: '192.0.2.2',
    clusterCIDR: '10.244.0.0/16',
    serviceCIDR: '10.96.0.0/12',
    dnsAddress: '10.96.0.10',
    clusterDomain: 'cluster.local',
    mtu: 1500,
    names: { bridge: 'br0', dnsDevice: 'svc0', table: 'test' },
    cniConfigFile: '/cni/10.conflist',
    cniStateDirectory: '/cni/state',
    informers,
  })
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
      const bytes = await answer(encode({ type: 'query', id: 1, questions: [{ type: 'A', name }] }), 'udp')
      const packet = decode(Buffer.from(bytes!)) as ReturnType<typeof decode> & { rcode: string }
      const [record] = packet.answers ?? []
      return record && 'data' in record ? String(record.data) : packet.rcode
    },
    async close(): Promise<void> {
      await Promise.all(Object.values(informers).map((informer) => informer.close()))
    },
  }
}
