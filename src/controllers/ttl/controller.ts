import { Node } from '#api/core/v1/node.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { planTtl, said, type TtlView } from './plan.ts'

/** Tells nodes for how long they may keep what they read. */
export const ttlController: Controller<TtlView> = {
  name: 'ttl-controller',
  sources: [
    {
      kind: Node,
      // One look at all: each that comes or goes may take the cluster over a step.
      keys: (node: Node, _cache: Cache, previous: Node | undefined) =>
        previous !== undefined && previous !== node && said(node) === said(previous) ? [] : ['nodes'],
    },
  ],
  view: (_key, cache) => ({ nodes: cache.list(Node) }),
  plan: planTtl,
}
