import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#lib/clock.ts'
import { parseTime } from '../common/time.ts'
import { decisionOf, isPodFailed, isSuspended } from './facts.ts'
import { sizeOf } from './index-set.ts'
import { answerFailure } from './pod-failure-policy.ts'
import { metSuccessRule } from './success-policy.ts'
import type { Tally } from './tally.ts'

/** What becomes of the job, decided before the last of its pods has ended. */
export interface Decision {
  readonly type: 'SuccessCriteriaMet' | 'FailureTarget'
  readonly reason: string
  readonly message: string
  /** Not in the status yet. */
  readonly isNew: boolean
}

/**
 * Whether the job is over, and why: first what was decided before, then what makes it fail, then what makes it succeed. The order is the
 * reference's, since a job can meet several at once. Undefined: it goes on.
 */
export function decide(job: Job, tally: Tally, now: Instant): Decision | undefined {
  const known = decisionOf(job)
  if (known !== undefined)
    return { type: known.type as Decision['type'], reason: known.reason ?? '', message: known.message ?? '', isNew: false }
  return failure(job, tally, now) ?? success(job, tally)
}

function failure(job: Job, { pods, failed, succeeded, indexes }: Tally, now: Instant): Decision | undefined {
  const { podFailurePolicy, backoffLimit = 6, completions = 0, maxFailedIndexes } = job.spec
  if (podFailurePolicy !== undefined)
    for (const pod of pods) {
      const { failsJob } = isPodFailed(pod, job) ? answerFailure(podFailurePolicy, pod) : {}
      if (failsJob !== undefined) return fails('PodFailurePolicy', failsJob)
    }
  if (failed > backoffLimit || restartsTooOften(job, pods))
    return fails('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  if (deadlineOf(job) <= now) return fails('DeadlineExceeded', 'Job was active longer than specified deadline')
  const lost = sizeOf(indexes?.failed ?? [])
  if (maxFailedIndexes !== undefined && lost > maxFailedIndexes)
    return fails('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
  if (lost > 0 && lost + succeeded >= completions) return fails('FailedIndexes', 'Job has failed indexes')
  return undefined
}

function success(job: Job, { active, succeeded, indexes }: Tally): Decision | undefined {
  const { completions, successPolicy } = job.spec
  const rule = metSuccessRule(successPolicy, completions ?? 0, indexes?.completed ?? [])
  if (rule !== undefined) return succeeds('SuccessPolicy', rule)
  // Without a number of completions, one success says that the work is done; what still runs may end by itself.
  const isEnough = completions === undefined ? succeeded > 0 : succeeded >= completions
  return isEnough && active.length === 0 ? succeeds('CompletionsReached', 'Reached expected number of succeeded pods') : undefined
}

/** When the job will have been active for too long; Infinity: never, or not while it is suspended. */
export function deadlineOf(job: Job): Instant {
  const startedAt = parseTime(job.status.startTime)
  const { activeDeadlineSeconds } = job.spec
  if (activeDeadlineSeconds === undefined || startedAt === undefined || isSuspended(job)) return Infinity
  return startedAt + Number(activeDeadlineSeconds) * 1000
}

/** Containers that are restarted in place fail no pod, so their restarts are what the limit is held against. */
function restartsTooOften({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false
  const restarts = pods
    .filter(({ status: { phase } }) => phase === 'Running' || phase === 'Pending')
    .flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0)
  const { backoffLimit = 6 } = spec
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit
}

const fails = (reason: string, message: string): Decision => ({ type: 'FailureTarget', reason, message, isNew: true })
const succeeds = (reason: string, message: string): Decision => ({ type: 'SuccessCriteriaMet', reason, message, isNew: true })
