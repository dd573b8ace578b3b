import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { parseCidr } from '#schema/ip.ts'
import type { ZoneView } from './cluster-zone.ts'
import { canonicalAddress } from './endpoints.ts'
import type { Forwarder } from './forwarder.ts'
import { createNameServer, type DnsHandler, type NameServerOptions } from './name-server.ts'
import { noSettings } from './settings.ts'

/** For tests: a namespace `shop`, by Service. */
export const services: Readonly<Record<string, object>> = {
  web: {
    clusterIP: '10.96.0.7',
    clusterIPs: ['10.96.0.7', 'fd00:10:96::7'],
    ports: [
      { name: 'http', port: 80, protocol: 'TCP' },
      { port: 81, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  },
  db: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
  early: { clusterIP: 'None', clusterIPs: ['None'], publishNotReadyAddresses: true },
  empty: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
  alias: { type: 'ExternalName', externalName: 'Web.shop.svc.cluster.local.' },
  chain: { type: 'ExternalName', externalName: 'alias.shop.svc.cluster.local' },
  outside: { type: 'ExternalName', externalName: 'example.org' },
  gone: { type: 'ExternalName', externalName: 'gone.example.org' },
  silent: { type: 'ExternalName', externalName: 'silent.example' },
  address: { type: 'ExternalName', externalName: '192.0.2.1' },
  circle: { type: 'ExternalName', externalName: 'wheel.shop.svc.cluster.local' },
  wheel: { type: 'ExternalName', externalName: 'circle.shop.svc.cluster.local' },
}
const sql = [{ name: 'sql', port: 5432, protocol: 'TCP' }]
export const slices: readonly EndpointSlice[] = [
  slice('db', 'IPv4', [
    { addresses: ['10.244.0.2'], hostname: 'db-0' },
    { addresses: ['10.244.0.3'] },
    { addresses: ['10.244.0.4'], conditions: { ready: false } },
  ]),
  slice('db', 'IPv6', [{ addresses: ['fd00:244::2'], hostname: 'db-0' }]),
  slice('early', 'IPv4', [{ addresses: ['10.244.0.5'], hostname: 'early-0', conditions: { ready: false } }]),
  slice('web', 'IPv4', [{ addresses: ['10.244.0.6'] }, { addresses: ['10.244.0.7'], hostname: 'web-0' }]),
  slice('empty', 'IPv4', [{ addresses: ['10.244.0.8'], conditions: { ready: false } }]),
  slice('empty', 'FQDN', [{ addresses: ['elsewhere.example.org'] }]),
]

export function slice(service: string, addressType: string, endpoints: readonly object[], ports: readonly object[] = sql): EndpointSlice {
  return {
    metadata: { name: `${service}-${addressType.toLowerCase()}`, namespace: 'shop', labels: { 'kubernetes.io/service-name': service } },
    addressType,
    endpoints,
    ports,
  } as unknown as EndpointSlice
}

export const serviceNamed = (name: string, spec: object, namespace = 'shop'): Service =>
  ({ metadata: { name, namespace }, spec }) as unknown as Service

/** A view of these Services and slices; namespaces are those that have any. */
export function viewOf(all: readonly Service[], allSlices: readonly EndpointSlice[], namespaces: readonly string[] = ['shop']): ZoneView {
  return {
    domain: 'cluster.local',
    serverAddresses: ['10.96.0.10', 'fd00:10:96::a'],
    service: (name, namespace) => all.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
    slicesOf: (name, namespace) =>
      allSlices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name && metadata.namespace === namespace),
    hasNamespace: (name) => namespaces.includes(name),
    serviceByAddress: (address) => all.find(({ spec }) => spec.clusterIPs?.some((one) => canonicalAddress(one) === address)),
    slicesByAddress: (address) =>
      allSlices.filter(({ endpoints }) => endpoints?.some(({ addresses }) => addresses.some((one) => canonicalAddress(one) === address))),
  }
}

export const zone = viewOf(
  Object.entries(services).map(([name, spec]) => serviceNamed(name, spec)),
  slices,
)

/** Asks nobody. */
export const noForwarder: Forwarder = {
  resolve: async () => undefined,
  isStub: () => false,
  isOwnProbe: () => false,
  use() {},
  cached: { size: 0, sizeBytes: 0 },
  close() {},
}

export const nameServerWith = (options: Partial<NameServerOptions> = {}): DnsHandler =>
  createNameServer({
    view: zone,
    forwarder: noForwarder,
    settings: () => noSettings,
    ownRanges: ['10.96.0.0/12', '10.244.0.0/16', 'fd00:10:96::/112', 'fd00:244::/56'].map((range) => parseCidr(range)!),
    isClient: () => true,
    isReady: () => true,
    ready: async () => true,
    isSettled: () => true,
    settled: async () => {},
    clock: { monotonicMs: () => 0 },
    ...options,
  })

/** An answer as the library reads it, which shares no code with ours. */
export type Decoded = DecodedPacket & { readonly rcode: string }

export async function ask(serve: DnsHandler, packet: Packet, transport: 'udp' | 'tcp' = 'tcp', address = '10.244.0.9'): Promise<Decoded> {
  const answer = await serve(encode({ type: 'query', id: 3, ...packet }), { transport, address })
  if (answer === undefined) throw new Error('there was no answer')
  return decode(Buffer.from(answer)) as Decoded
}

/** Sections as text: answers, then authority behind `/`, then additional behind `+`. The code where it is not NOERROR. */
export function show(packet: Decoded): string {
  const records = (all: Decoded['answers']): string =>
    (all ?? [])
      .filter((record) => record.type !== 'OPT')
      .map((record) => {
        if (record.type === 'SRV') return `SRV ${record.data.port} ${record.data.target}`
        if (record.type === 'SOA') return `SOA ${record.name}`
        if (record.type === 'HINFO') return `HINFO ${JSON.stringify(record.data)}`
        return `${record.type} ${'data' in record ? String(record.data) : ''}`
      })
      .join(', ')
  const [answers, authorities, additionals] = [packet.answers, packet.authorities, packet.additionals].map(records)
  return [packet.rcode === 'NOERROR' ? '' : packet.rcode, answers, authorities && `/ ${authorities}`, additionals && `+ ${additionals}`]
    .filter(Boolean)
    .join(' ')
}
