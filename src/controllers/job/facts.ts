import type { Job } from '#api/batch/v1/job.ts'
import type { JobCondition } from '#api/batch/v1/types.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { conditionOf } from '../common/conditions.ts'

/** Holds a pod until its end is counted (KEP-2307). */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'

/** Whether the job still has to count the pod. */
export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) === true

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed'
export const isSuspended = ({ spec }: Job): boolean => spec.suspend === true
/** Failures are limited index by index (KEP-3850). */
export const limitsEachIndex = ({ spec }: Job): boolean => spec.backoffLimitPerIndex !== undefined

export const isTrue = (condition: JobCondition | undefined): boolean => condition?.status === 'True'

/** The condition from which no job comes back: Complete or Failed. */
export const endOf = ({ status }: Job): JobCondition | undefined =>
  status.conditions?.find((condition) => isTrue(condition) && (condition.type === 'Complete' || condition.type === 'Failed'))

/** What has been decided, though pods may still be ending: nothing takes it back. */
export const decisionOf = ({ status }: Job): JobCondition | undefined =>
  [conditionOf(status.conditions, 'SuccessCriteriaMet'), conditionOf(status.conditions, 'FailureTarget')].find(isTrue)

/** Whether somebody else's controller runs the job (KEP-4368). */
export const isManagedElsewhere = ({ spec: { managedBy } }: Job): boolean =>
  managedBy !== undefined && managedBy !== 'kubernetes.io/job-controller'

/** A pod is replaced when it has failed, and not already when it is being deleted (KEP-3939); a policy on failures needs to see how it ended. */
export const replacesOnlyFailed = ({ spec }: Job): boolean => spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined

/** A deleted pod may never get to say that it failed, so it counts as failed from then on, unless only ended ones are replaced. */
export function isPodFailed(pod: Pod, job: Job): boolean {
  if (pod.status.phase === 'Failed') return true
  if (replacesOnlyFailed(job)) return false
  return pod.metadata.deletionTimestamp !== undefined && pod.status.phase !== 'Succeeded'
}

/** Being deleted, and not ended yet. */
export const isPodTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod)

const completionIndex = 'batch.kubernetes.io/job-completion-index'
export const annotations = {
  completionIndex,
  indexFailureCount: 'batch.kubernetes.io/job-index-failure-count',
  indexIgnoredFailureCount: 'batch.kubernetes.io/job-index-ignored-failure-count',
} as const

/** The index whose work the pod does; undefined where none can be read. */
export function completionIndexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[annotations.completionIndex]
  if (text === undefined || !/^\+?\d{1,15}$/.test(text)) return undefined
  return Number(text)
}

/** The same, of an Indexed job as large as it is now. */
export function validIndexOf(pod: Pod, job: Job): number | undefined {
  const index = completionIndexOf(pod)
  return index !== undefined && index < (job.spec.completions ?? 0) ? index : undefined
}

/** Whether the job can count the pod at all: any pod, or one with an index that the job has. */
export const isCountable = (pod: Pod, job: Job): boolean => !isIndexed(job) || validIndexOf(pod, job) !== undefined
