import { dnsAddresses } from '#host/config.ts'
import { names } from '#host/names.ts'
import { startServiceProxy } from '#network/proxy/proxy.ts'
import type { NetworkContext, NetworkPart } from './network-context.ts'

/** The rules by which packets for Services and host ports find their pods. */
export function runServiceProxy({ config, caches, host, clock, log, nodeAddresses }: NetworkContext): NetworkPart {
  return startServiceProxy({
    services: caches.services,
    slices: caches.slices,
    pods: caches.pods,
    host,
    clock,
    log: log.with({ part: 'service-proxy' }),
    nodeName: config.nodeName,
    ownAddresses: dnsAddresses(config),
    table: { name: names.table, clusterCIDR: config.podCIDR, nodeAddresses },
  })
}
