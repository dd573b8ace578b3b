import type { NodeInfo } from '../world/node-info.ts'
import type { PodInfo } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'
import { beginCycle } from './cycle.ts'
import { scoresOf } from './decide.ts'
import type { Cycle, NodeRefusal } from './plugin.ts'
import type { Profile } from './profile.ts'
import { refusalOf } from './trial.ts'

/** A refusal with the numbers behind it. */
export interface ExplainedRefusal extends NodeRefusal {
  /** `asks for cpu 2, 1.5 of 4 are free`. Absent: the reasons say all, or nobody was asked for more. */
  readonly detail?: string
}

/** Every node's answer for a pod: nothing is left out to be fast. */
export interface Explanation {
  /** Spoken for all nodes before any was looked at. */
  readonly ofAll?: NodeRefusal
  /** By node: the first refusal, who spoke it and with what words. */
  readonly refusals: ReadonlyMap<string, ExplainedRefusal>
  /** By node that is left, by plug-in: its score before the weight, and the weighted sum. */
  readonly scores: ReadonlyMap<string, { readonly total: number; readonly byPlugin: ReadonlyMap<string, number> }>
}

/** Asks every plug-in about every node; `describe` finds the numbers behind a refusal. */
export function explain(
  pod: PodInfo,
  profile: Profile,
  world: World,
  describe: (cycle: Cycle, node: NodeInfo, refusal: NodeRefusal) => string | undefined = () => undefined,
): Explanation {
  const begun = beginCycle(pod, profile, world)
  const refusals = new Map<string, ExplainedRefusal>()
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
    if (refusal === undefined) continue
    const detail = describe(cycle, node, refusal)
    refusals.set(node.name, detail === undefined ? refusal : { ...refusal, detail })
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
