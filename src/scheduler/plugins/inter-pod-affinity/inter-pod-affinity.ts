import { type Plugin, refuse, refuseForGood } from '../../framework/plugin.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import { topologyIndex } from '../../world/topology.ts'
import type { Column32 } from '../../world/topology-columns.ts'
import { domainOf, noDomain, type Topology } from '../../world/topology-domains.ts'
import { podTerms } from '../../world/topology-pod-terms.ts'
import type { Terms } from '../../world/topology-terms.ts'
import type { World } from '../../world/world.ts'
import { type AffinityState, affinityState, changeAffinity, copyAffinity, countIn, isFirst, preferences } from './affinity-state.ts'
import { nodeMayHelp, podMayHelp } from './hints.ts'

/** Sums of weights by the domains of one topology. */
interface Weights {
  readonly topology: Topology
  readonly counts: Column32
  readonly factor: number
}

const affinityRefusal = refuseForGood("node(s) didn't match pod affinity rules")
const antiAffinityRefusal = refuse("node(s) didn't match pod anti-affinity rules")
const existingRefusal = refuse("node(s) didn't satisfy existing pods anti-affinity rules")

/**
 * Required and preferred affinity and anti-affinity between pods (API: core/v1 PodAffinity, PodAntiAffinity). Args are those of
 * InterPodAffinityArgs in kubescheduler.config.k8s.io/v1: `hardPodAffinityWeight`, 0 to 100 (1 by default), is what a required affinity term of
 * a pod that is there counts for in scores; `ignorePreferredTermsOfExistingPods` leaves out what they prefer where the pod itself prefers nothing.
 */
export function interPodAffinity(args: Readonly<Record<string, unknown>> = {}): Plugin<AffinityState, readonly Weights[]> {
  const hardWeight = (args['hardPodAffinityWeight'] as number | undefined) ?? 1
  const ignoresExisting = (args['ignorePreferredTermsOfExistingPods'] as boolean | undefined) ?? false
  return {
    name: 'InterPodAffinity',
    preFilter(pod, world) {
      const state = affinityState(pod, world)
      return state.affinity.length + state.antiAffinity.length + state.existing.length > 0 ? { state } : { state, skip: true }
    },
    filter(_pod, node, state) {
      const { affinity, antiAffinity, existing } = state
      if (affinity.length > 0) {
        let areAllThere = true
        for (const count of affinity) {
          const domain = domainOf(count.topology, node)
          if (domain === noDomain) return affinityRefusal
          if (countIn(count, domain) <= 0) areAllThere = false
        }
        if (!areAllThere && !isFirst(state)) return affinityRefusal
      }
      for (const count of antiAffinity) if (countIn(count, domainOf(count.topology, node)) > 0) return antiAffinityRefusal
      for (const count of existing) if (countIn(count, domainOf(count.topology, node)) > 0) return existingRefusal
      return undefined
    },
    copy: copyAffinity,
    change: changeAffinity,
    isUniform: (pod, world) => (ignoresExisting && podTerms(pod).preferred.length === 0) || weightsOf(pod, world, hardWeight).length === 0,
    preScore(pod, _nodes, world) {
      const own = podTerms(pod).preferred
      if (ignoresExisting && own.length === 0) return undefined
      const weights = weightsOf(pod, world, hardWeight)
      return weights.length > 0 ? weights : undefined
    },
    score(_pod, node, weights) {
      let sum = 0
      for (const { topology, counts, factor } of weights) sum += factor * (counts.values[domainOf(topology, node)] ?? 0)
      return sum
    },
    normalize(values) {
      let least = Infinity
      let most = -Infinity
      for (const value of values) {
        if (value < least) least = value
        if (value > most) most = value
      }
      const range = most - least
      for (let i = 0; i < values.length; i += 1) values[i] = range > 0 ? Math.trunc(100 * ((values[i]! - least) / range)) : 0
    },
    wokenBy: [
      { resource: 'Pod', actions: ['Add', 'UpdatePodLabel', 'Delete'], helps: podMayHelp },
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'], helps: nodeMayHelp },
      // Terms select namespaces by their labels, which seldom change.
      { resource: 'Namespace', actions: ['Add', 'Update'] },
    ],
  }
}

/** What the pod prefers, what pods that are there prefer about it, and which of them need it near. */
function weightsOf(pod: PodInfo, world: World, hardWeight: number): Weights[] {
  const index = topologyIndex(world)
  const weights: Weights[] = []
  for (const { tally, weight } of preferences(pod, index))
    if (tally.total > 0) weights.push({ topology: tally.ground.topology, counts: tally.counts, factor: weight })
  const hear = (terms: Terms, factor: number): void => {
    if (terms.size === 0 || factor === 0) return
    for (const { topology, counts } of terms.about(pod).values()) weights.push({ topology, counts, factor })
  }
  hear(index.preferred, 1)
  hear(index.requiredAffinity, hardWeight)
  return weights
}
