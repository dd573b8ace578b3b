import { dnsAddresses, podRanges, serviceRanges } from '#host/config.ts'
import { names } from '#host/names.ts'
import { passesBridgedPackets } from '#host/network.ts'
import { isV6Range } from '#host/service-ranges.ts'
import type { NodeSource, PodNetwork } from '#kubelet/interfaces.ts'
import type { ServiceDevice } from '#network/host.ts'
import type { AgentContext } from './agent-context.ts'
import { type NetworkPart, openNetworkContext } from './network/network-context.ts'
import { runConnectionTracking } from './network/run-connection-tracking.ts'
import { runNameServer } from './network/run-name-server.ts'
import { runNetworkPolicies } from './network/run-network-policies.ts'
import { runPodNetwork } from './network/run-pod-network.ts'
import { runServiceProxy } from './network/run-service-proxy.ts'

/** All of this node's network, a part a line, in the order in which they need each other. What each is made of stands in `network/`. */
export async function runNetwork(
  context: AgentContext,
  onMoved: () => void,
): Promise<{
  readonly podNetwork: PodNetwork
  /** What is said of the node. */
  readonly nodeSource: NodeSource
  stop(): Promise<void>
}> {
  const { network, close } = openNetworkContext(context)
  const { config, host, nodeAddresses } = network
  await host.prepare({ hasV6: podRanges(config).some(isV6Range) })
  if (!passesBridgedPackets())
    network.log.error(
      'pods of this node reach each other past NetworkPolicies, and not by Services: the kernel has no br_netfilter; load it',
    )
  const serviceDevice: ServiceDevice = {
    device: names.serviceDevice,
    addresses: dnsAddresses(config),
    ranges: serviceRanges(config),
    sources: nodeAddresses,
  }
  await host.addServiceDevice(serviceDevice)
  const policies = runNetworkPolicies(network)
  const proxy = runServiceProxy(network)
  const parts: NetworkPart[] = [runPodNetwork(network, { serviceDevice, loopbackGuarded: proxy.synced, onMoved }), proxy, policies]
  parts.push(await runNameServer(network))
  return {
    podNetwork: policies,
    nodeSource: runConnectionTracking(network),
    async stop() {
      await Promise.all(parts.map((part) => part.stop()))
      await close()
    },
  }
}
