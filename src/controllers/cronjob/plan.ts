import { CronJob } from '#api/batch/v1/cron-job.ts'
import { type CronSchedule, parseCronSchedule } from '#api/batch/v1/cron-schedule.ts'
import type { Job } from '#api/batch/v1/job.ts'
import { isTimeZone } from '#api/batch/v1/time-zone.ts'
import type { CronJobStatus } from '#api/batch/v1/types.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command } from '#loop/controller.ts'
import { quote } from '#schema/go-text.ts'
import { mergePatch } from '../common/merge-patch.ts'
import { parseTime } from '../common/time.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { createJob, deleteJob, jobName, referenceTo } from './job-of-run.ts'
import { missedRuns, runAfterNow } from './missed-runs.ts'
import { reviewJobs } from './review-jobs.ts'

export interface CronJobView {
  readonly now: Instant
  readonly cronJob: CronJob
  /** Those that it controls, in whatever state. */
  readonly jobs: readonly Job[]
  /** Who has this name in the namespace. */
  readonly jobNamed: (name: string) => Job | undefined
  /** When another schedule, or zone, was seen to take the place of an earlier one. What the new one would have started before is not made up for. */
  readonly rescheduledAt?: Instant | undefined
}

export interface CronJobPlan extends RemarkedPlan {
  /** The latest run that is, or was, due. What there is to say is said anew at each. */
  readonly run?: Instant | undefined
}

/** Starts the Job of the latest run that is due, once, and keeps account of those that were started. */
export function planCronJob(view: CronJobView): CronJobPlan {
  const { now, cronJob } = view
  const notices = createNotices(cronJob)
  const review = reviewJobs(cronJob, view.jobs)
  for (const name of review.unexpected) notices.warn('UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`)
  const status = { ...cronJob.status, ...review.status }
  const decision: Decision = cronJob.metadata.deletionTimestamp === undefined ? decide(view, status, notices) : rest(Infinity)
  const write = decision.creates ? undefined : statusCommand(cronJob, decision.status ?? status)
  return {
    // History goes last: what cannot be deleted must not keep the next run from being started.
    commands: [...review.commands, ...decision.commands, ...(write === undefined ? [] : [write]), ...review.cleanUp],
    wakeAt: Math.max(decision.wakeAt, now),
    remarks: notices.remarks,
    run: decision.run,
  }
}

interface Decision {
  readonly commands: readonly Command[]
  readonly wakeAt: Instant
  readonly run?: Instant
  readonly status?: CronJobStatus
  /** The status is written with the created Job in it, once it is known. */
  readonly creates?: true
}
const rest = (wakeAt: Instant): Decision => ({ commands: [], wakeAt })

function decide(view: CronJobView, status: CronJobStatus, notices: Notices): Decision {
  const { now, cronJob } = view
  const { spec, metadata } = cronJob
  const { timeZone } = spec
  if (timeZone !== undefined && !isKnownZone(timeZone)) {
    notices.warn('UnknownTimeZone', `invalid timeZone: ${quote(timeZone)}: unknown time zone ${timeZone}`)
    return rest(Infinity)
  }
  if (spec.suspend) return rest(Infinity)
  const schedule = scheduleOf(cronJob, notices)
  if (schedule === undefined) return rest(Infinity)

  const since = parseTime(status.lastScheduleTime) ?? parseTime(metadata.creationTimestamp) ?? now
  const deadlineMs = (spec.startingDeadlineSeconds ?? Infinity) * 1000
  // What is past its deadline is not looked for.
  const earliest = Math.max(since, now - deadlineMs)
  const missed = missedRuns(schedule, earliest, now)
  if (missed === undefined) {
    notices.warn('InvalidSchedule', `invalid schedule: ${spec.schedule} : time difference between two schedules is less than 1 second`)
    return rest(Infinity)
  }
  const wakeAt = runAfterNow(schedule, since, now, earliest === since ? missed : undefined)
  const { latest } = missed
  if (latest === undefined) return rest(wakeAt)
  if (view.rescheduledAt !== undefined && latest <= view.rescheduledAt) return rest(wakeAt)
  if (missed.count === 'many') {
    const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
    notices.warn('TooManyMissedTimes', message)
  }
  return { ...start(view, status, latest, notices), wakeAt, run: latest }
}

/** The Job of a run, unless that has been started or may not be. */
function start(view: CronJobView, status: CronJobStatus, run: Instant, notices: Notices): Omit<Decision, 'wakeAt' | 'run'> {
  const { cronJob } = view
  const { concurrencyPolicy } = cronJob.spec
  const name = jobName(cronJob, run)
  const active = status.active ?? []
  if (active.some((job) => job.name === name) || parseTime(status.lastScheduleTime) === run) return { commands: [] }
  const present = view.jobNamed(name)
  if (present !== undefined) {
    // Made by us before we could say so; or by somebody else, who then has the run.
    if (!isControlledBy(present, cronJob)) return { commands: [] }
    return { commands: [], status: { ...status, active: [...active, referenceTo(present)], lastScheduleTime: rfc3339(run) } }
  }
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
    notices.tell('JobAlreadyActive', message)
    return { commands: [] }
  }
  const replaced = concurrencyPolicy === 'Replace' ? view.jobs.filter((job) => isAmong(active, job)) : []
  const leaving = replaced.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return { commands: [...leaving.map(deleteJob), createJob(cronJob, run)], creates: true }
}

const isAmong = (active: NonNullable<CronJobStatus['active']>, job: Job): boolean => active.some(({ uid }) => uid === job.metadata.uid)

/** Its own schedule in its own zone. A zone inside of the schedule was never meant to work, and does. */
function scheduleOf({ spec }: CronJob, notices: Notices): CronSchedule | undefined {
  const { schedule, timeZone } = spec
  const hasZone = schedule.includes('TZ')
  if (hasZone) {
    const where = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/'
    const message = `CRON_TZ or TZ used in schedule ${quote(schedule)} is not officially supported, see ${where} for more details`
    notices.warn('UnsupportedSchedule', message)
  }
  try {
    const parsed = parseCronSchedule(schedule)
    return hasZone || timeZone === undefined || 'everyNs' in parsed ? parsed : { ...parsed, timeZone }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    notices.warn('UnparseableSchedule', `unparseable schedule: ${quote(schedule)} : ${error.message}`)
    return undefined
  }
}

const isKnownZone = (name: string): boolean => name !== '' && isTimeZone(name)

/** The write that brings status up to date; undefined: it is. */
export function statusCommand(cronJob: CronJob, status: CronJobStatus): Command | undefined {
  if (mergePatch(cronJob.status, status) === undefined) return undefined
  return { do: 'update', kind: CronJob, object: { ...cronJob, status } as CronJob, subresource: 'status' }
}

type Notices = ReturnType<typeof createNotices>

/** Events about what is so, not about what was done. */
function createNotices(cronJob: CronJob) {
  const remarks: NonNullable<RemarkedPlan['remarks']>[number][] = []
  const add = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    void remarks.push({ do: 'event', regarding: cronJob, type, reason, message })
  return {
    remarks,
    tell: (reason: string, message: string) => add('Normal', reason, message),
    warn: (reason: string, message: string) => add('Warning', reason, message),
  }
}
