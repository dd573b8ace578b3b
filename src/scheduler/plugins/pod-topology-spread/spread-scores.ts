import type { NodeInfo } from '../../world/node-info.ts'
import { topologyIndex } from '../../world/topology.ts'
import type { Column32 } from '../../world/topology-columns.ts'
import { domainOf, noDomain, type Topology } from '../../world/topology-domains.ts'
import type { World } from '../../world/world.ts'
import type { Constraints } from './constraints.ts'

/** What the soft constraints mean for one pod's nodes. */
export interface SpreadScores {
  readonly parts: readonly ScorePart[]
  /** Whether a node without one of the labels has no score. */
  readonly requiresAllTopologies: boolean
}

interface ScorePart {
  readonly topology: Topology
  /** By domain, or by row of the node table where each node stands for itself. */
  readonly counts: Column32
  readonly isByNode: boolean
  readonly maxSkew: number
  /** The more domains there are, the fewer pods has each: their counts weigh more. */
  readonly weight: number
}

const hostname = 'kubernetes.io/hostname'

/** Worked out for the nodes that are left. */
export function spreadScores({ soft, requiresAllTopologies }: Constraints, nodes: readonly NodeInfo[], world: World): SpreadScores {
  const index = topologyIndex(world)
  const topologies = soft.map(({ topologyKey }) => index.topology(topologyKey))
  const scored = requiresAllTopologies ? nodes.filter((node) => hasAll(topologies, node)) : nodes
  const parts = soft.map((constraint, i): ScorePart => {
    const { scopes, selectionKey, topologyKey, maxSkew, rule } = constraint
    const selection = index.selection(selectionKey, () => ({ scopes, countsTerminating: false }))
    const isByNode = topologyKey === hostname
    const topology = topologies[i]!
    const { counts } = isByNode ? { counts: selection.byNode } : index.tally(selection, topologyKey, rule)
    return { topology, counts, isByNode, maxSkew, weight: Math.log((isByNode ? scored.length : domainsAmong(scored, topology)) + 2) }
  })
  return { parts, requiresAllTopologies }
}

const hasAll = (topologies: readonly Topology[], node: NodeInfo): boolean => {
  for (const topology of topologies) if (domainOf(topology, node) === noDomain) return false
  return true
}

/** Nodes without the label are one domain more, as in the reference. */
function domainsAmong(nodes: readonly NodeInfo[], topology: Topology): number {
  const seen = new Set<number>()
  for (const node of nodes) seen.add(domainOf(topology, node))
  return seen.size
}

/** How crowded the node is: the less the better. */
export function spreadScore({ parts, requiresAllTopologies }: SpreadScores, node: NodeInfo): number {
  let score = 0
  for (const { topology, counts, isByNode, maxSkew, weight } of parts) {
    const domain = domainOf(topology, node)
    if (domain !== noDomain) score += (counts.values[isByNode ? node.slot : domain] ?? 0) * weight + (maxSkew - 1)
    else if (requiresAllTopologies) return 0
  }
  return Math.round(score)
}

/** 100 for the least crowded if nobody is there, less for more; 0 without one of the labels. */
export function normalizeSpread(values: Float64Array, nodes: readonly NodeInfo[], { parts, requiresAllTopologies }: SpreadScores): void {
  const topologies = parts.map(({ topology }) => topology)
  const isScored = nodes.map((node) => !requiresAllTopologies || hasAll(topologies, node))
  let least = Infinity
  let most = 0
  for (let i = 0; i < values.length; i += 1) {
    if (!isScored[i]) continue
    least = Math.min(least, values[i]!)
    most = Math.max(most, values[i]!)
  }
  for (let i = 0; i < values.length; i += 1) {
    if (!isScored[i]) values[i] = 0
    else values[i] = most === 0 ? 100 : Math.trunc((100 * (most + least - values[i]!)) / most)
  }
}
