import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { controlledBy, namespace } from '../testing/objects.ts'
import { show } from '../testing/world.ts'
import { jobController } from './controller.ts'
import { isTracked, trackingFinalizer } from './facts.ts'
import { type Given, type JobPodFacts, jobKey, jobObject, jobPod, refusal, theJob, worldOf } from './testing.ts'

const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'work', uid: 'job', controller: true, blockOwnerDeletion: true }

test('a pod is held by the job from its first moment', () => {
  const world = worldOf({})
  world.pass(jobController(), jobKey)
  const [pod] = world.list(Pod)
  assert.deepEqual(pod!.metadata.ownerReferences, [owner])
  assert.deepEqual(pod!.metadata.finalizers, [trackingFinalizer])
  assert.deepEqual(pod!.metadata.labels, { app: 'web' })
  assert.equal(pod!.metadata.annotations, undefined)
  assert.match(pod!.metadata.name, /^work-\d+$/)
})

test('a job with the longest of names still makes pods', () => {
  const name = 'a'.repeat(253)
  const world = worldOf({ metadata: { name } })
  world.pass(jobController(), `${namespace}/${name}`)
  assert.deepEqual(
    world.list(Pod).map(({ metadata }) => metadata.generateName),
    [name],
  )
})

test('a pod of an index is told which: by label, annotation, hostname, name and environment', () => {
  const container = { name: 'main', image: 'work', env: [{ name: 'A', value: 'b' }] }
  const own = { name: 'own', image: 'work', env: [{ name: 'JOB_COMPLETION_INDEX', value: 'mine' }] }
  const spec = { containers: [container, own], initContainers: [{ name: 'first', image: 'work' }], restartPolicy: 'Never' }
  const template = { metadata: { labels: { app: 'web' }, annotations: { a: 'b' }, finalizers: ['keep'] }, spec }
  const world = worldOf({ spec: { completionMode: 'Indexed', completions: 1, parallelism: 1, backoffLimitPerIndex: 1, template } })
  world.pass(jobController(), jobKey)
  const [pod] = world.list(Pod)
  const index = 'batch.kubernetes.io/job-completion-index'
  assert.match(pod!.metadata.name, /^work-0-\d+$/)
  assert.equal(pod!.spec.hostname, 'work-0')
  assert.deepEqual(pod!.metadata.labels, { app: 'web', [index]: '0' })
  assert.deepEqual(pod!.metadata.annotations, { a: 'b', [index]: '0', 'batch.kubernetes.io/job-index-failure-count': '0' })
  assert.deepEqual(pod!.metadata.finalizers, ['keep', trackingFinalizer])
  const variable = { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${index}']` } } }
  assert.deepEqual(
    [...pod!.spec.initContainers!, ...pod!.spec.containers].map(({ env }) => env),
    [[variable], [...container.env, variable], own.env],
  )
})

test('a long name leaves room for the index', () => {
  const name = 'x'.repeat(63)
  const world = worldOf({})
  world.put(Job, jobObject({ completionMode: 'Indexed', completions: 11, parallelism: 11 }, {}, { name, uid: 'long' }))
  world.pass(jobController(), `${namespace}/${name}`)
  assert.match(world.list(Pod).at(-1)!.metadata.name, /^x{54}-10-\d+$/)
})

succeeds('takes over how often its index has failed', { exit: [1, 3600], index: 0, failures: 2 }, { 'job-index-failure-count': '3' })
succeeds(
  'takes over what was ignored',
  { exit: [7, 3600], index: 0, failures: 2, annotations: { 'batch.kubernetes.io/job-index-ignored-failure-count': '1' } },
  { 'job-index-failure-count': '2', 'job-index-ignored-failure-count': '2' },
)
succeeds(
  'takes a spoiled annotation for none',
  { exit: [1, 3600], index: 0, annotations: { 'batch.kubernetes.io/job-index-failure-count': '-1' } },
  {
    'job-index-failure-count': '1',
  },
)

/** With which annotations the successor of a failed pod is made. */
function succeeds(name: string, pod: JobPodFacts, expected: Readonly<Record<string, string>>): void {
  test(`a successor ${name}`, () => {
    const podFailurePolicy = { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } }] }
    const spec = {
      completionMode: 'Indexed',
      completions: 1,
      parallelism: 1,
      backoffLimit: 2 ** 31 - 1,
      backoffLimitPerIndex: 9,
      podFailurePolicy,
    }
    const world = worldOf({ spec, pods: { a: pod } })
    world.settle([jobController()])
    const successor = world.list(Pod).find(({ metadata }) => metadata.name !== 'a')!
    const { 'batch.kubernetes.io/job-completion-index': _index, ...failures } = successor.metadata.annotations!
    assert.deepEqual(failures, Object.fromEntries(Object.entries(expected).map(([key, value]) => [`batch.kubernetes.io/${key}`, value])))
  })
}

test('the successor goes by the pod that failed most often', () => {
  const spec = { completionMode: 'Indexed', completions: 1, parallelism: 1, backoffLimit: 2 ** 31 - 1, backoffLimitPerIndex: 9 }
  const world = worldOf({ spec, pods: { a: { exit: [1, 3600], index: 0, failures: 4 }, b: { exit: [1, 3000], index: 0, failures: 1 } } })
  world.pass(jobController(), jobKey)
  assert.equal(world.list(Pod).at(-1)!.metadata.annotations!['batch.kubernetes.io/job-index-failure-count'], '5')
})

const at = Date.parse('2025-12-31T12:00:00Z')
removes('one that nobody runs yet', { a: {}, b: { node: '' } })
removes('one that is not up yet', { a: {}, b: { phase: 'Pending' } })
removes('one that is not ready', { a: { readyAt: at }, b: {} })
removes('the one that became ready last', { a: { readyAt: at }, b: { readyAt: at + 1000 }, c: { readyAt: at } })
removes('the one that was restarted', { a: {}, b: { restarts: 1 } })
removes('the youngest', { a: { createdAt: at }, b: { createdAt: at + 1000 }, c: { createdAt: at } })

/** Of one pod too many it is `b` that goes. */
function removes(name: string, pods: Readonly<Record<string, JobPodFacts>>): void {
  test(`removes ${name}`, () => {
    const world = worldOf({ spec: { completions: 9, parallelism: Object.keys(pods).length - 1 }, pods })
    const { commands } = world.pass(jobController(), jobKey)
    assert.deepEqual(
      commands.flatMap((command) => (command.do === 'delete' ? [command.name] : [])),
      ['b'],
    )
  })
}

test('tells of pods made, deleted, and refused', () => {
  const world = worldOf({})
  const controller = jobController()
  world.settle([controller])
  const { name } = world.list(Pod)[0]!.metadata
  world.change(Job, 'work', namespace, { spec: { suspend: true } })
  world.settle([controller])
  world.refuse = (command) => (command.do === 'create' ? new WherryError('Forbidden', 'exceeded quota') : refusal(world, command))
  world.change(Job, 'work', namespace, { spec: { suspend: false } })
  world.pass(controller, jobKey)
  assert.deepEqual(world.events.map(show), [
    `event Normal SuccessfulCreate Created pod: ${name}`,
    'event Normal Suspended Job suspended',
    `event Normal SuccessfulDelete Deleted pod: ${name}`,
    'event Normal Resumed Job resumed',
    'event Warning FailedCreate Error creating: exceeded quota',
  ])
})

test('what cannot be made does not keep what ended from being counted', () => {
  const world = worldOf({ spec: { completions: 2, parallelism: 2 }, pods: { a: { exit: [0, 9] } } })
  const controller = jobController()
  world.refuse = (command) => (command.do === 'create' ? new WherryError('Forbidden', 'exceeded quota') : refusal(world, command))
  for (let looks = 0; looks < 3; looks += 1) world.pass(controller, jobKey)
  assert.equal(theJob(world).status.succeeded, 1)
  assert.equal(world.list(Pod).some(isTracked), false)
})

test('tells of no more than 500 pods at once, and of all in the end', () => {
  const pods = Object.fromEntries(Array.from({ length: 1203 }, (_, i) => [`p${i}`, { exit: [0, 9] as const }]))
  const world = worldOf({ spec: { completions: 1203, parallelism: 1203 }, pods })
  const controller = jobController()
  world.pass(controller, jobKey)
  assert.equal(theJob(world).status.uncountedTerminatedPods!.succeeded!.length, 500)
  assert.equal(world.list(Pod).filter(isTracked).length, 703)
  world.settle([controller])
  const { succeeded, conditions } = theJob(world).status
  assert.equal(succeeded, 1203)
  assert.equal(conditions!.at(-1)!.type, 'Complete')
})

test('makes and removes no more than 500 at once', () => {
  const world = worldOf({ spec: { completions: 2000, parallelism: 1200 } })
  const controller = jobController()
  world.pass(controller, jobKey)
  assert.equal(world.list(Pod).length, 500)
  world.settle([controller])
  assert.equal(world.list(Pod).length, 1200)
})

// --- pods that no job counts ----------------------------------------------------------------------------------------------------------

const over = {
  startTime: '2025-12-31T23:00:00Z',
  conditions: [{ type: 'Failed', status: 'True', lastProbeTime: null, lastTransitionTime: null }],
}
const live = { startTime: '2025-12-31T23:00:00Z' }
forsakes('whose job is over', { status: over }, {}, true)
forsakes('whose job is gone', { status: live }, { owners: [{ ...owner, name: 'gone', uid: 'gone' }] }, true)
forsakes('whose job has a successor of the same name', { status: live }, { owners: [{ ...owner, uid: 'old' }] }, true)
forsakes('of a job that somebody else runs', { status: over, spec: { managedBy: 'example.com/other' } }, {}, false)
forsakes('of another kind of owner', { status: over }, { owners: [controlledBy('ReplicaSet', 'rs')] }, false)
forsakes('of nobody', { status: live }, { owners: [], labels: {} }, true)
forsakes('of nobody that a job over selects', { status: over }, { owners: [] }, true)
forsakes('of nobody that goes, which no job adopts', { status: live }, { owners: [], deletedAt: at }, true)
forsakes('that a job counts', { status: live }, {}, false)

/** Whether a pod with the finalizer is let go of, by a job controller that begins with this world. */
function forsakes(name: string, given: Given, facts: JobPodFacts, isReleased: boolean): void {
  test(`${isReleased ? 'lets go of' : 'holds'} a pod ${name}`, () => {
    const world = worldOf(given)
    world.put(Pod, jobPod('a', { finalizers: ['keep'], ...facts }, world.now))
    world.settle([jobController()])
    assert.deepEqual(world.get(Pod, 'a', namespace)!.metadata.finalizers, isReleased ? ['keep'] : ['keep', trackingFinalizer])
  })
}

test('lets go of the pods of a job that is deleted, when it is seen to be gone', () => {
  const world = worldOf({ pods: { a: {} } })
  const controller = jobController()
  world.settle([controller])
  world.remove(Job, theJob(world))
  world.settle([controller])
  assert.equal(world.list(Pod).some(isTracked), false)
})

test('asks for a job that is not shown before it lets go of a pod', () => {
  const world = worldOf({})
  world.put(Pod, jobPod('a', {}, world.now))
  const controller = jobController()
  // A cache in which the job is late.
  const late = { get: () => undefined, list: () => [], ownedBy: () => [], indexed: () => [] }
  const view = controller.view(
    `pod/${namespace}/a`,
    { ...late, get: (kind: object, name: string) => (kind === Pod ? world.get(Pod, name, namespace) : undefined) } as never,
    world.now,
  )
  const { commands } = controller.plan(view!)
  assert.deepEqual(commands.map(show), ['confirm that job work is gone', 'patch pod a {"metadata":{"finalizers":null}}'])
  assert.throws(() => world.do(commands[0] as never), { code: 'Conflict' })
})
