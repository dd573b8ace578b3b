import { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { ControllerMetric, Measure, MeasuredOutcome, Single } from '#loop/controller.ts'
import { inOrder } from '#loop/in-order.ts'
import { decisionOf, endOf, isIndexed, isManagedElsewhere, isTracked, limitsEachIndex } from './facts.ts'
import type { ForsakenView } from './forsaken.ts'
import { parseIndexes, sizeOf } from './index-set.ts'
import type { JobPlan } from './plan.ts'
import type { Tally } from './tally.ts'
import type { JobView } from './view.ts'

const syncs = 'job_controller_job_syncs_total'
const durations = 'job_controller_job_sync_duration_seconds'
const podsFinished = 'job_controller_job_pods_finished_total'
const jobsFinished = 'job_controller_jobs_finished_total'
const judgedFailures = 'job_controller_pod_failures_handled_by_failure_policy_total'
const podsHeld = 'job_controller_terminated_pods_tracking_finalizer_total'
const indexesFinished = 'job_controller_job_finished_indexes_total'
const podsMade = 'job_controller_job_pods_creation_total'
const othersJobs = 'job_controller_jobs_by_external_controller_total'
const stability = 'STABLE'
const ofSync = { stability, labels: ['completion_mode', 'result', 'action'] } as const

/** The reference's. */
export const jobMetrics: readonly ControllerMetric[] = [
  { type: 'counter', name: syncs, help: 'Looks at jobs, by what they led to.', ...ofSync },
  { type: 'histogram', name: durations, help: 'How long they took.', buckets: exponentialBuckets(0.004, 2, 15), ...ofSync },
  { type: 'counter', name: podsFinished, help: 'Pods that were counted.', stability, labels: ['completion_mode', 'result'] },
  { type: 'counter', name: jobsFinished, help: 'Jobs that are over.', stability, labels: ['completion_mode', 'result', 'reason'] },
  { type: 'counter', name: judgedFailures, help: 'Failures by what a policy made of them.', stability: 'BETA', labels: ['action'] },
  {
    type: 'counter',
    name: podsHeld,
    help: 'Ended pods that came to wait for being counted, or ceased to.',
    stability: 'BETA',
    labels: ['event'],
  },
  {
    type: 'counter',
    name: indexesFinished,
    help: 'Indexes that are done or given up.',
    stability: 'ALPHA',
    labels: ['status', 'backoffLimit'],
  },
  { type: 'counter', name: podsMade, help: 'Pods by why they were made, or were to be.', stability: 'ALPHA', labels: ['reason', 'status'] },
  { type: 'counter', name: othersJobs, help: 'Jobs that somebody else runs, by whom.', stability: 'ALPHA', labels: ['controller_name'] },
]

/** What one look did, and how much it counted: what is written is counted, whatever became of what was to follow. */
export function measureJob(
  view: JobView | ForsakenView,
  { commands, tally, judged = [] }: JobPlan,
  outcome: MeasuredOutcome,
): readonly Measure[] {
  if (view.about !== 'job') return []
  const { isDone, became, seconds } = outcome
  const { job } = view
  const mode = isIndexed(job) ? 'Indexed' : 'NonIndexed'
  const all = inOrder(commands)
  const touches = (what: 'create' | 'delete'): boolean => all.some((command) => command.do === what && command.kind === Pod)
  const idle = decisionOf(job) === undefined && endOf(job) === undefined ? 'tracking' : 'reconciling'
  const action = touches('create') ? 'pods_created' : touches('delete') ? 'pods_deleted' : idle
  const labels = [mode, isDone ? 'success' : 'error', action]
  const write = all.find((command) => command.do === 'update' && command.kind === Job)
  const isWritten = write === undefined || became(write) === 'done'
  const after = write?.do === 'update' && isWritten ? (write.object as unknown as Job) : job
  const released = new Set(
    all.flatMap((command) => (command.do === 'patch' && command.kind === Pod && became(command) === 'done' ? [command.name] : [])),
  )
  // A failure that does not count is in no status: it is over with its pod.
  const settled = judged.filter(({ pod, isCounted }) => (isCounted ? isWritten : released.has(pod)))
  return [
    { metric: syncs, labels },
    { metric: durations, labels, value: seconds },
    ...podsCounted(job, after).map(({ result, value }) => ({ metric: podsFinished, labels: [mode, result], value })),
    ...indexesCounted(job, after),
    ...settled.map((one) => ({ metric: judgedFailures, labels: [one.action] })),
    ...(tally === undefined ? [] : creations(job, tally, all, outcome)),
    ...endings(job, after, mode),
  ]
}

/** A pod that ended and still has the finalizer, and one that had, whoever's they are. */
export function measurePod(pod: Pod | undefined, previous: Pod | undefined): readonly Measure[] {
  const [is, was] = [pod, previous].map((one) => one !== undefined && isPodTerminal(one) && isTracked(one))
  return is === was ? [] : [{ metric: podsHeld, labels: [is ? 'add' : 'delete'] }]
}

/** A job that is new here, and is somebody else's to run. */
export function measureNewJob(job: Job | undefined, previous: Job | undefined): readonly Measure[] {
  if (job === undefined || previous !== undefined || !isManagedElsewhere(job)) return []
  return [{ metric: othersJobs, labels: [job.spec.managedBy!] }]
}

/** Of an Indexed job its indexes, of which those beyond its present size were counted once and are no more. */
function podsCounted(before: Job, after: Job) {
  const succeeded = isIndexed(after)
    ? grown(before, after, 'completedIndexes')
    : (after.status.succeeded ?? 0) - (before.status.succeeded ?? 0)
  const counted = [
    { result: 'succeeded', value: succeeded },
    { result: 'failed', value: (after.status.failed ?? 0) - (before.status.failed ?? 0) },
  ]
  return counted.filter(({ value }) => value > 0)
}

function indexesCounted(before: Job, after: Job): readonly Measure[] {
  if (!isIndexed(after)) return []
  const limit = limitsEachIndex(after) ? 'perIndex' : 'global'
  const counted: readonly Measure[] = [
    { metric: indexesFinished, labels: ['succeeded', limit], value: grown(before, after, 'completedIndexes') },
    { metric: indexesFinished, labels: ['failed', limit], value: grown(before, after, 'failedIndexes') },
  ]
  return counted.filter(({ value = 0 }) => value > 0)
}

function grown(before: Job, after: Job, which: 'completedIndexes' | 'failedIndexes'): number {
  const count = ({ status }: Job): number => sizeOf(parseIndexes(status[which], after.spec.completions ?? 0))
  return count(after) - count(before)
}

function creations({ spec }: Job, { failed, terminating }: Tally, all: readonly Single[], { became }: MeasuredOutcome): readonly Measure[] {
  const made = all.filter((command) => command.do === 'create' && command.kind === Pod).map(became)
  const again = failed > 0 && spec.podReplacementPolicy === 'Failed' ? 'recreate_failed' : 'recreate_terminating_or_failed'
  const reason = failed > 0 || terminating > 0 ? again : 'new'
  const counted = [
    { metric: podsMade, labels: [reason, 'succeeded'], value: made.filter((end) => end === 'done').length },
    { metric: podsMade, labels: [reason, 'failed'], value: made.filter((end) => end === 'refused').length },
  ]
  return counted.filter(({ value }) => value > 0)
}

function endings(before: Job, after: Job, mode: string): readonly Measure[] {
  const end = endOf(after)
  if (end === undefined || endOf(before) !== undefined) return []
  return [{ metric: jobsFinished, labels: [mode, end.type === 'Complete' ? 'succeeded' : 'failed', end.reason ?? ''] }]
}
