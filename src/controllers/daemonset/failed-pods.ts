import type { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#lib/clock.ts'
import { targetNode } from './daemon-pod.ts'

/**
 * When failed pods may be deleted. The first on a node at once, the next a second later, then two, four … (the reference: 1 s, doubled, at
 * most 15 min, anew after twice that): a kubelet that refuses the pod would otherwise be asked again and again.
 */
export interface FailedPods {
  /** Notes the failed pods among those of the set, and returns the instant for each, by uid. */
  dueAt(key: string, daemonSet: DaemonSet, pods: readonly Pod[], now: Instant): ReadonlyMap<string, Instant>
  forget(key: string): void
}

const initialMs = 1_000
const maxMs = 15 * 60_000

interface OnNode {
  /** From the last instant to the next. */
  delayMs: number
  lastAt: Instant
  /** Of the pods that are still there, by uid. */
  due: Map<string, Instant>
}

interface OfSet {
  readonly uid: string
  /** A changed set is given another chance at once. */
  readonly observedGeneration: number | undefined
  readonly nodes: Map<string, OnNode>
}

/** One entry a node on which pods failed of late. Empty after a start: then every node has its first chance anew, as in the reference. */
export function createFailedPods(): FailedPods {
  const sets = new Map<string, OfSet>()
  return {
    dueAt(key, { metadata: { uid }, status: { observedGeneration } }, pods, now) {
      const before = sets.get(key)
      const isSame = before !== undefined && before.uid === uid && before.observedGeneration === observedGeneration
      const { nodes } = isSame ? before : { nodes: new Map<string, OnNode>() }
      const waiting = pods.filter(isWaiting)
      const uids = new Set(waiting.map(({ metadata }) => metadata.uid))
      for (const [nodeName, node] of nodes) {
        for (const gone of node.due.keys()) if (!uids.has(gone)) node.due.delete(gone)
        if (node.due.size === 0 && now - node.lastAt > 2 * maxMs) nodes.delete(nodeName)
      }
      const due = new Map<string, Instant>()
      for (const pod of waiting) {
        const nodeName = targetNode(pod)
        if (nodeName !== undefined) due.set(pod.metadata.uid, note(nodes, nodeName, pod.metadata.uid, now))
      }
      if (nodes.size === 0) sets.delete(key)
      else sets.set(key, { uid, observedGeneration, nodes })
      return due
    },
    forget: (key) => void sets.delete(key),
  }
}

const isWaiting = ({ status, metadata }: Pod): boolean => status.phase === 'Failed' && metadata.deletionTimestamp === undefined

function note(nodes: Map<string, OnNode>, nodeName: string, uid: string, now: Instant): Instant {
  const node = nodes.get(nodeName)
  const known = node?.due.get(uid)
  if (known !== undefined) return known
  if (node === undefined) {
    nodes.set(nodeName, { delayMs: initialMs, lastAt: now, due: new Map([[uid, now]]) })
    return now
  }
  node.lastAt = Math.max(now, node.lastAt + node.delayMs)
  node.delayMs = Math.min(node.delayMs * 2, maxMs)
  node.due.set(uid, node.lastAt)
  return node.lastAt
}
