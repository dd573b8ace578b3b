import type { PodInfo } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'
import { beginCycle } from './cycle.ts'
import { scoresOf } from './decide.ts'
import type { NodeRefusal } from './plugin.ts'
import type { Profile } from './profile.ts'
import { refusalOf } from './trial.ts'

/** Every node's answer for a pod: nothing is left out to be fast. */
export interface Explanation {
  /** Spoken for all nodes before any was looked at. */
  readonly ofAll?: NodeRefusal
  /** By node: the first refusal, who spoke it and with what words. */
  readonly refusals: ReadonlyMap<string, NodeRefusal>
  /** By node that is left, by plug-in: its score before the weight, and the weighted sum. */
  readonly scores: ReadonlyMap<string, { readonly total: number; readonly byPlugin: ReadonlyMap<string, number> }>
}

/** Asks every plug-in about every node. */
export function explain(pod: PodInfo, profile: Profile, world: World): Explanation {
  const begun = beginCycle(pod, profile, world)
  const refusals = new Map<string, NodeRefusal>()
  if (begun.cycle === undefined || begun.refusal !== undefined) return { ofAll: begun.refusal!, refusals, scores: new Map() }
  const { cycle, nodes: allowed, restrictedBy } = begun
  for (const node of world.nodes.order) {
    const refusal =
      allowed?.has(node.name) === false
        ? {
            plugin: restrictedBy.join(),
            reasons: [`node(s) didn't satisfy plugin(s) [${restrictedBy.toSorted().join(' ')}]`],
            unresolvable: true,
          }
        : refusalOf(cycle, node)
    if (refusal !== undefined) refusals.set(node.name, refusal)
  }
  const feasible = world.nodes.order.filter(({ name }) => !refusals.has(name))
  const scores = new Map(feasible.map(({ name }) => [name, { total: 0, byPlugin: new Map<string, number>() }]))
  for (const { plugin, weight } of profile.score) {
    const values = scoresOf(plugin, cycle, feasible)
    for (const [index, { name }] of feasible.entries()) {
      const entry = scores.get(name)!
      const value = values?.[index] ?? 0
      entry.byPlugin.set(plugin.name, value)
      entry.total += value * weight
    }
  }
  return { refusals, scores }
}
