import { join } from 'node:path'
import { names } from '#host/names.ts'
import { createRouteHost } from '#host/routes.ts'
import { startPodNetwork } from '#network/pod-network.ts'
import type { NetworkContext, NetworkPart } from './network-context.ts'

/** Addresses for pods, and the ways to those of other nodes. */
export function runPodNetwork(network: NetworkContext): NetworkPart {
  const { config, where, clock, random, log, caches, nodeAddresses, nodeNetworks, recorder } = network
  return startPodNetwork({
    host: createRouteHost(),
    clock,
    random,
    log: log.with({ part: 'pod-network' }),
    mode: config.podNetwork,
    nodeName: config.nodeName,
    nodeAddresses,
    nodeNetworks,
    names: { vxlan: names.vxlanDevice, bridge: names.bridge },
    cniConfigFile: join(where.cniConfig, '10-wherry.conflist'),
    cniStateDirectory: where.cniState,
    onProblem({ reason, message }) {
      const regarding = caches.nodes.get(config.nodeName)
      if (regarding) recorder.record({ regarding, type: 'Warning', reason, message })
    },
  })
}
