import type { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import type { CronJobStatus } from '#api/batch/v1/types.ts'
import type { Command } from '#loop/controller.ts'
import { parseTime } from '../common/time.ts'
import { deleteJob, isFinished, outcomeOf } from './job-of-run.ts'

export interface Review {
  /** What the jobs say of the status: those that run, and when one last succeeded. */
  readonly status: Pick<CronJobStatus, 'active' | 'lastSuccessfulTime'>
  readonly commands: readonly Command[]
  /** Deletes what is more than the history holds. */
  readonly cleanUp: readonly Command[]
  /** Names of running jobs that it does not remember to have started. */
  readonly unexpected: readonly string[]
}

/** Compares what the status says of a CronJob's Jobs with the Jobs. */
export function reviewJobs(cronJob: CronJob, jobs: readonly Job[]): Review {
  const surplus = new Set([
    ...oldest(jobs, 'Complete', cronJob.spec.successfulJobsHistoryLimit),
    ...oldest(jobs, 'Failed', cronJob.spec.failedJobsHistoryLimit),
  ])
  const commands: Command[] = []
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]))
  const active = (cronJob.status.active ?? []).filter(({ uid = '', name = '' }) => {
    const job = byUid.get(uid)
    if (job === undefined) {
      // The cache of jobs may be behind that of their owners: a run that is under way must not be taken for one that is over.
      const { namespace } = cronJob.metadata
      commands.push({ do: 'confirmAbsent', kind: Job, name, namespace, uid })
      commands.push(event(cronJob, 'MissingJob', `Active job went missing: ${name}`))
      return false
    }
    if (surplus.has(job)) return false
    if (!isFinished(job)) return true
    commands.push(event(cronJob, 'SawCompletedJob', `Saw completed job: ${name}, condition: ${outcomeOf(job)}`))
    return false
  })
  const known = new Set((cronJob.status.active ?? []).map(({ uid }) => uid))
  return {
    status: { active: active.length === 0 ? undefined : active, lastSuccessfulTime: latestSuccess(cronJob, jobs) },
    commands,
    cleanUp: together([...surplus].filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(deleteJob)),
    unexpected: jobs.filter((job) => !isFinished(job) && !known.has(job.metadata.uid)).map(({ metadata }) => metadata.name),
  }
}

const together = (commands: readonly ReturnType<typeof deleteJob>[]): Command[] =>
  commands.length === 0 ? [] : [{ do: 'together', commands, ifFails: 'goOn' }]

/** Those of an outcome that are more than the limit; no limit: none is. */
function oldest(jobs: readonly Job[], outcome: 'Complete' | 'Failed', limit: number | undefined): readonly Job[] {
  if (limit === undefined) return []
  const ended = jobs.filter((job) => outcomeOf(job) === outcome).toSorted(byStart)
  return ended.slice(0, Math.max(0, ended.length - limit))
}

/** Those that never began come last, equal ones in the order of their names. */
function byStart(a: Job, b: Job): number {
  const [left, right] = [a, b].map(({ status }) => parseTime(status.startTime) ?? Infinity) as [number, number]
  if (left !== right) return left < right ? -1 : 1
  return a.metadata.name < b.metadata.name ? -1 : 1
}

function latestSuccess({ status }: CronJob, jobs: readonly Job[]): string | undefined {
  let latest = status.lastSuccessfulTime
  for (const job of jobs) {
    const { completionTime } = job.status
    if (outcomeOf(job) !== 'Complete' || completionTime === undefined) continue
    if (latest === undefined || parseTime(completionTime)! > parseTime(latest)!) latest = completionTime
  }
  return latest
}

const event = (cronJob: CronJob, reason: string, message: string): Command => ({
  do: 'event',
  regarding: cronJob,
  type: 'Normal',
  reason,
  message,
})
