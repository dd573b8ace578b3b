import type { TopologySpreadConstraint } from '#api/core/v1/types.ts'
import { type Plugin, refuse, refuseForGood } from '../../framework/plugin.ts'
import { domainOf, noDomain } from '../../world/topology-domains.ts'
import { createConstraints } from './constraints.ts'
import { createHints } from './hints.ts'
import { normalizeSpread, type SpreadScores, spreadScore, spreadScores } from './spread-scores.ts'
import { changeSpread, copySpread, type SpreadState, spreadState } from './spread-state.ts'

/** What the scheduler spreads by where nobody says anything (KEP-1258). */
const systemDefaults: readonly TopologySpreadConstraint[] = [
  { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
]

const unlabelled = refuseForGood("node(s) didn't match pod topology spread constraints (missing required label)")
const uneven = refuse("node(s) didn't match pod topology spread constraints")

/**
 * Spreads alike pods evenly over domains (API: core/v1 TopologySpreadConstraint). Args are those of PodTopologySpreadArgs in
 * kubescheduler.config.k8s.io/v1: `defaultingType` System (the default) or List, and for List `defaultConstraints`.
 */
export function podTopologySpread(args: Readonly<Record<string, unknown>> = {}): Plugin<SpreadState, SpreadScores> {
  const areSystem = (args['defaultingType'] ?? 'System') === 'System'
  const listed = (args['defaultConstraints'] as readonly TopologySpreadConstraint[] | undefined) ?? []
  const constraintsOf = createConstraints({ constraints: areSystem ? systemDefaults : listed, areSystem })
  const { podMayHelp, nodeMayHelp } = createHints(constraintsOf)
  return {
    name: 'PodTopologySpread',
    preFilter(pod, world) {
      const state = spreadState(constraintsOf(pod, world).hard, world)
      return state.length > 0 ? { state } : { state, skip: true }
    },
    filter(_pod, node, state) {
      for (const { tally, changes, limit } of state) {
        const domain = domainOf(tally.ground.topology, node)
        if (domain === noDomain) return unlabelled
        const count = (tally.counts.values[domain] ?? 0) + (changes?.get(domain) ?? 0)
        if (count > limit) return uneven
      }
      return undefined
    },
    copy: copySpread,
    change: changeSpread,
    isUniform: (pod, world) => constraintsOf(pod, world).soft.length === 0,
    preScore(pod, nodes, world) {
      const constraints = constraintsOf(pod, world)
      return constraints.soft.length > 0 ? spreadScores(constraints, nodes, world) : undefined
    },
    score: (_pod, node, scores) => spreadScore(scores, node),
    normalize: (values, _pod, nodes, scores) => normalizeSpread(values, nodes, scores),
    wokenBy: [
      { resource: 'Pod', actions: ['Add', 'UpdatePodLabel', 'UpdatePodToleration', 'Delete'], helps: podMayHelp },
      { resource: 'Node', actions: ['Add', 'Delete', 'UpdateNodeLabel', 'UpdateNodeTaint'], helps: nodeMayHelp },
    ],
  }
}
