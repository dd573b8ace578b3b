import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { nodeAddresses, serviceRanges } from '#host/config.ts'
import { createNetworkHost } from '#host/network.ts'
import { createEventRecorder, type EventRecorder } from '#loop/events.ts'
import { serviceAddressIndex, sliceAddressIndex } from '#network/dns/serve-names.ts'
import type { NetworkHost } from '#network/host.ts'
import { keptNode, withoutManagers } from '#network/kept-objects.ts'
import { sliceServiceIndex } from '#network/proxy/proxy.ts'
import { followNodeNetworks, type NodeNetworks } from '#network/routes/node-networks.ts'
import { followServiceRanges, type ServiceRanges } from '#network/routes/service-ranges.ts'
import type { AgentContext } from '../agent-context.ts'

/** What every part of the node's network is made from. */
export interface NetworkContext extends AgentContext {
  readonly host: NetworkHost
  /** This node's own addresses, the primary one first: one, or one of each family. */
  readonly nodeAddresses: readonly string[]
  /** Filled once, read by all parts. */
  readonly caches: {
    /** All nodes of the cluster, of each what `keptNode` keeps. */
    readonly nodes: Informer<Node>
    /** With the index `address`. */
    readonly services: Informer<Service>
    /** With the indexes `service` and `address`. */
    readonly slices: Informer<EndpointSlice>
    /** The pods of this node. */
    readonly pods: Informer<Pod>
    readonly namespaces: Informer<Namespace>
    readonly serviceCIDRs: Informer<ServiceCIDR>
  }
  /** Addresses and pod ranges of all nodes, and when they change. */
  readonly nodeNetworks: NodeNetworks
  /** All ranges of Service addresses, and when they change. */
  readonly serviceRanges: ServiceRanges
  /** Events about what the network finds. */
  readonly recorder: EventRecorder
}

/** A part that runs: it ends what it started, and leaves in the kernel what it wrote. */
export interface NetworkPart {
  stop(): Promise<void>
}

/** Opens what all parts share; `close` ends it after the last of them. */
export function openNetworkContext(context: AgentContext): { readonly network: NetworkContext; readonly close: () => Promise<void> } {
  const { config, where, client, clock, random, log } = context
  const cache = { clock, random, log: log.with({ part: 'network' }) }
  const caches = {
    nodes: createInformer(client, Node, { ...cache, transform: keptNode }),
    services: createInformer(client, Service, { ...cache, transform: withoutManagers, indexes: serviceAddressIndex }),
    slices: createInformer(client, EndpointSlice, {
      ...cache,
      transform: withoutManagers,
      indexes: { ...sliceServiceIndex, ...sliceAddressIndex },
    }),
    pods: createInformer(client, Pod, { ...cache, transform: withoutManagers, fieldSelector: `spec.nodeName=${config.nodeName}` }),
    namespaces: createInformer(client, Namespace, { ...cache, transform: withoutManagers }),
    serviceCIDRs: createInformer(client, ServiceCIDR, { ...cache, transform: withoutManagers }),
  }
  const nodeNetworks = followNodeNetworks(caches.nodes)
  const ranges = followServiceRanges(caches.serviceCIDRs, serviceRanges(config))
  const recorder = createEventRecorder({ ...cache, client, component: 'node-network', host: config.nodeName })
  return {
    network: {
      ...context,
      host: createNetworkHost(where.savedSettings),
      nodeAddresses: nodeAddresses(config),
      caches,
      nodeNetworks,
      serviceRanges: ranges,
      recorder,
    },
    async close() {
      nodeNetworks.stop()
      ranges.stop()
      recorder.close()
      await Promise.all(Object.values(caches).map((informer) => informer.close()))
    },
  }
}
