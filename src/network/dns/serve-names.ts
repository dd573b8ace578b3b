import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { ZoneView } from './cluster-zone.ts'
import { createNameServer, ttlSecondsOf } from './name-server.ts'
import { createUpstream, type DnsExchange } from './upstream.ts'

/** What the name server of one node answers from, and where it listens. */
export interface ServeNamesOptions {
  readonly listen: (
    address: string,
    handler: (message: Uint8Array, transport: 'udp' | 'tcp') => Promise<Uint8Array | undefined>,
  ) => Promise<{ close: () => Promise<void> }>
  readonly exchange: DnsExchange
  /** Name servers of the machine, for names outside the cluster. */
  readonly nameServers: readonly string[]
  readonly clock: Clock
  /** Where it listens. */
  readonly address: string
  readonly clusterDomain: string
  readonly caches: {
    /** With the index `address`. */
    readonly services: Informer<Service>
    /** With the indexes `service` and `address`. */
    readonly slices: Informer<EndpointSlice>
    readonly namespaces: Informer<Namespace>
  }
}

/** Services by cluster address. */
export const serviceAddressIndex = {
  address: (service: Service): string[] => (service.spec.clusterIPs ?? []).filter((address) => address !== 'None' && address !== ''),
}
/** EndpointSlices by the addresses of their endpoints. */
export const sliceAddressIndex = {
  address: (slice: EndpointSlice): string[] => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
}

/** Answers for the cluster's names until it is stopped. */
export async function serveNames(options: ServeNamesOptions): Promise<{ stop: () => Promise<void> }> {
  const upstream = createUpstream({ servers: options.nameServers, exchange: options.exchange, clock: options.clock }, ttlSecondsOf)
  const dns = await options.listen(options.address, createNameServer(zoneView(options), upstream))
  return { stop: () => dns.close() }
}

const zoneView = ({ clusterDomain, caches: { services, slices, namespaces } }: ServeNamesOptions): ZoneView => ({
  domain: clusterDomain,
  service: (name, namespace) => services.get(name, namespace),
  slicesOf: (name, namespace) => slices.indexed('service', `${namespace}/${name}`),
  hasNamespace: (name) => namespaces.get(name) !== undefined,
  serviceByAddress: (address) => services.indexed('address', address)[0],
  slicesByAddress: (address) => slices.indexed('address', address),
})
