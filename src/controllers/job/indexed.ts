import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodActive } from '#api/core/v1/pod-helpers.ts'
import { podFinishedAt } from './backoff.ts'
import { annotations, completionIndexOf, decisionOf, isPodFailed, isTracked, limitsEachIndex, validIndexOf } from './facts.ts'
import { difference, hasIndex, type IndexSet, indexSet, parseIndexes, union } from './index-set.ts'
import { answerFailure } from './pod-failure-policy.ts'

export interface IndexProgress {
  readonly completed: IndexSet
  /** Given up; only of a job that limits each index. */
  readonly failed?: IndexSet
}

/**
 * Which indexes are done, and which are given up: what the status says, and what pods show that are not counted yet. No index is both, which
 * the server would refuse: what was told first stays, and of two pods of one index the one that succeeded decides.
 */
export function indexProgress(job: Job, pods: readonly Pod[]): IndexProgress {
  const { status, spec } = job
  const { completions = 0 } = spec
  // One that was deleted is counted as failed from then on, even if it makes it to its end.
  const failed = new Set(status.uncountedTerminatedPods?.failed)
  const tracked = pods.filter((pod) => isTracked(pod) && validIndexOf(pod, job) !== undefined)
  const indexesOf = (some: readonly Pod[]) => indexSet(new Set(some.map((pod) => completionIndexOf(pod)!)))
  const succeeded = indexesOf(tracked.filter((pod) => pod.status.phase === 'Succeeded' && !failed.has(pod.metadata.uid)))
  const completedBefore = parseIndexes(status.completedIndexes, completions)
  if (!limitsEachIndex(job)) return { completed: union(completedBefore, succeeded) }
  const failedBefore = parseIndexes(status.failedIndexes, completions)
  const completed = union(completedBefore, difference(succeeded, failedBefore))
  // Pods that go because the job is over have failed, but given up their indexes nobody has.
  if (decisionOf(job) !== undefined) return { completed, failed: failedBefore }
  const lost = indexesOf(tracked.filter((pod) => isIndexLost(job, pod)))
  return { completed, failed: union(failedBefore, difference(lost, completed)) }
}

/** Whether the failure of this pod was one too many for its index. */
function isIndexLost(job: Job, pod: Pod): boolean {
  if (!isPodFailed(pod, job)) return false
  const { action, isCounted } = answerFailure(job.spec.podFailurePolicy, pod)
  return action === 'FailIndex' || (isCounted && countOf(pod, annotations.indexFailureCount) >= (job.spec.backoffLimitPerIndex ?? 0))
}

/**
 * The last failed pod of each index that somebody has to begin again: it stays until its successor is there, which takes over how often the
 * index has failed. Only of jobs that limit each index.
 */
export function lastFailedByIndex(job: Job, pods: readonly Pod[], { completed, failed = [] }: IndexProgress): ReadonlyMap<number, Pod> {
  const last = new Map<number, Pod>()
  if (!limitsEachIndex(job)) return last
  const settled = union(completed, failed, indexSet(activeIndexes(pods)))
  for (const pod of pods) {
    const index = validIndexOf(pod, job)
    if (index === undefined || !isTracked(pod) || !isPodFailed(pod, job) || hasIndex(settled, index)) continue
    const other = last.get(index)
    if (other === undefined || (allFailures(other) <= allFailures(pod) && podFinishedAt(pod) >= podFinishedAt(other))) last.set(index, pod)
  }
  return last
}

/** Failures of the pod's index, with those that the policy ignores, before this pod. */
export const allFailures = (pod: Pod): number =>
  countOf(pod, annotations.indexFailureCount) + countOf(pod, annotations.indexIgnoredFailureCount)

/** How often the index has failed, for the pod that takes the place of this one. */
export function failuresAfter(job: Job, replaced: Pod | undefined): { readonly counted: number; readonly ignored: number } {
  if (replaced === undefined) return { counted: 0, ignored: 0 }
  const { isCounted } = answerFailure(job.spec.podFailurePolicy, replaced)
  return {
    counted: countOf(replaced, annotations.indexFailureCount) + (isCounted ? 1 : 0),
    ignored: countOf(replaced, annotations.indexIgnoredFailureCount) + (isCounted ? 0 : 1),
  }
}

export const activeIndexes = (pods: readonly Pod[]): ReadonlySet<number> =>
  new Set(pods.filter(isPodActive).flatMap((pod) => completionIndexOf(pod) ?? []))

/** 0 where the annotation is absent or was spoiled by somebody. */
function countOf({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation] ?? ''
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0
  return count <= 2 ** 31 - 1 ? count : 0
}
