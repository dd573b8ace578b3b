import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Single } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { parseTime } from '../common/time.ts'
import { zoneOffset } from './zone-offset.ts'

/** The name is a lock: one run has one name, so it is never started twice. */
export const jobName = ({ metadata }: CronJob, run: Instant): string => `${metadata.name}-${Math.floor(run / 60_000)}`

/** The Job of the run that was due at `run`. */
export function createJob(cronJob: CronJob, run: Instant): Single {
  const { namespace } = cronJob.metadata
  const { metadata = {}, spec } = cronJob.spec.jobTemplate
  return {
    do: 'create',
    kind: Job,
    namespace,
    object: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: jobName(cronJob, run),
        namespace,
        ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
        annotations: { ...metadata.annotations, [scheduledTimestamp]: rfc3339In(cronJob.spec.timeZone ?? 'UTC', run) },
        ownerReferences: [ownerReference(CronJob, cronJob)],
      },
      spec,
    },
  }
}

/** With its pods. */
export const deleteJob = (job: Job): Single => ({ do: 'delete', ...targetOf(Job, job), propagationPolicy: 'Background' })

/** As it stands in `status.active`. */
export const referenceTo = ({ metadata: { namespace, name, uid, resourceVersion } }: Job) => ({
  kind: 'Job',
  namespace,
  name,
  uid,
  apiVersion: 'batch/v1',
  resourceVersion,
})

/** How a finished Job ended. */
export const outcomeOf = ({ status }: Job): 'Complete' | 'Failed' | undefined =>
  status.conditions?.find(({ type, status: state }) => (type === 'Complete' || type === 'Failed') && state === 'True')?.type as
    | 'Complete'
    | 'Failed'
    | undefined

export const isFinished = (job: Job): boolean => outcomeOf(job) !== undefined

/** The run that a Job made by `createJob` is of. */
export const runOf = ({ metadata }: { readonly metadata: Pick<ObjectMeta, 'annotations'> }): Instant | undefined =>
  parseTime(metadata.annotations?.[scheduledTimestamp])

const scheduledTimestamp = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** As clocks of the zone show it: `2026-03-29T03:00:00+02:00`. */
function rfc3339In(timeZone: string, at: Instant): string {
  const offset = zoneOffset(timeZone)(at / 1000)
  if (offset === 0) return rfc3339(at)
  const minutes = Math.trunc(Math.abs(offset) / 60)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${rfc3339(at + offset * 1000).slice(0, -1)}${offset < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`
}
