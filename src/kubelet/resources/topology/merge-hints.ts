import type { TopologyHint } from '../../interfaces.ts'
import type { NumaNode } from '../machine-topology.ts'
import { countOf, isNarrower, maskOf, nodesOf } from './numa-mask.ts'

export type TopologyPolicy = 'best-effort' | 'restricted' | 'single-numa-node'

/** A placement, and whether the policy takes a container that can have no better. */
export interface Placement {
  readonly hint: TopologyHint
  readonly isAdmitted: boolean
}

/** By resource, of one manager; undefined for a resource on which it has no opinion, empty for one that fits nowhere. */
export type Hints = ReadonlyMap<string, readonly TopologyHint[] | undefined>

/**
 * The placement that suits all managers best (Kubernetes documentation, "Control Topology Management Policies on a node"): every combination of
 * their hints is intersected; preferred ones come before others, narrow ones before wide.
 */
export function mergeHints(
  all: readonly (Hints | undefined)[],
  nodes: readonly NumaNode[],
  policy: TopologyPolicy,
  prefersClosest: boolean,
): Placement {
  const everywhere = maskOf(nodes.map(({ id }) => id))
  const isSingle = policy === 'single-numa-node'
  const lists = all.flatMap(listsOf).map((list) => (isSingle ? list.filter(isOnOneNode) : list))
  const compare = comparison(lists, (a, b) => (prefersClosest && !isSingle ? isCloser(nodes, a, b) : isNarrower(a, b)))

  let best: Merged | undefined
  for (const combination of product(lists)) {
    const merged = intersection(combination, everywhere)
    if (merged.nodes === 0n) continue
    if (best === undefined || compare(merged, best)) best = merged
  }
  const { nodes: mask, preferred } = best ?? { nodes: everywhere, preferred: false }
  const hint = isSingle && mask === everywhere ? { nodes: undefined, preferred } : { nodes: mask, preferred }
  return { hint, isAdmitted: policy === 'best-effort' || preferred }
}

interface Merged {
  readonly nodes: bigint
  readonly preferred: boolean
}

const anywhere: readonly TopologyHint[] = [{ nodes: undefined, preferred: true }]
const nowhere: readonly TopologyHint[] = [{ nodes: undefined, preferred: false }]

function listsOf(hints: Hints | undefined): (readonly TopologyHint[])[] {
  if (hints === undefined || hints.size === 0) return [anywhere]
  return [...hints.values()].map((list) => (list === undefined ? anywhere : list.length === 0 ? nowhere : list))
}

const isOnOneNode = ({ nodes, preferred }: TopologyHint): boolean => preferred && (nodes === undefined || countOf(nodes) === 1)

function* product(lists: readonly (readonly TopologyHint[])[]): Generator<readonly TopologyHint[]> {
  const [first, ...rest] = lists
  if (first === undefined) {
    yield []
    return
  }
  for (const hint of first) for (const others of product(rest)) yield [hint, ...others]
}

/** Preferred only if all prefer it, and mean the same by it. */
function intersection(combination: readonly TopologyHint[], everywhere: bigint): Merged {
  const masks = combination.flatMap(({ nodes }) => (nodes === undefined ? [] : [nodes]))
  return {
    nodes: masks.reduce((a, b) => a & b, everywhere),
    preferred: combination.every(({ preferred }) => preferred) && masks.every((mask) => mask === masks[0]),
  }
}

/** Whether a candidate is better than the best so far. */
function comparison(lists: readonly (readonly TopologyHint[])[], isBetterMask: (a: bigint, b: bigint) => boolean) {
  // Of placements that nobody prefers, the best has as many nodes as the widest of the narrowest hints needs.
  const wanted = Math.max(
    0,
    ...lists.map((list) => {
      const counts = list.flatMap(({ nodes }) => (nodes === undefined ? [] : [countOf(nodes)]))
      return counts.length === 0 ? 0 : Math.min(...counts)
    }),
  )
  const isBetter = (a: Merged, b: Merged) => a.nodes !== b.nodes && isBetterMask(a.nodes, b.nodes)
  return (candidate: Merged, best: Merged): boolean => {
    if (candidate.preferred !== best.preferred) return candidate.preferred
    if (candidate.preferred) return isBetter(candidate, best)
    const [mine, theirs] = [countOf(candidate.nodes), countOf(best.nodes)]
    if (theirs > wanted) return isBetter(candidate, best)
    if (theirs === wanted) return mine === wanted && isBetter(candidate, best)
    if (mine > wanted) return false
    if (mine === wanted) return true
    return mine === theirs ? isBetter(candidate, best) : mine > theirs
  }
}

/** The option `prefer-closest-numa-nodes`: of as many nodes, those that are nearer to each other. */
function isCloser(nodes: readonly NumaNode[], a: bigint, b: bigint): boolean {
  if (countOf(a) !== countOf(b)) return isNarrower(a, b)
  const [mine, theirs] = [averageDistance(nodes, a), averageDistance(nodes, b)]
  return mine === theirs ? a < b : mine < theirs
}

function averageDistance(nodes: readonly NumaNode[], mask: bigint): number {
  const chosen = nodes.filter(({ id }) => nodesOf(mask).includes(id))
  const distances = chosen.flatMap((from) => chosen.map((to) => from.distances[nodes.indexOf(to)] ?? 0))
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length
}
