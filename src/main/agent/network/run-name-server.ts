import { networkInterfaces } from 'node:os'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { createInformer } from '#client/informer.ts'
import { dnsAddresses, podRanges, serviceRanges } from '#host/config.ts'
import { exchangeDns, listenDns } from '#host/dns-sockets.ts'
import { createEventRecorder } from '#loop/events.ts'
import { serveNames } from '#network/dns/serve-names.ts'
import { machineNameServers } from '../resolv-conf.ts'
import type { NetworkContext, NetworkPart } from './network-context.ts'

/** Where pods may have their addresses when the user brings the network: whatever is no public address (RFC 1918, RFC 6598, RFC 4193). */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']

/** The cluster's name server, on this node's own interface for it. */
export async function runNameServer({ config, caches, client, clock, random, log, metrics }: NetworkContext): Promise<NetworkPart> {
  const settings = createInformer(client, ConfigMap, {
    clock,
    random,
    log: log.with({ part: 'dns' }),
    namespace: 'kube-system',
    fieldSelector: 'metadata.name=kube-dns',
  })
  const events = createEventRecorder({ client, clock, random, log, component: 'dns', host: config.nodeName })
  const names = await serveNames({
    listen: (address, handler) => listenDns(address, 53, handler, (error) => log.warn('a name server socket failed', { error })),
    exchange: exchangeDns,
    machine: machineNameServers(log),
    clock,
    random,
    log,
    events,
    registry: metrics.registry,
    addresses: dnsAddresses(config),
    clusterDomain: config.clusterDomain,
    clusterRanges: [...podRanges(config), ...serviceRanges(config), ...(config.podNetwork === 'none' ? privateRanges : [])],
    ownAddresses: () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    caches: { ...caches, settings },
  })
  return {
    async stop() {
      await names.stop()
      await settings.close()
      events.close()
    },
  }
}
