import type { Pod } from '#api/core/v1/pod.ts'
import { podRequests } from '#api/core/v1/resources.ts'
import type { Instant } from '#lib/clock.ts'
import { compareQuantity } from '#lib/quantity.ts'
import { qosClass } from '../pod/qos.ts'

/** A resize that waits: the pod as it is wanted, and as it was allocated. */
export interface PendingResize {
  readonly wanted: Pod
  readonly allocated: Pod
  /** Since when it is deferred; undefined: it was not decided on yet. */
  readonly deferredAt: Instant | undefined
}

/**
 * Which resize comes first when there is not room for all (KEP-1287, "Priority of Resize Requests"): those that ask for no more than they have,
 * then by priority, then Guaranteed before Burstable, then who has waited longest.
 */
export const byUrgency = (a: PendingResize, b: PendingResize): number =>
  Number(asksForMore(a)) - Number(asksForMore(b)) ||
  (b.wanted.spec.priority ?? 0) - (a.wanted.spec.priority ?? 0) ||
  rank(a) - rank(b) ||
  (a.deferredAt ?? Number.MAX_SAFE_INTEGER) - (b.deferredAt ?? Number.MAX_SAFE_INTEGER)

function asksForMore({ wanted, allocated }: PendingResize): boolean {
  const [more, less] = [podRequests(wanted.spec), podRequests(allocated.spec)]
  return ['cpu', 'memory'].some((name) => compareQuantity(more[name] ?? '0', less[name] ?? '0') > 0)
}

const rank = ({ wanted }: PendingResize): number => (qosClass(wanted) === 'Guaranteed' ? 0 : 1)
