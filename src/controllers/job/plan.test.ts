import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobStatus } from '#api/batch/v1/types.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { controlledBy, namespace } from '../testing/objects.ts'
import { begun, broken, check, condition, done, leaving, limitExceeded, now, running } from './check-plan.ts'
import { jobController } from './controller.ts'
import { createFailureMemory } from './failure-memory.ts'
import { type JobPodFacts, theJob, worldOf } from './testing.ts'

// --- how many pods ------------------------------------------------------------------------------------------------------------------
check('begins: says since when, and makes as many pods as may run at once', { spec: { parallelism: 2, completions: 3 } }, [
  `status {"startTime":"${now}","ready":0,"terminating":0,"uncountedTerminatedPods":{}}`,
  'create pod work-?',
  'create pod work-?',
])
check('makes no more than are still to succeed', { spec: { parallelism: 5, completions: 3 }, status: { ...begun, succeeded: 2 } }, [
  'create pod work-?',
])
check('makes none in a namespace that goes', { status: begun, namespaceIsLeaving: true }, [])
check('makes none while being deleted', { status: begun, metadata: { deletionTimestamp: now, finalizers: ['x'] } }, [])
check(
  'removes what is too much: first the finalizer, so that it counts as nothing',
  {
    spec: { parallelism: 1, completions: 3 },
    status: { ...begun, active: 2 },
    pods: { a: {}, b: { phase: 'Pending' } },
  },
  ['release b', 'delete pod b'],
)
check(
  'takes up an interrupted removal where it ended',
  {
    spec: { parallelism: 1, completions: 3 },
    status: { ...begun, active: 2 },
    pods: { a: { tracked: false }, b: { phase: 'Pending' } },
  },
  ['delete pod a'],
)
check('a parallelism of none removes all', { spec: { parallelism: 0, completions: 1 }, status: running, pods: { a: {} } }, [
  'release a',
  'delete pod a',
])
check('what still runs when enough have succeeded is in the way of the end', { status: { ...running, succeeded: 1 }, pods: { a: {} } }, [
  'release a',
  'delete pod a',
])
check('tells how many are ready', { status: running, pods: { a: { readyAt: 0 } } }, ['status {"ready":1}'])

// --- work queues: no number of completions ----------------------------------------------------------------------------------------------
check('a work queue runs as many as it may', { spec: { parallelism: 3 }, status: begun }, [
  'create pod work-?',
  'create pod work-?',
  'create pod work-?',
])
check(
  'after the first success of a work queue nothing begins, and what runs may end',
  {
    spec: { parallelism: 3 },
    status: { ...begun, active: 2 },
    pods: { a: done, b: {}, c: {} },
  },
  ['status {"uncountedTerminatedPods":{"succeeded":["a"]}}', 'release a'],
)
check('a work queue is done with its last pod', { spec: { parallelism: 3 }, status: { ...begun, succeeded: 1 } }, [
  'status {"conditions":["SuccessCriteriaMet CompletionsReached Reached expected number of succeeded pods"]}',
])

// --- counting ---------------------------------------------------------------------------------------------------------------------------
check(
  'writes a success down before it lets the pod go',
  {
    spec: { completions: 2, parallelism: 1 },
    status: running,
    pods: { a: done },
  },
  ['status {"active":null,"uncountedTerminatedPods":{"succeeded":["a"]}}', 'release a', 'create pod work-?'],
)
check(
  'lets go of what is written down already',
  {
    spec: { completions: 2, parallelism: 1 },
    status: { ...running, uncountedTerminatedPods: { succeeded: ['a'] } },
    pods: { a: done, b: {} },
  },
  ['release a'],
)
check(
  'counts what it let go of',
  {
    spec: { completions: 2, parallelism: 1 },
    status: { ...running, uncountedTerminatedPods: { succeeded: ['a'], failed: ['gone'] } },
    pods: { a: { ...done, tracked: false }, b: {} },
  },
  ['status {"succeeded":1,"failed":1,"uncountedTerminatedPods":{}}'],
)
check(
  'does not look at counted pods again',
  {
    spec: { completions: 2, parallelism: 1 },
    status: { ...running, succeeded: 1, failed: 1 },
    pods: { a: { ...done, tracked: false }, b: {}, c: { ...broken, tracked: false } },
  },
  [],
)
check(
  'keeps the finalizers of others',
  {
    spec: { completions: 2, parallelism: 1 },
    status: { ...running, uncountedTerminatedPods: { succeeded: ['a'] } },
    pods: { a: { ...done, finalizers: ['keep'] }, b: {} },
  },
  ['release a but keep'],
)
check(
  'a deleted pod counts as failed at once, and waits for its turn to be replaced',
  {
    status: running,
    pods: { a: leaving },
  },
  ['status {"active":null,"terminating":1,"uncountedTerminatedPods":{"failed":["a"]}}', 'release a'],
  10,
)
check(
  'one that had begun to go before it was told of stays failed, however it ends',
  {
    status: { ...begun, uncountedTerminatedPods: { failed: ['a'] } },
    pods: { a: { ...done, ...leaving } },
  },
  ['release a', 'create pod work-?'],
)
check(
  'with the policy Failed a deleted pod is waited for',
  {
    spec: { completions: 1, podReplacementPolicy: 'Failed' },
    status: running,
    pods: { a: leaving },
  },
  ['status {"active":null,"terminating":1}'],
)
check(
  'and counted and replaced when it has failed',
  {
    spec: { completions: 1, podReplacementPolicy: 'Failed' },
    status: { ...begun, terminating: 1 },
    pods: { a: { ...broken, ...leaving } },
  },
  ['status {"terminating":0,"uncountedTerminatedPods":{"failed":["a"]}}', 'release a', 'create pod work-?'],
)
check(
  'a job that is being deleted lets go of all, and counts what ended',
  {
    spec: { completions: 3, parallelism: 3 },
    status: { ...begun, active: 1 },
    metadata: { deletionTimestamp: now, finalizers: ['x'] },
    pods: { a: done, b: {} },
  },
  ['status {"uncountedTerminatedPods":{"succeeded":["a"]}}', 'release a', 'release b'],
)

// --- ends -------------------------------------------------------------------------------------------------------------------------------
check('decides first', { status: running, pods: { a: done } }, [
  'status {"active":null,"uncountedTerminatedPods":{"succeeded":["a"]},"conditions":["SuccessCriteriaMet CompletionsReached Reached expected number of succeeded pods"]}',
  'release a',
])
const enough = condition('SuccessCriteriaMet', 'CompletionsReached', 'Reached expected number of succeeded pods')
check(
  'is complete when all is counted',
  {
    status: { ...begun, uncountedTerminatedPods: { succeeded: ['a'] }, conditions: [enough] },
    pods: { a: { ...done, tracked: false } },
  },
  [
    `status {"succeeded":1,"uncountedTerminatedPods":{},"conditions":["SuccessCriteriaMet CompletionsReached Reached expected number of succeeded pods","Complete CompletionsReached Reached expected number of succeeded pods"],"completionTime":"${now}"}`,
    'event Normal Completed Job completed',
  ],
)
check(
  'is not complete while a pod ends',
  {
    status: { ...begun, succeeded: 1, terminating: 1, conditions: [enough] },
    pods: { a: { ...leaving, tracked: false } },
  },
  [],
)
check('tells of too many successes', { status: { ...begun, succeeded: 2, conditions: [enough] } }, [
  `status {"conditions":["SuccessCriteriaMet CompletionsReached Reached expected number of succeeded pods","Complete CompletionsReached Reached expected number of succeeded pods"],"completionTime":"${now}"}`,
  'event Warning TooManySucceededPods Too many succeeded pods running after completion count reached',
  'event Normal Completed Job completed',
])
check(
  'what a success leaves over is removed, and counts as nothing',
  {
    status: { ...running, succeeded: 1, conditions: [enough] },
    pods: { a: {} },
  },
  ['release a', 'delete pod a'],
)
check('no completions at all are done at once', { spec: { completions: 0, parallelism: 1 }, status: begun }, [
  'status {"conditions":["SuccessCriteriaMet CompletionsReached Reached expected number of succeeded pods"]}',
])
check(
  'a failure too many ends the job, and what runs is deleted but not let go',
  {
    spec: { completions: 2, parallelism: 2, backoffLimit: 0 },
    status: { ...begun, active: 2 },
    pods: { a: broken, b: {} },
  },
  [
    `status {"active":1,"uncountedTerminatedPods":{"failed":["a"]},"conditions":["FailureTarget ${limitExceeded}"]}`,
    'release a',
    'delete pod b',
  ],
)
const target = condition('FailureTarget', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit')
check(
  'what was left of a failed job has failed',
  {
    spec: { completions: 2, parallelism: 2, backoffLimit: 0, podReplacementPolicy: 'Failed' },
    status: { ...running, failed: 1, conditions: [target] },
    pods: { b: leaving },
  },
  ['status {"active":null,"terminating":1,"uncountedTerminatedPods":{"failed":["b"]}}', 'release b'],
)
check(
  'has failed when all have ended',
  { status: { ...begun, failed: 2, conditions: [target] }, pods: { b: { ...broken, tracked: false } } },
  [`status {"conditions":["FailureTarget ${limitExceeded}","Failed ${limitExceeded}"]}`, `event Warning ${limitExceeded}`],
)
check(
  'restarts in place count where containers are restarted',
  {
    spec: { completions: 1, backoffLimit: 3, template: onFailure() },
    status: running,
    pods: { a: { restarts: 3 } },
  },
  [`status {"conditions":["FailureTarget ${limitExceeded}"]}`, 'delete pod a'],
)
check(
  'but not below the limit',
  { spec: { completions: 1, backoffLimit: 3, template: onFailure() }, status: running, pods: { a: { restarts: 2 } } },
  [],
)
check('the deadline ends it', { spec: { completions: 1, activeDeadlineSeconds: 3600 }, status: running, pods: { a: {} } }, [
  'status {"conditions":["FailureTarget DeadlineExceeded Job was active longer than specified deadline"]}',
  'delete pod a',
])
check(
  'is looked at again at the deadline',
  { spec: { completions: 1, activeDeadlineSeconds: 3605 }, status: running, pods: { a: {} } },
  [],
  5,
)
check(
  'a decision is not taken back',
  {
    spec: { completions: 1, backoffLimit: 100 },
    status: { ...running, conditions: [target] },
    pods: { a: {} },
  },
  ['delete pod a'],
)
check(
  'failure goes before success',
  {
    spec: { completions: 1, backoffLimit: 0 },
    status: begun,
    pods: { a: done, b: broken },
  },
  [
    `status {"uncountedTerminatedPods":{"succeeded":["a"],"failed":["b"]},"conditions":["FailureTarget ${limitExceeded}"]}`,
    'release a',
    'release b',
  ],
)

// --- back-off ---------------------------------------------------------------------------------------------------------------------------
backsOff('the first failure costs 10 s', { a: { exit: [1, 4] } }, 6)
backsOff('the second 20 s', { a: { exit: [1, 14] }, b: { exit: [1, 4] } }, 16)
backsOff('the third 40 s, counted or not', { a: { exit: [1, 14], tracked: false }, b: { exit: [1, 4] }, c: { exit: [1, 30] } }, 36)
backsOff('no more than 10 min', Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, { exit: [1, i + 1] as const }])), 599)
backsOff('only failures after the last success count', { a: { exit: [1, 90] }, b: { exit: [0, 80] }, c: { exit: [1, 4] } }, 6)
backsOff('a success later than all failures forgives them', { a: { exit: [1, 5] }, b: { exit: [0, 4] } }, 0)
backsOff('what was removed as surplus is no failure', { a: { exit: [143, 1], tracked: false, deletedAt: Date.parse(now) } }, 0)

test('a pod that was deleted and yet ended well forgives no failure, its own least', () => {
  const memory = createFailureMemory()
  const world = worldOf({ pods: { a: leaving } })
  const recent = () => memory.recent('shop/work', theJob(world), world.list(Pod)).count
  assert.equal(recent(), 1)
  world.change(Pod, 'a', namespace, { status: { phase: 'Succeeded' } })
  assert.equal(recent(), 1)
})

test('remembers the failure of a pod that is gone', () => {
  const controller = jobController()
  const world = worldOf({ status: running, pods: { a: { node: 'n1' } } })
  world.do({ do: 'delete', kind: Pod, name: 'a', namespace, uid: world.get(Pod, 'a', namespace)!.metadata.uid })
  world.settle([controller])
  const deleted = world.get(Pod, 'a', namespace)!
  world.do({ do: 'delete', kind: Pod, name: 'a', namespace, uid: deleted.metadata.uid, gracePeriodSeconds: 0 })
  assert.equal(world.settle([controller]), world.now + 10_000)
  assert.equal(world.list(Pod).length, 0)
  world.now += 10_000
  world.settle([controller])
  assert.equal(world.list(Pod).length, 1)
})

// --- suspension -------------------------------------------------------------------------------------------------------------------------
const held = condition('Suspended', 'JobSuspended', 'Job suspended')
check('begins suspended', { spec: { completions: 1, suspend: true } }, [
  'status {"ready":0,"terminating":0,"uncountedTerminatedPods":{},"conditions":["Suspended JobSuspended Job suspended"]}',
  'event Normal Suspended Job suspended',
])
check('suspending removes all pods and forgets the start', { spec: { completions: 1, suspend: true }, status: running, pods: { a: {} } }, [
  'status {"startTime":null,"conditions":["Suspended JobSuspended Job suspended"]}',
  'event Normal Suspended Job suspended',
  'release a',
  'delete pod a',
])
check('resuming begins anew', { status: { ...begun, startTime: undefined, conditions: [held] } as JobStatus }, [
  `status {"startTime":"${now}","conditions":["Suspended=False JobResumed Job resumed"]}`,
  'event Normal Resumed Job resumed',
  'create pod work-?',
])
check(
  'time spent suspended is no time active',
  {
    spec: { completions: 1, suspend: true, activeDeadlineSeconds: 1 },
    status: { ...begun, conditions: [held] },
  },
  [],
)

check(
  'what has nothing to do is done even while it is suspended, and was never begun',
  {
    spec: { completions: 0, suspend: true },
    status: { ...begun, startTime: undefined, conditions: [enough] } as JobStatus,
  },
  [
    `status {"conditions":["SuccessCriteriaMet CompletionsReached Reached expected number of succeeded pods","Complete CompletionsReached Reached expected number of succeeded pods"],"completionTime":"${now}"}`,
    'event Normal Completed Job completed',
  ],
)
check(
  'what fails while it is suspended gets a start with its end',
  {
    spec: { completions: 1, suspend: true },
    status: { ...begun, startTime: undefined, failed: 1, conditions: [held, target] } as JobStatus,
  },
  [
    `status {"startTime":"${now}","conditions":["Suspended JobSuspended Job suspended","FailureTarget ${limitExceeded}","Failed ${limitExceeded}"]}`,
    `event Warning ${limitExceeded}`,
  ],
)

// --- whose pods -------------------------------------------------------------------------------------------------------------------------
check('adopts an orphan that it selects, and holds it', { status: running, pods: { a: { owners: [], tracked: false } } }, [
  'confirm that job work is unchanged',
  'patch pod a {"metadata":{"ownerReferences":["job"],"finalizers":["batch.kubernetes.io/job-tracking"]}}',
])
check('lets go of a pod that it selects no more', { status: running, pods: { a: { labels: {} } } }, [
  'patch pod a {"metadata":{"ownerReferences":null,"finalizers":null}}',
])
check(
  'leaves the pods of others alone',
  { status: running, pods: { a: {}, b: { owners: [controlledBy('ReplicaSet', 'rs')], labels: {} } } },
  [],
)
check('leaves a job to whom it names', { spec: { completions: 1, managedBy: 'example.com/other' }, pods: { a: done } }, [])
check(
  'does nothing about a job that is over',
  {
    status: { ...begun, failed: 1, conditions: [target, condition('Failed', 'BackoffLimitExceeded', '')] },
  },
  [],
)

function onFailure() {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'work' }], restartPolicy: 'OnFailure' } }
}

function backsOff(name: string, pods: Readonly<Record<string, JobPodFacts>>, seconds: number): void {
  test(name, () => {
    const world = worldOf({ spec: { completions: 100, parallelism: 1, backoffLimit: 100 }, status: begun, pods })
    const controller = jobController()
    const wakeAt = world.settle([controller])
    assert.equal(world.list(Pod).length - Object.keys(pods).length, seconds === 0 ? 1 : 0)
    if (seconds === 0) return
    assert.equal(wakeAt, world.now + seconds * 1000)
    world.now = wakeAt
    world.settle([controller])
    assert.equal(world.list(Pod).length - Object.keys(pods).length, 1)
  })
}
