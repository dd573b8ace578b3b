import type { Node } from '#api/core/v1/node.ts'
import { dnsAddresses } from '#host/config.ts'
import { names } from '#host/names.ts'
import { createServiceHost } from '#host/service-host.ts'
import { createEventRecorder } from '#loop/events.ts'
import { startServiceProxy } from '#network/proxy/proxy.ts'
import { vxlanPort } from '#network/routes/network-state.ts'
import type { NetworkContext, NetworkPart } from './network-context.ts'

/** Balancers know it from the reference's proxy. */
const usualHealthPort = 10_256

/** The rules by which packets for Services and host ports find their pods, and what balancers are told of them. */
export function runServiceProxy(context: NetworkContext): NetworkPart & { readonly synced: Promise<void> } {
  const { config, caches, client, clock, random, nodeAddresses, nodeNetworks, serviceRanges } = context
  const log = context.log.with({ part: 'service-proxy' })
  const host = createServiceHost()
  const events = createEventRecorder({ client, clock, random, log, component: 'kube-proxy', host: config.nodeName })
  const ownNode = () => caches.nodes.get(config.nodeName)
  const zone = () => ownNode()?.metadata.labels?.[zoneLabel] ?? ''
  const ownPodCIDRs = () => nodeNetworks.list().find(({ name }) => name === config.nodeName)?.podCIDRs ?? []
  const proxy = startServiceProxy({
    services: caches.services,
    slices: caches.slices,
    pods: caches.pods,
    nodes: caches.nodes,
    host,
    clock,
    random,
    log,
    nodeName: config.nodeName,
    zone: zone(),
    ownAddresses: dnsAddresses(config),
    externalIPs: config.externalIPs ?? false,
    registry: context.metrics.registry,
    isEligible: () => mayTakeTraffic(ownNode()),
    healthPortFailed: (service, message) =>
      events.record({ regarding: service, type: 'Warning', reason: 'FailedToStartServiceHealthcheck', message }),
    table: {
      name: names.table,
      clusterCIDR: config.podCIDR,
      nodeAddresses,
      serviceCIDRs: serviceRanges.list(),
      unmasqueraded: nodeNetworks.addresses(),
      ...(config.podNetwork !== 'none' && {
        tunnel: { port: vxlanPort, devices: [names.bridge, names.vxlanDevice] },
        ownPodCIDRs: ownPodCIDRs(),
        hasLoopbackHostPorts: true,
      }),
      ...(config.nodePortAddresses && { nodePortAddresses: config.nodePortAddresses }),
    },
  })
  const stops = [
    nodeNetworks.onChange(() =>
      proxy.setFacts({ unmasqueraded: nodeNetworks.addresses(), ...(config.podNetwork !== 'none' && { ownPodCIDRs: ownPodCIDRs() }) }),
    ),
    caches.nodes.onChange((node) => {
      if (node.metadata.name === config.nodeName) proxy.setZone(zone())
    }),
    serviceRanges.onChange(() => proxy.setFacts({ serviceCIDRs: serviceRanges.list() })),
  ]
  // A kernel without IPv6 has no address of it, and nothing to listen at.
  const anyAddress = host.addresses().some((address) => address.includes(':')) ? ['0.0.0.0', '::'] : ['0.0.0.0']
  const { serviceHealthPort: port = usualHealthPort } = config
  const listening =
    port === 0
      ? undefined
      : host
          .serveHttp(anyAddress, port, (path) => {
            const answer = proxy.health.answer(path)
            proxy.metrics?.probed(path, answer.status)
            return answer
          })
          .catch((error: unknown) => {
            log.warn('the health of the service proxy cannot be asked for', { port, error })
          })
  return {
    synced: proxy.synced,
    async stop() {
      for (const stop of stops) stop()
      await (await listening)?.close()
      await proxy.stop()
      events.close()
    },
  }
}

const zoneLabel = 'topology.kubernetes.io/zone'

/** Neither being deleted nor about to be removed by an autoscaler (KEP-3836). */
const mayTakeTraffic = (node: Node | undefined): boolean =>
  node !== undefined &&
  node.metadata.deletionTimestamp === undefined &&
  !(node.spec.taints ?? []).some(({ key }) => key === 'ToBeDeletedByClusterAutoscaler')
