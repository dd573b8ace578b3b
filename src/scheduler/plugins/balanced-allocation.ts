import type { Amounts } from '#api/core/v1/resources.ts'
import type { NodeInfo } from '../node-info.ts'
import type { Plugin } from '../plugin.ts'

/** Prefers the node whose use of processor and memory comes out most even, compared with how even it is now. */
export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  // A pod that asks for nothing changes no balance.
  score: ({ requests }, node) =>
    Object.keys(requests).length === 0 ? 0 : Math.floor(50 + (50 + evenness(node, requests) - evenness(node, {})) / 2),
  weight: 1,
}

/** 100 where both are used to the same fraction, less by their deviation. */
function evenness({ allocatable, requested }: NodeInfo, more: Amounts): number {
  const fractions = (['cpu', 'memory'] as const)
    .filter((name) => (allocatable[name] ?? 0) > 0)
    .map((name) => Math.min(1, ((requested[name] ?? 0) + (more[name] ?? 0)) / allocatable[name]!))
  const deviation = fractions.length === 2 ? Math.abs((fractions[0]! - fractions[1]!) / 2) : 0
  return Math.floor((1 - deviation) * 100)
}
