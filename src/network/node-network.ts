import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import { cniConfig } from './cni-config.ts'
import type { ZoneView } from './dns/cluster-zone.ts'
import { createNameServer, ttlSecondsOf } from './dns/name-server.ts'
import type { DnsExchange } from './dns/upstream.ts'
import { createUpstream } from './dns/upstream.ts'
import type { NetworkHost } from './host.ts'
import { startServiceProxy } from './proxy/proxy.ts'

export interface NodeNetworkOptions {
  readonly host: NetworkHost
  readonly listenDns: (
    address: string,
    handler: (message: Uint8Array, transport: 'udp' | 'tcp') => Promise<Uint8Array | undefined>,
  ) => Promise<{ close: () => Promise<void> }>
  readonly exchangeDns: DnsExchange
  /** Name servers of the machine, for names outside the cluster. */
  readonly nameServers: readonly string[]
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
  readonly nodeAddress: string
  readonly clusterCIDR: string
  readonly serviceCIDR: string
  readonly dnsAddress: string
  readonly clusterDomain: string
  readonly mtu: number
  readonly names: { readonly bridge: string; readonly dnsDevice: string; readonly table: string }
  readonly cniConfigFile: string
  readonly cniStateDirectory: string
  readonly informers: {
    /** With the index `address`. */
    readonly services: Informer<Service>
    /** With the indexes `service` and `address`. */
    readonly slices: Informer<EndpointSlice>
    /** The pods of this node. */
    readonly pods: Informer<Pod>
    readonly namespaces: Informer<Namespace>
  }
}

export const serviceAddressIndex = {
  address: (service: Service): string[] => (service.spec.clusterIPs ?? []).filter((address) => address !== 'None' && address !== ''),
}
export const sliceAddressIndex = {
  address: (slice: EndpointSlice): string[] => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
}

/**
 * The network of one node: how pods get addresses, how packets for Services find their pods, and who answers for names. `setPodCIDR` is called
 * once the node has its range. Stopping leaves all rules and addresses in place.
 */
export async function startNodeNetwork(
  options: NodeNetworkOptions,
): Promise<{ setPodCIDR: (podCIDR: string) => Promise<void>; stop: () => Promise<void> }> {
  const { host, clock, log, names, informers } = options
  await host.prepare()
  const proxy = startServiceProxy({
    services: informers.services,
    slices: informers.slices,
    pods: informers.pods,
    host,
    clock,
    log: log.with({ part: 'service-proxy' }),
    nodeName: options.nodeName,
    ownAddresses: [options.dnsAddress],
    table: { name: names.table, clusterCIDR: options.clusterCIDR, nodeAddresses: [options.nodeAddress] },
  })
  await host.addServiceDevice(names.dnsDevice, options.dnsAddress, options.serviceCIDR, options.nodeAddress)
  const upstream = createUpstream({ servers: options.nameServers, exchange: options.exchangeDns, clock }, ttlSecondsOf)
  const dns = await options.listenDns(options.dnsAddress, createNameServer(zoneView(options), upstream))
  return {
    async setPodCIDR(podCIDR) {
      await host.writeFile(
        options.cniConfigFile,
        cniConfig({ podCIDR, bridge: names.bridge, mtu: options.mtu, stateDirectory: options.cniStateDirectory }),
      )
    },
    async stop() {
      await Promise.all([proxy.stop(), dns.close()])
    },
  }
}

const zoneView = ({ clusterDomain, informers: { services, slices, namespaces } }: NodeNetworkOptions): ZoneView => ({
  domain: clusterDomain,
  service: (name, namespace) => services.get(name, namespace),
  slicesOf: (name, namespace) => slices.indexed('service', `${namespace}/${name}`),
  hasNamespace: (name) => namespaces.get(name) !== undefined,
  serviceByAddress: (address) => services.indexed('address', address)[0],
  slicesByAddress: (address) => slices.indexed('address', address),
})
