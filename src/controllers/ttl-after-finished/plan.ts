import { Job } from '#api/batch/v1/job.ts'
import type { Instant } from '#lib/clock.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { parseTime } from '../common/time.ts'

export interface FinishedJobView {
  readonly now: Instant
  readonly job: Job
}

/** Deletes a job, and what it made, as long after its end as it asks for. */
export function planFinishedJob({ now, job }: FinishedJobView): Plan {
  const expiresAt = expiryOf(job)
  if (job.metadata.deletionTimestamp !== undefined || expiresAt === undefined) return settled
  if (now < expiresAt) return { commands: [], wakeAt: expiresAt }
  // Only the job as it was looked at: somebody may just have given it more time.
  const { resourceVersion } = job.metadata
  return { commands: [{ do: 'delete', ...targetOf(Job, job), resourceVersion, propagationPolicy: 'Foreground' }], wakeAt: Infinity }
}

/** When it may go; undefined: it is not over, or stays. */
export function expiryOf({ spec, status }: Job): Instant | undefined {
  const { ttlSecondsAfterFinished } = spec
  const end = status.conditions?.find(({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'))
  const finishedAt = parseTime(end?.lastTransitionTime)
  return ttlSecondsAfterFinished === undefined || finishedAt === undefined ? undefined : finishedAt + ttlSecondsAfterFinished * 1000
}
