import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodActive } from '#api/core/v1/pod-helpers.ts'
import { isCountable, isIndexed, isPodFailed, isPodTerminating, isTracked } from './facts.ts'
import { sizeOf } from './index-set.ts'
import { type IndexProgress, indexProgress, lastFailedByIndex } from './indexed.ts'
import { answerFailure } from './pod-failure-policy.ts'

/** How the job stands, whatever its status says of it so far. */
export interface Tally {
  readonly pods: readonly Pod[]
  readonly active: readonly Pod[]
  readonly terminating: number
  /** Pods, or indexes of an Indexed job: counted, about to be counted, and seen for the first time. */
  readonly succeeded: number
  /** The same of failed pods; without failures that the policy ignores. */
  readonly failed: number
  /** Absent: the job is not Indexed. */
  readonly indexes?: IndexProgress
  readonly lastFailed: ReadonlyMap<number, Pod>
}

export function tally(job: Job, pods: readonly Pod[]): Tally {
  const { status, spec } = job
  const succeeded = new Set(status.uncountedTerminatedPods?.succeeded)
  const failed = new Set(status.uncountedTerminatedPods?.failed)
  const isKnown = ({ metadata: { uid } }: Pod) => succeeded.has(uid) || failed.has(uid)
  const fresh = pods.filter((pod) => isTracked(pod) && isCountable(pod, job) && !isKnown(pod))
  const failedNow = fresh.filter((pod) => isPodFailed(pod, job) && answerFailure(spec.podFailurePolicy, pod).isCounted).length
  const common = {
    pods,
    active: pods.filter(isPodActive),
    terminating: pods.filter(isPodTerminating).length,
    failed: (status.failed ?? 0) + failed.size + failedNow,
  }
  if (isIndexed(job)) {
    const indexes = indexProgress(job, pods)
    return { ...common, succeeded: sizeOf(indexes.completed), indexes, lastFailed: lastFailedByIndex(job, pods, indexes) }
  }
  const succeededNow = fresh.filter((pod) => pod.status.phase === 'Succeeded').length
  return { ...common, succeeded: (status.succeeded ?? 0) + succeeded.size + succeededNow, lastFailed: new Map() }
}
