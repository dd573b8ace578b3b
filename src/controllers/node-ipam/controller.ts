import { Node } from '#api/core/v1/node.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { type AddressPlan, type NodeIpamView, planNodeIpam } from './plan.ts'

/** Gives each node a network for its pods. */
export const nodeIpamController = (plan: AddressPlan): Controller<NodeIpamView> => ({
  name: 'node-ipam-controller',
  eventSource: 'cidrAllocator',
  sources: [
    {
      kind: Node,
      // One key for all: allocations side by side would give the same network twice.
      keys: (node: Node, cache: Cache) => {
        const isGone = cache.get(Node, node.metadata.name)?.metadata.uid !== node.metadata.uid
        return isGone || !node.spec.podCIDR ? ['all'] : []
      },
    },
  ],
  view: (_key, cache) => ({ plan, nodes: cache.list(Node) }),
  plan: planNodeIpam,
})
