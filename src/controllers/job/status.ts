import { Job } from '#api/batch/v1/job.ts'
import type { JobCondition, JobStatus } from '#api/batch/v1/types.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command } from '#loop/controller.ts'
import { conditionOf } from '../common/conditions.ts'
import { countOf } from '../common/equal.ts'
import type { Count } from './count.ts'
import type { Decision } from './decision.ts'
import { isIndexed, isSuspended, isTracked, limitsEachIndex } from './facts.ts'
import { formatIndexes } from './index-set.ts'
import type { Tally } from './tally.ts'

/** The write that brings the status in line, and the events of what it says for the first time. Empty: it is right already. */
export function statusCommands(job: Job, tally: Tally, count: Count, decision: Decision | undefined, now: Instant): readonly Command[] {
  const { status, events } = nextStatus(job, tally, count, decision, now)
  if (same(job.status, status)) return []
  const object: Job = { ...job, status }
  const update: Command = { do: 'update', kind: Job, object, subresource: 'status' }
  return [update, ...events.map(([type, reason, message]): Command => ({ do: 'event', regarding: job, type, reason, message }))]
}

type EventOf = readonly [type: 'Normal' | 'Warning', reason: string, message: string]

function nextStatus(job: Job, tally: Tally, count: Count, decision: Decision | undefined, now: Instant) {
  const { pods, active, terminating, indexes } = tally
  const { succeeded, failed } = count.uncounted
  const base: JobStatus = {
    ...job.status,
    startTime: job.status.startTime ?? (isSuspended(job) ? undefined : rfc3339(now)),
    active: countOf(active.length),
    ready: active.filter(isPodReady).length,
    terminating,
    succeeded: countOf(isIndexed(job) ? tally.succeeded : count.succeeded),
    failed: countOf(count.failed),
    completedIndexes: indexes === undefined ? job.status.completedIndexes : formatIndexes(indexes.completed) || undefined,
    failedIndexes: limitsEachIndex(job) ? formatIndexes(indexes?.failed ?? []) : undefined,
    uncountedTerminatedPods: { ...(succeeded.length > 0 && { succeeded }), ...(failed.length > 0 && { failed }) },
  }
  if (decision === undefined) return job.metadata.deletionTimestamp === undefined ? suspended(job, base, now) : { status: base, events: [] }
  if (decision.isNew) return { status: withCondition(base, decision, now), events: [] }
  // Nothing may run or wait to be counted when the job is said to be over: what is built on jobs goes on from there (KEP-4368).
  const isOver = active.length === 0 && terminating === 0 && succeeded.length === 0 && failed.length === 0 && !pods.some(isTracked)
  return isOver ? finished(job, base, decision, now) : { status: base, events: [] }
}

function finished(job: Job, base: JobStatus, { type, reason, message }: Decision, now: Instant) {
  const { completions } = job.spec
  // A job that was suspended before its last pod failed has no start any more; the server lets none end without, unless there was nothing to do.
  const startTime = base.startTime ?? (isSuspended(job) && completions === 0 ? undefined : rfc3339(now))
  const started = { ...base, startTime }
  if (type === 'FailureTarget')
    return { status: withCondition(started, { type: 'Failed', reason, message }, now), events: [['Warning', reason, message] as EventOf] }
  const isTooMuch = completions !== undefined && (base.succeeded ?? 0) > completions
  const events: EventOf[] = [
    ...(isTooMuch
      ? [['Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached'] as EventOf]
      : []),
    ['Normal', 'Completed', 'Job completed'],
  ]
  return { status: { ...withCondition(started, { type: 'Complete', reason, message }, now), completionTime: rfc3339(now) }, events }
}

/** Time spent suspended is no time active: the start is forgotten, and told anew. */
function suspended(job: Job, base: JobStatus, now: Instant): { readonly status: JobStatus; readonly events: readonly EventOf[] } {
  const present = conditionOf(base.conditions, 'Suspended')?.status
  if (isSuspended(job)) {
    if (present === 'True') return { status: base, events: [] }
    const status = withCondition(base, { type: 'Suspended', reason: 'JobSuspended', message: 'Job suspended' }, now)
    return { status: { ...status, startTime: undefined }, events: [['Normal', 'Suspended', 'Job suspended']] }
  }
  if (present === undefined || present === 'False') return { status: base, events: [] }
  const status = withCondition(base, { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' }, now)
  return { status: { ...status, startTime: rfc3339(now) }, events: [['Normal', 'Resumed', 'Job resumed']] }
}

interface News {
  readonly type: string
  readonly status?: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/** A condition keeps its place; a new one is the last. */
function withCondition(status: JobStatus, { type, status: value = 'True', reason, message }: News, now: Instant): JobStatus {
  const at = rfc3339(now)
  const condition: JobCondition = { type, status: value, lastProbeTime: at, lastTransitionTime: at, reason, message }
  const conditions = status.conditions ?? []
  return {
    ...status,
    conditions: conditions.some((one) => one.type === type)
      ? conditions.map((one) => (one.type === type ? condition : one))
      : [...conditions, condition],
  }
}
