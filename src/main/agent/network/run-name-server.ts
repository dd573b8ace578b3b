import { exchangeDns, listenDns } from '#host/dns-sockets.ts'
import { serveNames } from '#network/dns/serve-names.ts'
import { machineNameServers } from '../resolv-conf.ts'
import type { NetworkContext, NetworkPart } from './network-context.ts'

/** The cluster's name server, on this node's own interface for it. */
export function runNameServer({ config, caches, clock, log }: NetworkContext): Promise<NetworkPart> {
  return serveNames({
    listen: (address, handler) => listenDns(address, 53, handler, (error) => log.warn('a name server socket failed', { error })),
    exchange: exchangeDns,
    // Our own address would ask itself for ever.
    nameServers: machineNameServers().filter((address) => address !== config.dnsAddress),
    clock,
    address: config.dnsAddress,
    clusterDomain: config.clusterDomain,
    caches,
  })
}
