import type { NodeInfo } from '../../world/node-info.ts'
import { byShape, type PodInfo } from '../../world/pod-info.ts'
import { type TopologyIndex, topologyIndex } from '../../world/topology.ts'
import type { Column32 } from '../../world/topology-columns.ts'
import { domainOf, noDomain, type Topology } from '../../world/topology-domains.ts'
import { everyNode } from '../../world/topology-ground.ts'
import { podTerms } from '../../world/topology-pod-terms.ts'
import { allSelect, type Scope, selectsArriving } from '../../world/topology-scope.ts'
import { selectionKey } from '../../world/topology-selections.ts'
import type { Tally } from '../../world/topology-tally.ts'
import type { Term } from '../../world/topology-terms.ts'
import type { World } from '../../world/world.ts'

/** Pods by domain: as the index has them, and what a trial makes of it. */
export interface Count {
  readonly topology: Topology
  /** Undefined: none but by changes. */
  readonly counts: Column32 | undefined
  total: number
  /** By domain; undefined where nothing is changed. */
  readonly changes: Map<number, number> | undefined
}

/** What affinity and anti-affinity mean for one pod. */
export interface AffinityState {
  readonly index: TopologyIndex
  /** Pods that all required affinity terms select, for each term by its topology. */
  readonly affinity: readonly Count[]
  /** For each required anti-affinity term the pods that it selects. */
  readonly antiAffinity: readonly Count[]
  /** Pods that are there and whose required anti-affinity selects the pod. */
  existing: readonly Count[]
  /** Whether it may be the first of a group: its own affinity selects it too. */
  readonly selectsItself: boolean
}

/** What the pod's terms ask the index for. */
interface Wanted {
  readonly scopes: readonly Scope[]
  readonly key: string
  readonly topologyKey: string
  readonly weight: number
}

const wantedOf = (scopes: readonly Scope[], { topologyKey, weight }: Term): Wanted => ({
  scopes,
  key: selectionKey(scopes, true),
  topologyKey,
  weight,
})

/** An affinity term asks for pods that all of its fellows select as well; any other term stands alone. */
const wantedBy = byShape((pod, shape) => {
  const { requiredAffinity, requiredAntiAffinity, preferred } = podTerms({ pod, shape })
  const fellows = requiredAffinity.map(({ scope }) => scope)
  const alone = (term: Term): Wanted => wantedOf([term.scope], term)
  return {
    affinity: requiredAffinity.map((term) => wantedOf(fellows, term)),
    antiAffinity: requiredAntiAffinity.map(alone),
    preferred: preferred.map(alone),
  }
})

const tallyOf = (index: TopologyIndex, { scopes, key, topologyKey }: Wanted): Tally =>
  index.tally(
    index.selection(key, () => ({ scopes, countsTerminating: true })),
    topologyKey,
    everyNode,
  )

const countOf = ({ ground, counts, total }: Tally): Count => ({ topology: ground.topology, counts, total, changes: undefined })

/** A view on the index; it holds until the world changes. */
export function affinityState(pod: PodInfo, world: World): AffinityState {
  const index = topologyIndex(world)
  const existing: Count[] = []
  if (index.requiredAntiAffinity.size > 0)
    for (const { topology, counts, total } of index.requiredAntiAffinity.about(pod).values())
      if (total > 0) existing.push({ topology, counts, total, changes: undefined })
  const { affinity, antiAffinity } = wantedBy(pod)
  return {
    index,
    affinity: affinity.map((wanted) => countOf(tallyOf(index, wanted))),
    antiAffinity: antiAffinity.map((wanted) => countOf(tallyOf(index, wanted))),
    existing,
    selectsItself: affinity.length > 0 && allSelect(affinity[0]!.scopes, pod.pod.metadata, index.labelsOf),
  }
}

/** For each preferred term of the pod the pods that it selects, and its weight. */
export function preferences(pod: PodInfo, index: TopologyIndex): readonly { readonly tally: Tally; readonly weight: number }[] {
  return wantedBy(pod).preferred.map((wanted) => ({ tally: tallyOf(index, wanted), weight: wanted.weight }))
}

/** How many there are in a domain; none in `noDomain`. */
export function countIn({ counts, changes }: Count, domain: number): number {
  const count = counts?.values[domain] ?? 0
  return changes === undefined ? count : count + (changes.get(domain) ?? 0)
}

/**
 * Nobody is there whom it needs near, on any node that counts, and it would be its own neighbour: somebody has to be the first of a group.
 */
export const isFirst = ({ affinity, selectsItself }: AffinityState): boolean => selectsItself && affinity.every(({ total }) => total === 0)

/** A state of its own for a trial. */
export function copyAffinity({ affinity, antiAffinity, existing, ...rest }: AffinityState): AffinityState {
  return { ...rest, affinity: affinity.map(copyCount), antiAffinity: antiAffinity.map(copyCount), existing: existing.map(copyCount) }
}

const copyCount = ({ changes, ...rest }: Count): Count => ({ ...rest, changes: new Map(changes) })

/** As if `other` came to the node or went. */
export function changeAffinity(state: AffinityState, { pod, shape }: PodInfo, other: PodInfo, node: NodeInfo, sign: 1 | -1): void {
  const { index, affinity, antiAffinity } = state
  const { metadata } = other.pod
  const wanted = wantedBy({ pod, shape })
  if (wanted.affinity.length > 0 && allSelect(wanted.affinity[0]!.scopes, metadata, index.labelsOf))
    for (const count of affinity) shift(count, node, sign)
  antiAffinity.forEach((count, i) => {
    if (allSelect(wanted.antiAffinity[i]!.scopes, metadata, index.labelsOf)) shift(count, node, sign)
  })
  for (const { scope, topologyKey } of podTerms(other).requiredAntiAffinity)
    if (selectsArriving(scope, pod.metadata, index.labelsOf)) shift(existingBy(state, topologyKey), node, sign)
}

function shift(count: Count, node: NodeInfo, by: number): void {
  const domain = domainOf(count.topology, node)
  if (domain === noDomain) return
  count.changes!.set(domain, (count.changes!.get(domain) ?? 0) + by)
  count.total += by
}

/** Pods that a trial puts somewhere may refuse by a topology by which nobody did. */
function existingBy(state: AffinityState, topologyKey: string): Count {
  let count = state.existing.find(({ topology }) => topology.key === topologyKey)
  if (count === undefined) {
    count = { topology: state.index.topology(topologyKey), counts: undefined, total: 0, changes: new Map() }
    state.existing = [...state.existing, count]
  }
  return count
}
