import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodActive } from '#api/core/v1/pod-helpers.ts'
import type { Decision } from './decision.ts'
import { completionIndexOf, isCountable, isIndexed, isPodFailed, isTracked } from './facts.ts'
import { answerFailure } from './pod-failure-policy.ts'
import type { Tally } from './tally.ts'

/** As many pods are told of in the status at once: more than 500 uids would make it larger than 20 KB (KEP-2307). */
export const uncountedLimit = 500

/** What the status says of counted pods, and which pods it lets go of once that is written. */
export interface Count {
  readonly succeeded: number
  readonly failed: number
  readonly uncounted: { readonly succeeded: string[]; readonly failed: string[] }
  readonly released: readonly Pod[]
  /** The failures among those seen for the first time that the policy says something of. */
  readonly judged: readonly JudgedFailure[]
}

/** What the job's policy on failures says of a pod's. */
export interface JudgedFailure {
  readonly pod: string
  readonly action: string
  readonly isCounted: boolean
}

/**
 * Counts pods that ended exactly once, whatever is interrupted (KEP-2307): first the uid of a pod is written into the status, then its
 * finalizer is taken off, and only when that is seen the uid turns into a number. A uid whose pod still has the finalizer is not a number yet,
 * and a pod without it is looked at no more. Indexes need no uids: their set is the count.
 */
export function countPods(job: Job, { pods, lastFailed }: Tally, decision: Decision | undefined): Count {
  const { status } = job
  const held = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid))
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const uncounted = { succeeded: succeeded.filter((uid) => held.has(uid)), failed: failed.filter((uid) => held.has(uid)) }
  const done = { succeeded: succeeded.length - uncounted.succeeded.length, failed: failed.length - uncounted.failed.length }
  const known = new Set([...uncounted.succeeded, ...uncounted.failed])
  const released: Pod[] = []
  const judged: JudgedFailure[] = []
  let fresh = 0
  for (const pod of inIndexOrder(job, pods)) {
    if (!isTracked(pod) || !isEnded(job, pod, lastFailed, decision)) continue
    const isKnown = known.has(pod.metadata.uid)
    const outcome = isKnown ? undefined : outcomeOf(job, pod, decision)
    if (outcome !== undefined) {
      if (fresh + known.size >= uncountedLimit) continue
      fresh += 1
      // An index that succeeded stands in completedIndexes.
      if (outcome === 'failed' || !isIndexed(job)) uncounted[outcome].push(pod.metadata.uid)
    }
    released.push(pod)
    if (!isKnown && hasFailed(job, pod, decision)) {
      const { action, isCounted } = answerFailure(job.spec.podFailurePolicy, pod)
      if (action !== undefined) judged.push({ pod: pod.metadata.name, action, isCounted })
    }
  }
  return {
    succeeded: (status.succeeded ?? 0) + done.succeeded,
    failed: (status.failed ?? 0) + done.failed,
    uncounted,
    released,
    judged,
  }
}

/** Whether nothing more is to be seen of the pod. One that runs on when a job is over is first ended. */
function isEnded(job: Job, pod: Pod, lastFailed: Tally['lastFailed'], decision: Decision | undefined): boolean {
  if (pod.status.phase === 'Succeeded') return true
  if (decision !== undefined) return !isPodActive(pod)
  if (job.metadata.deletionTimestamp !== undefined) return true
  return isPodFailed(pod, job) && lastFailed.get(completionIndexOf(pod) ?? -1)?.metadata.uid !== pod.metadata.uid
}

/** As what the pod counts; undefined: not at all. */
function outcomeOf(job: Job, pod: Pod, decision: Decision | undefined): 'succeeded' | 'failed' | undefined {
  if (!isCountable(pod, job)) return undefined
  if (pod.status.phase === 'Succeeded') return 'succeeded'
  return hasFailed(job, pod, decision) && answerFailure(job.spec.podFailurePolicy, pod).isCounted ? 'failed' : undefined
}

/** When a job has failed, so has whatever was left of it. */
const hasFailed = (job: Job, pod: Pod, decision: Decision | undefined): boolean =>
  isCountable(pod, job) && pod.status.phase !== 'Succeeded' && (isPodFailed(pod, job) || decision?.type === 'FailureTarget')

const inIndexOrder = (job: Job, pods: readonly Pod[]): readonly Pod[] =>
  isIndexed(job) ? pods.toSorted((a, b) => (completionIndexOf(a) ?? -1) - (completionIndexOf(b) ?? -1)) : pods
