import { Job } from '#api/batch/v1/job.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { ControllerMetric, Measure, MeasuredOutcome } from '#loop/controller.ts'
import type { CronJobPlan, CronJobView } from './plan.ts'

const skew = 'cronjob_controller_job_creation_skew_duration_seconds'

/** The reference's. */
export const cronJobMetrics: readonly ControllerMetric[] = [
  {
    type: 'histogram',
    name: skew,
    help: 'How long after the time of its run a job was made.',
    stability: 'STABLE',
    buckets: exponentialBuckets(1, 2, 10),
  },
]

/** How late a job was that has been made. */
export function measureCronJob({ now }: CronJobView, { commands, run }: CronJobPlan, { became }: MeasuredOutcome): readonly Measure[] {
  const isMade = commands.some((command) => command.do === 'create' && command.kind === Job && became(command) === 'done')
  return isMade && run !== undefined ? [{ metric: skew, value: (now - run) / 1000 }] : []
}
