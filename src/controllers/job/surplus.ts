import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import { compareRestarts, compareStanding } from '../common/pod-standing.ts'
import { parseTime } from '../common/time.ts'
import { isIndexed, isTracked, validIndexOf } from './facts.ts'

/** Active pods that have to go: those without an index of the job's, all but one of each index, and as many more as `atLeast` asks for. */
export function surplusPods(job: Job, active: readonly Pod[], atLeast: number): readonly Pod[] {
  const ordered = inRemovalOrder(active)
  if (!isIndexed(job)) return ordered.slice(0, atLeast)
  const lastOfIndex = new Map(ordered.map((pod) => [validIndexOf(pod, job), pod]))
  const isKept = (pod: Pod): boolean => {
    const index = validIndexOf(pod, job)
    return index !== undefined && lastOfIndex.get(index) === pod
  }
  const surplus = ordered.filter((pod) => !isKept(pod))
  return [...surplus, ...ordered.filter(isKept).slice(0, Math.max(0, atLeast - surplus.length))]
}

/**
 * Those first that are missed least. Before all one that lost its finalizer, though it is not deleted yet: nothing that it does would be
 * counted, so an interrupted removal is taken up where it ended.
 */
const inRemovalOrder = (pods: readonly Pod[]): readonly Pod[] =>
  pods.toSorted(
    (a, b) =>
      Number(isTracked(a)) - Number(isTracked(b)) ||
      compareStanding(a, b) ||
      (isPodReady(a) && isPodReady(b) ? readySince(b) - readySince(a) : 0) ||
      compareRestarts(a, b) ||
      createdAt(b) - createdAt(a),
  )

const readySince = (pod: Pod): Instant => parseTime(podCondition(pod, 'Ready')?.lastTransitionTime) ?? latest
const createdAt = (pod: Pod): Instant => parseTime(pod.metadata.creationTimestamp) ?? latest
/** What has no time counts as the newest. */
const latest = Number.MAX_SAFE_INTEGER
