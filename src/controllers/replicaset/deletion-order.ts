import type { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodReady, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import { compareRestarts, compareStanding } from '../common/pod-standing.ts'
import { parseTime } from '../common/time.ts'

/**
 * The pods, those first that are missed least: unassigned, pending, not ready, cheaper by `controller.kubernetes.io/pod-deletion-cost`
 * (KEP-2255), with more neighbours on their node, ready for a shorter time, restarted more often, younger. Times are compared by their
 * order of magnitude (KEP-2185), so that pods of about the same age go by uid and not always from the newest failure domain.
 */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], now: Instant): readonly Pod[] {
  const onNode = new Map<string, number>()
  for (const pod of related) {
    if (isPodActive(pod)) onNode.set(pod.spec.nodeName ?? '', (onNode.get(pod.spec.nodeName ?? '') ?? 0) + 1)
  }
  const neighbours = (pod: Pod) => onNode.get(pod.spec.nodeName ?? '') ?? 0
  return pods.toSorted(
    (a, b) =>
      compareStanding(a, b) ||
      deletionCost(a) - deletionCost(b) ||
      neighbours(b) - neighbours(a) ||
      (isPodReady(a) && isPodReady(b) ? compareAge(readySince(a), readySince(b), a, b, now) : 0) ||
      compareRestarts(a, b) ||
      compareAge(parseTime(a.metadata.creationTimestamp), parseTime(b.metadata.creationTimestamp), a, b, now) ||
      compareText(a.metadata.uid, b.metadata.uid),
  )
}

/** Of a ready pod. */
const readySince = (pod: Pod): Instant | undefined => parseTime(podCondition(pod, 'Ready')?.lastTransitionTime)

/** 0 when absent or not a 32-bit integer: the reference ignores what it cannot read. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost']
  if (text === undefined || !/^(0|[1-9]\d*|-[1-9]\d*)$/.test(text)) return 0
  const cost = Number(text)
  return cost === (cost | 0) ? cost : 0
}

/** The younger first; one without a time before all. Two of the same magnitude by uid, unless the times are equal: then undecided. */
function compareAge(from: Instant | undefined, other: Instant | undefined, a: Pod, b: Pod, now: Instant): number {
  if (from === other) return 0
  if (from === undefined) return -1
  if (other === undefined) return 1
  return magnitude(now - from) - magnitude(now - other) || compareText(a.metadata.uid, b.metadata.uid)
}

/** Whole binary logarithm of the age in nanoseconds, as the reference counts. */
const magnitude = (ageMs: number): number => (ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1)

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
