/** The whole name server over a server's watches: how soon a change is answered, and what settings do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode } from 'dns-packet'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { systemClock } from '#host/clock.ts'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import type { Happening } from '#loop/event-correlator.ts'
import type { DnsHandler } from './name-server.ts'
import { serveNames, serviceAddressIndex, sliceAddressIndex } from './serve-names.ts'
import { ask, show } from './test-zone.ts'

/** What users are promised. */
const soonMs = 1_000

test('every change is answered within a second, by kept answers too', async () => {
  const { client, about, soon, close } = await start()
  const [web, db] = ['web.shop.svc.cluster.local', 'db.shop.svc.cluster.local']
  const at = { namespace: 'shop' }
  assert.equal(await about(web), 'NXDOMAIN / SOA cluster.local')
  await client.create(Service, { metadata: { name: 'web' }, spec: clusterIP('10.96.0.7') } as never, at)
  await soon(() => about(web), 'A 10.96.0.7')
  assert.equal(await about('7.0.96.10.in-addr.arpa', 'PTR'), `PTR ${web}`)
  await client.patch(Service, 'web', { type: 'merge', body: { spec: { type: 'ExternalName', externalName: 'x.invalid' } } }, at)
  await soon(() => about(web, 'CNAME'), 'CNAME x.invalid')
  await client.patch(Service, 'web', { type: 'merge', body: { spec: { type: 'ClusterIP', ...clusterIP('10.96.0.8') } } }, at)
  await soon(() => about(web), 'A 10.96.0.8')
  await client.create(Service, { metadata: { name: 'db' }, spec: clusterIP('None') } as never, at)
  await soon(() => about(db), 'NXDOMAIN / SOA cluster.local')
  const endpoints = [{ addresses: ['10.244.0.2'], hostname: 'db-0' }]
  const metadata = { name: 'db-1', labels: { 'kubernetes.io/service-name': 'db' } }
  await client.create(EndpointSlice, { metadata, addressType: 'IPv4', endpoints, ports: [] } as never, at)
  await soon(() => about(db), 'A 10.244.0.2')
  assert.equal(await about(`db-0.${db}`), 'A 10.244.0.2')
  await client.patch(EndpointSlice, 'db-1', { type: 'merge', body: { endpoints: [{ addresses: ['10.244.0.3'], hostname: 'db-0' }] } }, at)
  await soon(() => about(`db-0.${db}`), 'A 10.244.0.3')
  await client.delete(Service, 'web', at)
  await soon(() => about(web), 'NXDOMAIN / SOA cluster.local')
  assert.equal(await about('10-244-0-9.late.pod.cluster.local'), 'NXDOMAIN / SOA cluster.local')
  await client.create(Namespace, { metadata: { name: 'late' } })
  await soon(() => about('10-244-0-9.late.pod.cluster.local'), 'A 10.244.0.9')
  await close()
})

test('settings are taken as they are written; a wrong one is told of, and changes nothing', async () => {
  const { client, about, soon, events, close, machine } = await start()
  const at = { namespace: 'kube-system' }
  assert.equal(await about('example.org'), 'A 192.0.2.1')
  const data = { hosts: '192.0.2.9 printer.example', stubDomains: '{"corp.example":["192.0.2.53"]}' }
  await client.create(ConfigMap, { metadata: { name: 'kube-dns' }, data } as never, at)
  await soon(() => about('printer.example'), 'A 192.0.2.9')
  assert.equal(await about('x.corp.example'), 'A 192.0.2.53')
  await client.patch(
    ConfigMap,
    'kube-dns',
    { type: 'merge', body: { data: { stubDomains: '{', upstreamNameservers: '["192.0.2.2"]' } } },
    at,
  )
  await soon(() => about('example.org'), 'A 192.0.2.2')
  assert.equal(await about('x.corp.example'), 'A 192.0.2.53')
  assert.deepEqual(
    events.map(({ regarding, type, reason, message }) => [regarding.metadata.name, type, reason, message.slice(0, 40)]),
    [['kube-dns', 'Warning', 'InvalidDNSSetting', 'stubDomains: it has to be a JSON object ']],
  )
  await client.patch(
    ConfigMap,
    'kube-dns',
    { type: 'merge', body: { data: { stubDomains: null, upstreamNameservers: '["10.96.0.10"]' } } },
    at,
  )
  await soon(async () => String(events.length), '2')
  assert.match(events[1]!.message, /10\.96\.0\.10 is this name server itself/)
  await client.delete(ConfigMap, 'kube-dns', at)
  await soon(() => about('printer.example'), 'A 192.0.2.1')
  machine.become(['192.0.2.3'])
  assert.equal(await about('example.org'), 'A 192.0.2.3')
  await close()
})

test('it counts under the names that dashboards know', async () => {
  const { about, registry, close } = await start()
  await about('example.org')
  await about('example.org')
  await about('nothing.shop.svc.cluster.local')
  const text = registry.text()
  for (const line of [
    'coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",view="",zone="."} 2',
    'coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",view="",zone="cluster.local."} 1',
    'coredns_dns_responses_total{plugin="kubernetes",rcode="NXDOMAIN",server="dns://:53",view="",zone="cluster.local."} 1',
    'coredns_cache_hits_total{server="dns://:53",type="success",view="",zones="."} 1',
    'coredns_cache_misses_total{server="dns://:53",view="",zones="."} 1',
    'coredns_dns_request_duration_seconds_count{server="dns://:53",view="",zone="."} 2',
  ])
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`)
  await close()
})

const clusterIP = (address: string) => ({ clusterIP: address, clusterIPs: [address], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] })

async function start() {
  const client = createClient(createStubServer().transport, { fieldManager: 'test' })
  await client.create(Namespace, { metadata: { name: 'shop' } })
  const cache = { clock: systemClock, random: seededRandom(1), log: silentLog }
  const service = ({ metadata }: EndpointSlice): string[] => [`${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`]
  const caches = {
    services: createInformer(client, Service, { ...cache, indexes: serviceAddressIndex }),
    slices: createInformer(client, EndpointSlice, { ...cache, indexes: { service, ...sliceAddressIndex } }),
    namespaces: createInformer(client, Namespace, cache),
    settings: createInformer(client, ConfigMap, { ...cache, namespace: 'kube-system', fieldSelector: 'metadata.name=kube-dns' }),
  }
  let handler: DnsHandler = () => undefined
  let servers = ['192.0.2.1', '10.96.0.10']
  let changed = (): void => {}
  const events: Happening[] = []
  const registry = createRegistry()
  const names = await serveNames({
    async listen(_address, handle) {
      handler = handle
      return { async close() {} }
    },
    // Each server says its own address of every name.
    async exchange(server, message) {
      const { id, questions = [] } = decode(Buffer.from(message))
      const answers = [{ type: 'A', name: questions[0]!.name, ttl: 60, data: server } as const]
      return encode({ type: 'response', ...(id !== undefined && { id }), questions, answers })
    },
    machine: {
      current: () => servers,
      watch(call) {
        changed = call
        return () => {}
      },
    },
    ...cache,
    events: { record: (happening) => void events.push(happening) },
    registry,
    addresses: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    clusterRanges: ['10.244.0.0/16', '10.96.0.0/12'],
    ownAddresses: () => [],
    caches,
  })
  const about = async (name: string, type = 'A'): Promise<string> =>
    show(await ask(handler, { questions: [{ type: type as 'A', name }] }, 'udp'))
  return {
    client,
    about,
    events,
    registry,
    machine: {
      become(next: string[]) {
        servers = next
        changed()
      },
    },
    /** Asks until the answer is as expected; that it is soon is what is tested. */
    async soon(see: () => Promise<string>, expected: string): Promise<void> {
      const startedMs = systemClock.monotonicMs()
      let seen = await see()
      while (seen !== expected && systemClock.monotonicMs() - startedMs < soonMs) {
        await new Promise((resolve) => setImmediate(resolve))
        seen = await see()
      }
      assert.equal(seen, expected)
    },
    async close(): Promise<void> {
      await names.stop()
      await Promise.all(Object.values(caches).map((informer) => informer.close()))
    },
  }
}
