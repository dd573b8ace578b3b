import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createInformer } from '#client/informer.ts'
import { serviceRanges } from '#host/config.ts'
import { exchangeDns, listenDns } from '#host/dns-sockets.ts'
import { names } from '#host/names.ts'
import { createNetworkHost } from '#host/network.ts'
import { isV6Range } from '#host/service-ranges.ts'
import { serviceAddressIndex, sliceAddressIndex, startNodeNetwork } from '#network/node-network.ts'
import { sliceServiceIndex } from '#network/proxy/proxy.ts'
import type { AgentContext } from './agent-context.ts'
import { machineNameServers } from './resolv-conf.ts'

/** Pod network, service proxy and DNS. The range of the node's pods comes with its Node object. */
export async function runNetwork({ config, where, client, clock, random, log }: AgentContext): Promise<{ stop(): Promise<void> }> {
  const cache = { clock, random, log: log.with({ part: 'network' }) }
  const informers = {
    services: createInformer(client, Service, { ...cache, indexes: serviceAddressIndex }),
    slices: createInformer(client, EndpointSlice, { ...cache, indexes: { ...sliceServiceIndex, ...sliceAddressIndex } }),
    pods: createInformer(client, Pod, { ...cache, fieldSelector: `spec.nodeName=${config.nodeName}` }),
    namespaces: createInformer(client, Namespace, cache),
  }
  const node = createInformer(client, Node, { ...cache, fieldSelector: `metadata.name=${config.nodeName}` })
  const network = await startNodeNetwork({
    host: createNetworkHost(where.savedSettings),
    listenDns: (address, handler) => listenDns(address, 53, handler, (error) => log.warn('a name server socket failed', { error })),
    exchangeDns,
    // Our own address would ask itself for ever.
    nameServers: machineNameServers().filter((address) => address !== config.dnsAddress),
    clock,
    log,
    nodeName: config.nodeName,
    nodeAddress: config.nodeAddress,
    clusterCIDR: config.podCIDR,
    serviceCIDR: serviceRanges(config).find((range) => !isV6Range(range))!,
    dnsAddress: config.dnsAddress,
    clusterDomain: config.clusterDomain,
    mtu: mtuOf(config.nodeAddress),
    names: { bridge: names.bridge, dnsDevice: names.serviceDevice, table: names.table },
    cniConfigFile: join(where.cniConfig, '10-wherry.conflist'),
    cniStateDirectory: where.cniState,
    informers,
  })
  let podCIDR = ''
  node.onChange(({ spec }, _previous, change) => {
    if (change === 'deleted' || !spec.podCIDR || spec.podCIDR === podCIDR) return
    podCIDR = spec.podCIDR
    network.setPodCIDR(podCIDR).catch((error: unknown) => log.error('the network configuration could not be written', { error }))
  })
  return {
    async stop() {
      await network.stop()
      await Promise.all([node, ...Object.values(informers)].map((informer) => informer.close()))
    },
  }
}

/** Of the interface that has the node's address: a bigger packet would not leave the machine. */
function mtuOf(address: string): number {
  const device = Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === address))?.[0]
  return device ? Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8')) : 1500
}
