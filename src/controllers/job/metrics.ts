import { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'
import { inOrder } from '#loop/in-order.ts'
import { decisionOf, endOf, isIndexed } from './facts.ts'
import type { ForsakenView } from './forsaken.ts'
import type { JobView } from './view.ts'

const syncs = 'job_controller_job_syncs_total'
const durations = 'job_controller_job_sync_duration_seconds'
const podsFinished = 'job_controller_job_pods_finished_total'
const stability = 'STABLE'
const ofSync = { stability, labels: ['completion_mode', 'result', 'action'] } as const

/** The reference's. */
export const jobMetrics: readonly ControllerMetric[] = [
  { type: 'counter', name: syncs, help: 'Looks at jobs, by what they led to.', ...ofSync },
  { type: 'histogram', name: durations, help: 'How long they took.', buckets: exponentialBuckets(0.004, 2, 15), ...ofSync },
  { type: 'counter', name: podsFinished, help: 'Pods that were counted.', stability, labels: ['completion_mode', 'result'] },
]

/** What one look did, and how many pods it counted. */
export function measureJob(view: JobView | ForsakenView, { commands }: Plan, { isDone, seconds }: MeasuredOutcome): readonly Measure[] {
  if (view.about !== 'job') return []
  const { job } = view
  const mode = isIndexed(job) ? 'Indexed' : 'NonIndexed'
  const done = inOrder(commands)
  const touches = (what: 'create' | 'delete'): boolean => done.some((command) => command.do === what && command.kind === Pod)
  const idle = decisionOf(job) === undefined && endOf(job) === undefined ? 'tracking' : 'reconciling'
  const action = touches('create') ? 'pods_created' : touches('delete') ? 'pods_deleted' : idle
  const labels = [mode, isDone ? 'success' : 'error', action]
  const written = done.find((command) => command.do === 'update' && command.kind === Job)
  const status = isDone && written?.do === 'update' ? (written.object as unknown as Job).status : job.status
  const counted = (['succeeded', 'failed'] as const).flatMap((result): Measure[] => {
    const value = (status[result] ?? 0) - (job.status[result] ?? 0)
    return value > 0 ? [{ metric: podsFinished, labels: [mode, result], value }] : []
  })
  return [{ metric: syncs, labels }, { metric: durations, labels, value: seconds }, ...counted]
}
