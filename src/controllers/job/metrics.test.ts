import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { begun, broken, done } from './check-plan.ts'
import { jobController } from './controller.ts'
import { trackingFinalizer } from './facts.ts'
import { measureNewJob, measurePod } from './metrics.ts'
import { type Given, jobKey, jobObject, jobPod, worldOf } from './testing.ts'

interface Case extends Given {
  /** So many looks; absent: until nothing is left to do. */
  readonly looks?: number
  /** No pod can be made. */
  readonly isFull?: true
}

/** What looks at a job add to the counters, without those of the looks themselves. */
function check(name: string, { looks, isFull, ...given }: Case, expected: Readonly<Record<string, number>>): void {
  test(name, () => {
    const world = worldOf(given)
    if (isFull) world.refuse = (command) => (command.do === 'create' ? new WherryError('Forbidden', 'exceeded quota') : undefined)
    const controller = jobController()
    if (looks === undefined) world.settle([controller])
    else for (let look = 0; look < looks; look += 1) world.pass(controller, jobKey)
    const counted = [...world.counted]
      .map(([series, value]) => [series.replace('job_controller_', ''), value] as const)
      .filter(([series]) => !series.startsWith('job_syncs'))
    assert.deepEqual(Object.fromEntries(counted), expected)
  })
}

const tracked = { status: begun }

check(
  'a job that is complete',
  { ...tracked, pods: { a: done } },
  {
    'job_pods_finished_total{NonIndexed,succeeded}': 1,
    'jobs_finished_total{NonIndexed,succeeded,CompletionsReached}': 1,
  },
)
check(
  'a job that fails',
  { ...tracked, spec: { backoffLimit: 0 }, pods: { a: broken } },
  {
    'job_pods_finished_total{NonIndexed,failed}': 1,
    'jobs_finished_total{NonIndexed,failed,BackoffLimitExceeded}': 1,
  },
)
check(
  'indexes, done and given up',
  {
    ...tracked,
    spec: { completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 0 },
    pods: { a: { ...done, index: 0 }, b: { ...broken, index: 1 } },
  },
  {
    'job_finished_indexes_total{succeeded,perIndex}': 1,
    'job_finished_indexes_total{failed,perIndex}': 1,
    'job_pods_finished_total{Indexed,succeeded}': 1,
    'job_pods_finished_total{Indexed,failed}': 1,
    'jobs_finished_total{Indexed,failed,FailedIndexes}': 1,
  },
)
check(
  'an Indexed job that was made smaller takes back nothing',
  {
    status: { ...begun, succeeded: 3, completedIndexes: '0-2' },
    spec: { completionMode: 'Indexed', completions: 2, parallelism: 2 },
    looks: 1,
  },
  {},
)
check(
  'pods that are made',
  { ...tracked, spec: { parallelism: 2, completions: 2 }, looks: 1 },
  { 'job_pods_creation_total{new,succeeded}': 2 },
)
check(
  'what was counted is told, though no further pod could be made',
  { ...tracked, spec: { completions: 3, parallelism: 2 }, pods: { a: done }, looks: 2, isFull: true },
  { 'job_pods_creation_total{new,failed}': 2, 'job_pods_finished_total{NonIndexed,succeeded}': 1 },
)
for (const [policy, reason] of [
  ['Failed', 'recreate_failed'],
  ['TerminatingOrFailed', 'recreate_terminating_or_failed'],
] as const)
  check(
    `pods that are made again: ${policy}`,
    { ...tracked, spec: { podReplacementPolicy: policy }, pods: { a: broken }, looks: 1 },
    { [`job_pods_creation_total{${reason},succeeded}`]: 1 },
  )

const judging = (action: string) => ({ rules: [{ action, onExitCodes: { operator: 'In', values: [1] } }] })
for (const [action, counted] of [
  ['Ignore', {}],
  ['Count', { 'job_pods_finished_total{NonIndexed,failed}': 1 }],
] as const)
  check(
    `failures that a policy judges: ${action}`,
    { ...tracked, spec: { podFailurePolicy: judging(action), podReplacementPolicy: 'Failed' }, pods: { a: broken }, looks: 3 },
    {
      ...counted,
      [`job_pods_creation_total{${action === 'Ignore' ? 'new' : 'recreate_failed'},succeeded}`]: 1,
      [`pod_failures_handled_by_failure_policy_total{${action}}`]: 1,
    },
  )

const podOf = (facts: Parameters<typeof jobPod>[1]) => jobPod('a', facts, 0) as Pod
const [runs, ended, released] = [podOf({ phase: 'Running' }), podOf(done), podOf({ ...done, tracked: false })]
const events: Readonly<Record<string, readonly [pod: Pod | undefined, previous: Pod | undefined, event: string | undefined]>> = {
  ends: [ended, runs, 'add'],
  'has ended before it is seen': [ended, undefined, 'add'],
  'still waits': [ended, ended, undefined],
  'is let go of': [released, ended, 'delete'],
  'goes while it waits': [undefined, ended, 'delete'],
  'goes after': [undefined, released, undefined],
  runs: [runs, undefined, undefined],
}
for (const [name, [pod, previous, event]] of Object.entries(events))
  test(`a pod with the finalizer ${trackingFinalizer} that ${name}`, () => {
    const metric = 'job_controller_terminated_pods_tracking_finalizer_total'
    assert.deepEqual(measurePod(pod, previous), event === undefined ? [] : [{ metric, labels: [event] }])
  })

test('a job of somebody else is counted once', () => {
  const others = jobObject({ managedBy: 'example.com/batch' }) as Job
  const metric = 'job_controller_jobs_by_external_controller_total'
  assert.deepEqual(measureNewJob(others, undefined), [{ metric, labels: ['example.com/batch'] }])
  for (const none of [measureNewJob(others, others), measureNewJob(undefined, others), measureNewJob(jobObject() as Job, undefined)])
    assert.deepEqual(none, [])
})
