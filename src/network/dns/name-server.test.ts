import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode } from 'dns-packet'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { systemClock } from '#host/clock.ts'
import type { ZoneView } from './cluster-zone.ts'
import { createNameServer, ttlSecondsOf } from './name-server.ts'
import { createUpstream } from './upstream.ts'

check('a Service has its address', 'web.shop.svc.cluster.local A', 'A 10.96.0.7')
check('names are the same in any case, and come back as asked', 'WEB.shop.svc.cluster.local A', 'A 10.96.0.7')
check('an address of the other family: no data, but the name is there', 'web.shop.svc.cluster.local AAAA', 'NOERROR')
check('no such Service', 'web.other.svc.cluster.local A', 'NXDOMAIN')
check('a namespace alone has no data', 'shop.svc.cluster.local A', 'NOERROR')
check('no such namespace', 'nowhere.svc.cluster.local A', 'NXDOMAIN')
check('nothing beneath a Service with an address', 'x.web.shop.svc.cluster.local A', 'NXDOMAIN')
check('a named port', '_http._tcp.web.shop.svc.cluster.local SRV', 'SRV 80 web.shop.svc.cluster.local + A 10.96.0.7')
check('an unknown port', '_https._tcp.web.shop.svc.cluster.local SRV', 'NXDOMAIN')
check('a headless Service has its ready endpoints', 'db.shop.svc.cluster.local A', 'A 10.244.0.2, A 10.244.0.3')
check('an endpoint by its host name', 'db-0.db.shop.svc.cluster.local A', 'A 10.244.0.2')
check('an endpoint by its address', '10-244-0-3.db.shop.svc.cluster.local A', 'A 10.244.0.3')
check('an endpoint that is not ready has no name', '10-244-0-4.db.shop.svc.cluster.local A', 'NXDOMAIN')
check(
  'ports of endpoints',
  '_sql._tcp.db.shop.svc.cluster.local SRV',
  'SRV 5432 db-0.db.shop.svc.cluster.local, SRV 5432 10-244-0-3.db.shop.svc.cluster.local + A 10.244.0.2, A 10.244.0.3',
)
check('an alias within the cluster is followed', 'alias.shop.svc.cluster.local A', 'CNAME web.shop.svc.cluster.local, A 10.96.0.7')
check('a pod by its address', '10-244-0-9.shop.pod.cluster.local A', 'A 10.244.0.9')
check('no pod in a namespace that is not there', '10-244-0-9.nowhere.pod.cluster.local A', 'NXDOMAIN')
check('no pod of an impossible address', '999-244-0-9.shop.pod.cluster.local A', 'NXDOMAIN')
check('whose address', '7.0.96.10.in-addr.arpa PTR', 'PTR web.shop.svc.cluster.local')
check("whose endpoint's address", '2.0.244.10.in-addr.arpa PTR', 'PTR db-0.db.shop.svc.cluster.local')
check('the version of these rules', 'dns-version.cluster.local TXT', 'TXT 1.1.0')
check('names outside are asked for outside', 'example.org A', 'A 192.0.2.80')
check('nobody outside answers', 'silent.example A', 'SERVFAIL')

test('what is no question gets no answer', async () => {
  const serve = createNameServer(zone, async () => undefined)
  assert.equal(await serve(Buffer.from('not dns'), 'udp'), undefined)
  assert.equal(await serve(encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'x' }] }), 'udp'), undefined)
})

test('an answer that does not fit says so in a datagram, and is whole over TCP', async () => {
  const many = { ...zone, slicesOf: () => [slice(Array.from({ length: 90 }, (_, index) => ({ addresses: [`10.244.1.${index}`] })))] }
  const serve = createNameServer(many, async () => undefined)
  const message = encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'db.shop.svc.cluster.local' }] })
  assert.equal(decode(Buffer.from((await serve(message, 'udp'))!)).flag_tc, true)
  assert.equal(decode(Buffer.from((await serve(message, 'tcp'))!)).answers?.length, 90)
})

test('the same question goes out once, and is kept for as long as its answer allows', async () => {
  let asked = 0
  let now = 0
  const exchange = async () => {
    asked += 1
    return encode({ type: 'response', id: 1, questions: [], answers: [{ type: 'A', name: 'x', ttl: 10, data: '192.0.2.1' }] })
  }
  const ask = createUpstream({ servers: ['a'], exchange, clock: { ...systemClock, now: () => now } }, ttlSecondsOf)
  const question = (id: number) => encode({ type: 'query', id, questions: [{ type: 'A', name: 'x' }] })
  const [one, two] = await Promise.all([ask('x/A', question(7)), ask('x/A', question(8))])
  assert.deepEqual([decode(Buffer.from(one!)).id, decode(Buffer.from(two!)).id, asked], [7, 8, 1])
  now = 9_999
  await ask('x/A', question(9))
  assert.equal(asked, 1)
  now = 10_001
  await ask('x/A', question(9))
  assert.equal(asked, 2)
})

function check(name: string, question: string, expected: string): void {
  test(name, async () => {
    const [asked, type] = question.split(' ') as [string, 'A']
    const serve = createNameServer(zone, async (_key, message) => {
      const { questions, id = 0 } = decode(Buffer.from(message))
      return questions?.[0]?.name === 'example.org'
        ? encode({ type: 'response', id, questions, answers: [{ type: 'A', name: 'example.org', ttl: 60, data: '192.0.2.80' }] })
        : undefined
    })
    const packet = decode(
      Buffer.from((await serve(encode({ type: 'query', id: 3, questions: [{ type, name: asked }] }), 'tcp'))!),
    ) as ReturnType<typeof decode> & { rcode: string }
    const show = (records: typeof packet.answers): string =>
      (records ?? [])
        .map((record) =>
          record.type === 'SRV'
            ? `SRV ${record.data.port} ${record.data.target}`
            : `${record.type} ${'data' in record ? String(record.data) : ''}`,
        )
        .join(', ')
    const additionals = show(packet.additionals)
    assert.equal(packet.answers?.length ? show(packet.answers) + (additionals && ` + ${additionals}`) : packet.rcode, expected)
    if (packet.answers?.length && asked.includes('WEB')) assert.equal(packet.answers[0]!.name, asked)
  })
}

function slice(endpoints: object[]): EndpointSlice {
  return {
    metadata: { name: 's', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  } as unknown as EndpointSlice
}

const services: Readonly<Record<string, object>> = {
  web: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  db: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
  alias: { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' },
}
const serviceNamed = (name: string): Service => ({ metadata: { name, namespace: 'shop' }, spec: services[name] }) as unknown as Service
const database = slice([
  { addresses: ['10.244.0.2'], hostname: 'db-0' },
  { addresses: ['10.244.0.3'] },
  { addresses: ['10.244.0.4'], conditions: { ready: false } },
])
const zone: ZoneView = {
  domain: 'cluster.local',
  service: (name, namespace) => (namespace === 'shop' && services[name] ? serviceNamed(name) : undefined),
  slicesOf: (name) => (name === 'db' ? [database] : []),
  hasNamespace: (name) => name === 'shop',
  serviceByAddress: (address) => (address === '10.96.0.7' ? serviceNamed('web') : undefined),
  slicesByAddress: (address) => (address === '10.244.0.2' ? [database] : []),
}
