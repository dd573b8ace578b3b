import type { Pod } from '#api/core/v1/pod.ts'
import { type Change, type Cluster, isAvailable, isLeaving } from './cluster.ts'
import { isUpdated } from './daemon-pod.ts'
import { limitsOf } from './limits.ts'

/**
 * The next step of a rolling update, to be taken only where every node has what `cover` wants for it: which pods of earlier templates go,
 * and which nodes get a second pod. Pods that are not available anyway are always replaced; of those that are, no more than the limits allow.
 */
export function roll(cluster: Cluster): Change {
  const desired = [...cluster.places.values()].filter(({ shouldRun }) => shouldRun).length
  const { maxSurge, maxUnavailable } = limitsOf(cluster.daemonSet, desired)
  const nodes = [...nodesOf(cluster)]
  return maxSurge === 0 ? replace(cluster, nodes, maxUnavailable) : surge(cluster, nodes, maxSurge, desired)
}

interface UpdatedNode {
  readonly name: string
  /** Of the present template. */
  readonly fresh?: Pod | undefined
  readonly old?: Pod | undefined
  /** More than one of either: `cover` makes them fewer first. */
  readonly isCrowded: boolean
}

/** Those that have a pod, which those that want one do by now: in the order of the nodes, so that the same look decides the same. */
function* nodesOf(cluster: Cluster): Generator<UpdatedNode> {
  for (const name of cluster.places.keys()) if (cluster.podsOn.has(name)) yield nodeOf(cluster, name)
  for (const name of cluster.podsOn.keys()) if (!cluster.places.has(name)) yield nodeOf(cluster, name)
}

function nodeOf(cluster: Cluster, name: string): UpdatedNode {
  const pods = (cluster.podsOn.get(name) ?? []).filter((pod) => !isLeaving(pod))
  const [fresh, ...newer] = pods.filter((pod) => isUpdated(pod, cluster.daemonSet, cluster.hash))
  const [old, ...older] = pods.filter((pod) => !isUpdated(pod, cluster.daemonSet, cluster.hash))
  return { name, fresh, old, isCrowded: newer.length > 0 || older.length > 0 }
}

/** Old pods go first, and `cover` makes their successors. */
function replace(cluster: Cluster, nodes: readonly UpdatedNode[], maxUnavailable: number): Change {
  const unavailable: Pod[] = []
  const candidates: Pod[] = []
  let missing = 0
  for (const { fresh, old, isCrowded } of nodes) {
    const only = isCrowded || (fresh !== undefined && old !== undefined) ? undefined : (fresh ?? old)
    const serves = only !== undefined && isAvailable(cluster, only)
    if (!serves) missing += 1
    if (only !== undefined && only === old) (serves ? candidates : unavailable).push(only)
  }
  return { create: [], remove: [...unavailable, ...candidates.slice(0, Math.max(0, maxUnavailable - missing))], events: [] }
}

/** Successors come first, and old pods go when those are available. */
function surge(cluster: Cluster, nodes: readonly UpdatedNode[], maxSurge: number, desired: number): Change {
  const remove: Pod[] = []
  /** On nodes that want none any more, but do not drive it out either. */
  const leftOver: Pod[] = []
  const unserved: string[] = []
  const candidates: string[] = []
  let surging = 0
  let available = 0
  for (const { name, fresh, old, isCrowded } of nodes) {
    if (isCrowded) {
      surging += 1
      continue
    }
    const counted = old ?? fresh
    if (counted !== undefined && isAvailable(cluster, counted)) available += 1
    if (old === undefined) continue
    if (fresh !== undefined) {
      if (isAvailable(cluster, fresh)) remove.push(old)
      else surging += 1
      continue
    }
    const shouldRun = cluster.places.get(name)?.shouldRun === true
    if (shouldRun) (isAvailable(cluster, old) ? candidates : unserved).push(name)
    else (isAvailable(cluster, old) ? leftOver : remove).push(old)
  }
  // Where the set moves from node to node, a pod that is left over serves until one on a wanted node does.
  remove.push(...leftOver.slice(0, Math.max(0, available - desired)))
  return { create: [...unserved, ...candidates.slice(0, Math.max(0, maxSurge - surging))], remove, events: [] }
}
