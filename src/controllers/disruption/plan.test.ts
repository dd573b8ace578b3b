import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { kind } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { controlledBy, namespace, type PodFacts, pod, template } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { disruptionController } from './controller.ts'

const now = new World().now
/** A kind of a definition: its count stands somewhere else. */
const Widget = kind(
  Deployment,
  {
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    plural: 'widgets',
    singular: 'widget',
    scope: 'Namespaced',
    subresources: {
      scale: {
        ...(Deployment.subresources!['scale'] as object),
        show: ({ spec }: { spec: { size: number } }) => ({ spec: { replicas: spec.size }, status: {} }),
        unreadable: ({ spec }: { spec: { size?: number } }) =>
          spec.size === undefined ? 'the spec replicas field ".spec.size" does not exist' : undefined,
      } as never,
    },
  },
  {},
)
const controller = disruptionController(createServedKinds([...kinds, Widget].filter(({ verbs }) => verbs === undefined)))

const ready: PodFacts = { node: 'n', readyAt: now - 1000 }
const unready: PodFacts = { node: 'n' }
const ofSet = (facts: PodFacts = ready): PodFacts => ({ ...facts, owners: [controlledBy('ReplicaSet', 'rs')] })

check('no pods: none may go', { minAvailable: 1 }, {}, { healthy: 0, desired: 1, expected: 0, allowed: 0 })
check(
  'a number that must stay',
  { minAvailable: 1 },
  { a: ready, b: ready, c: unready },
  { healthy: 2, desired: 1, expected: 3, allowed: 1 },
)
check('fewer than must stay', { minAvailable: 3 }, { a: ready, b: ready }, { healthy: 2, desired: 3, expected: 2, allowed: 0 })
check(
  'a percentage that must stay is rounded up',
  { minAvailable: '50%' },
  { a: ofSet(), b: ofSet() },
  { healthy: 2, desired: 2, expected: 3, allowed: 0 },
  3,
)
check(
  'a percentage that may be missing is rounded up',
  { maxUnavailable: '50%' },
  { a: ofSet(), b: ofSet(), c: ofSet() },
  { healthy: 3, desired: 1, expected: 3, allowed: 2 },
  3,
)
check(
  'a number that may be missing',
  { maxUnavailable: 1 },
  { a: ofSet(), b: ofSet(), c: ofSet() },
  { healthy: 3, desired: 2, expected: 3, allowed: 1 },
  3,
)
check('more may be missing than there are', { maxUnavailable: 5 }, { a: ofSet() }, { healthy: 1, desired: 0, expected: 1, allowed: 1 }, 1)
check('nothing asked for', {}, { a: ready }, { healthy: 1, desired: 0, expected: 0, allowed: 0 })
check(
  'what is being deleted is not healthy',
  { minAvailable: 1 },
  { a: ready, b: { ...ready, deletedAt: now } },
  { healthy: 1, desired: 1, expected: 2, allowed: 0 },
)
check(
  'pods of others do not count',
  { minAvailable: 1 },
  { a: ready, b: { ...ready, labels: { app: 'other' } } },
  { healthy: 1, desired: 1, expected: 1, allowed: 0 },
)

test('a ReplicaSet of a Deployment counts as much as that wants, once for all its sets', () => {
  const world = new World()
  const deployed = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd', controller: true }
  world.put(Deployment, { metadata: { name: 'web', namespace, uid: 'd' }, spec: { replicas: 4 }, status: {} })
  for (const [uid, replicas] of [
    ['old', 3],
    ['new', 2],
  ] as const) {
    world.put(ReplicaSet, { metadata: { name: uid, namespace, uid, ownerReferences: [deployed] }, spec: { replicas }, status: {} })
    world.put(Pod, pod(`${uid}-a`, { ...ready, owners: [controlledBy('ReplicaSet', uid)] }))
  }
  const budget = settleBudget(world, { maxUnavailable: '25%' })
  assert.deepEqual([budget.status.expectedPods, budget.status.desiredHealthy], [4, 3])
  world.change(Deployment, 'web', namespace, { spec: { replicas: 8 } })
  world.settle([controller])
  assert.equal(world.get(PodDisruptionBudget, 'b', namespace)!.status.expectedPods, 8, 'the scale alone changes it')
})

test('whatever has a scale is asked for it', () => {
  const world = new World()
  world.put(Widget, { metadata: { name: 'w', namespace, uid: 'w' }, spec: { size: 7 }, status: {} })
  world.put(Pod, pod('a', { ...ready, owners: [{ ...controlledBy('Widget', 'w'), apiVersion: 'example.com/v1' }] }))
  assert.equal(settleBudget(world, { maxUnavailable: 1 }).status.expectedPods, 7)
})

const jobs = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'j', controller: true }
checkFailure('what has no scale', jobs, 'jobs.batch does not implement the scale subresource')
checkFailure('a kind that nobody knows', { ...jobs, apiVersion: 'x.io/v1', kind: 'Y' }, 'no matches for kind "Y" in version "x.io/v1"')
checkFailure('a controller that is gone', controlledBy('ReplicaSet', 'gone'), 'found no controllers for pod "a"')
checkFailure(
  'one of the same name and another uid',
  { ...controlledBy('ReplicaSet', 'other'), name: 'rs' },
  'found no controllers for pod "a"',
)

test('after a failure none may go, until it can be counted again', () => {
  const world = withSet(2)
  for (const name of ['a', 'b']) world.put(Pod, pod(name, ofSet()))
  settleBudget(world, { maxUnavailable: 1 })
  world.put(Pod, pod('c', { ...ready, owners: [jobs] }))
  world.put(Job, { metadata: { name: 'j', namespace, uid: 'j' }, spec: {}, status: {} })
  world.settle([controller])
  const failed = world.get(PodDisruptionBudget, 'b', namespace)!.status
  assert.deepEqual([failed.disruptionsAllowed, failed.currentHealthy, failed.conditions![0]!.reason], [0, 2, 'SyncFailed'])
  world.remove(Pod, world.get(Pod, 'c', namespace)!)
  world.settle([controller])
  const { status } = world.get(PodDisruptionBudget, 'b', namespace)!
  assert.deepEqual([status.disruptionsAllowed, status.conditions![0]!.reason, status.conditions![0]!.message], [1, 'SufficientPods', ''])
})

test('says so with its generation, and moves the time of the condition only with its status', () => {
  const world = new World()
  for (const name of ['a', 'b', 'c']) world.put(Pod, pod(name, ready))
  const first = settleBudget(world, { minAvailable: 1 }).status
  assert.equal(first.observedGeneration, 1)
  assert.deepEqual(first.conditions, [
    {
      type: 'DisruptionAllowed',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: rfc3339(now),
      reason: 'SufficientPods',
      message: '',
    },
  ])
  world.now += 60_000
  world.change(PodDisruptionBudget, 'b', namespace, { spec: { minAvailable: 2 } })
  world.settle([controller])
  const second = world.get(PodDisruptionBudget, 'b', namespace)!.status
  assert.deepEqual([second.observedGeneration, second.conditions![0]!.observedGeneration], [2, 2])
  assert.equal(second.conditions![0]!.lastTransitionTime, rfc3339(now))
  world.change(PodDisruptionBudget, 'b', namespace, { spec: { minAvailable: 3 } })
  world.settle([controller])
  const third = world.get(PodDisruptionBudget, 'b', namespace)!.status.conditions![0]!
  assert.deepEqual([third.status, third.reason, third.lastTransitionTime], ['False', 'InsufficientPods', rfc3339(now + 60_000)])
})

test('a granted eviction takes its pod out of the count for two minutes', () => {
  const world = new World()
  for (const name of ['a', 'b']) world.put(Pod, pod(name, ready))
  settleBudget(world, { minAvailable: 1 })
  const disruptedPods = { a: rfc3339(now), gone: rfc3339(now) }
  world.change(PodDisruptionBudget, 'b', namespace, { status: { disruptionsAllowed: 0, disruptedPods } })
  assert.equal(world.settle([controller]), now + 120_000)
  const granted = world.get(PodDisruptionBudget, 'b', namespace)!.status
  assert.deepEqual([granted.currentHealthy, granted.disruptionsAllowed], [1, 0])
  assert.deepEqual(granted.disruptedPods, { a: rfc3339(now) }, 'one that is not there is forgotten')
  world.now += 120_000
  assert.equal(world.settle([controller]), Infinity)
  const after = world.get(PodDisruptionBudget, 'b', namespace)!.status
  assert.deepEqual([after.currentHealthy, after.disruptionsAllowed, after.disruptedPods], [2, 1, undefined])
  assert.deepEqual(world.events.map(show), ["event Warning NotDeleted Pod was expected by PDB shop/shop to be deleted but it wasn't"])
})

checkEvents('no pods', {}, { minAvailable: 1 }, ['event Normal NoPods No matching pods found'])
checkEvents('pods that nobody controls', { a: ready }, { maxUnavailable: 1 }, [
  'event Warning UnmanagedPods Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
])
checkEvents('pods that nobody controls, and a number that needs no one', { a: ready }, { minAvailable: 1 }, [])

test('a pod that two budgets select is told of, once for both', () => {
  const world = new World()
  world.put(Pod, pod('a', ready))
  world.put(PodDisruptionBudget, budgetOf('z', { minAvailable: 1 }))
  settleBudget(world, { minAvailable: 1 })
  assert.deepEqual(world.events.map(show), [
    'event Warning MultiplePodDisruptionBudgets Pod "shop"/"a" matches multiple PodDisruptionBudgets.  Chose "b" arbitrarily.',
  ])
})

checkStale('is taken back after two minutes', { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }, {}, 'reset')
checkStale('of the kubelet stays', { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }, {}, 'stays')
checkStale('that is false stays', { type: 'DisruptionTarget', status: 'False' }, {}, 'stays')
checkStale('of an ended pod stays', { type: 'DisruptionTarget', status: 'True' }, { phase: 'Failed' }, 'stays')
checkStale('of a pod that goes stays', { type: 'DisruptionTarget', status: 'True' }, { deletedAt: now }, 'stays')

test('never more may go than the budget leaves, whatever is healthy, granted, leaving or controlled', () => {
  const facts = fc.record({
    isReady: fc.boolean(),
    leaves: fc.boolean(),
    isManaged: fc.boolean(),
    grantedAgo: fc.option(fc.nat(200), { nil: undefined }),
  })
  const amount = fc.oneof(
    fc.nat(6),
    fc.nat(100).map((percent) => `${percent}%`),
  )
  const rule = fc.oneof(fc.record({ minAvailable: amount }), fc.record({ maxUnavailable: amount }))
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 6 }), rule, fc.nat(8), (all, spec, replicas) => {
      const world = withSet(replicas)
      const disruptedPods: Record<string, string> = {}
      for (const [i, { isReady, leaves, isManaged, grantedAgo }] of all.entries()) {
        const own = { ...(isReady ? ready : unready), ...(leaves && { deletedAt: now }) }
        world.put(Pod, pod(`p${i}`, isManaged ? ofSet(own) : own))
        if (grantedAgo !== undefined) disruptedPods[`p${i}`] = rfc3339(now - grantedAgo * 1000)
      }
      world.put(PodDisruptionBudget, { ...budgetOf('b', spec), status: { ...zero, disruptedPods } })
      world.settle([controller])
      const { status } = world.get(PodDisruptionBudget, 'b', namespace)!
      const stays = all.filter((one) => one.isReady && !one.leaves && (one.grantedAgo === undefined || one.grantedAgo >= 120)).length
      const total = all.some(({ isManaged }) => isManaged) ? replicas : 0
      const [name, value] = Object.entries(spec)[0]!
      const count = typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * total) / 100)
      const mustStay = name === 'minAvailable' ? count : total - count
      assert.equal(status.currentHealthy, stays)
      assert.ok(status.disruptionsAllowed >= 0)
      assert.ok(status.disruptionsAllowed === 0 || stays - status.disruptionsAllowed >= mustStay, JSON.stringify(status))
      for (const granted of Object.keys(status.disruptedPods ?? {})) assert.equal(all[Number(granted.slice(1))]!.leaves, false)
    }),
  )
})

const zero = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 }

const budgetOf = (name: string, spec: object) => ({
  metadata: { name, namespace, generation: 1 },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  status: zero,
})

function withSet(replicas: number): World {
  const world = new World()
  world.put(ReplicaSet, { metadata: { name: 'rs', namespace, uid: 'rs' }, spec: { replicas, template: template() }, status: {} })
  return world
}

function settleBudget(world: World, spec: object): PodDisruptionBudget {
  world.put(PodDisruptionBudget, budgetOf('b', spec))
  world.settle([controller])
  return world.get(PodDisruptionBudget, 'b', namespace)!
}

function check(
  name: string,
  spec: object,
  pods: Readonly<Record<string, PodFacts>>,
  expected: { readonly healthy: number; readonly desired: number; readonly expected: number; readonly allowed: number },
  replicas = 0,
): void {
  test(name, () => {
    const world = withSet(replicas)
    for (const [podName, facts] of Object.entries(pods)) world.put(Pod, pod(podName, facts))
    const { status } = settleBudget(world, spec)
    assert.deepEqual(
      { healthy: status.currentHealthy, desired: status.desiredHealthy, expected: status.expectedPods, allowed: status.disruptionsAllowed },
      expected,
    )
  })
}

function checkFailure(name: string, owner: object, message: string): void {
  test(`cannot count ${name}`, () => {
    const world = withSet(1)
    world.put(Pod, pod('a', { ...ready, owners: [owner] }))
    const { status } = settleBudget(world, { maxUnavailable: 1 })
    const [condition] = status.conditions!
    assert.deepEqual(
      [status.disruptionsAllowed, condition!.status, condition!.reason, condition!.message],
      [0, 'False', 'SyncFailed', message],
    )
    const told = `event Warning CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: ${message}`
    assert.deepEqual(world.events.map(show), [told])
  })
}

function checkEvents(name: string, pods: Readonly<Record<string, PodFacts>>, spec: object, expected: readonly string[]): void {
  test(`tells of ${name}`, () => {
    const world = new World()
    for (const [podName, facts] of Object.entries(pods)) world.put(Pod, pod(podName, facts))
    settleBudget(world, spec)
    assert.deepEqual(world.events.map(show), expected)
  })
}

function checkStale(name: string, condition: object, facts: PodFacts, expected: 'reset' | 'stays'): void {
  test(`a disruption that did not come ${name}`, () => {
    const world = new World()
    const conditions = [{ ...condition, lastProbeTime: null, lastTransitionTime: rfc3339(now) }]
    world.put(Pod, pod('a', { ...ready, ...facts, status: { conditions } }))
    assert.equal(world.settle([controller]), expected === 'reset' ? now + 120_000 : Infinity)
    world.now += 120_000
    assert.equal(world.settle([controller]), Infinity)
    const [after] = world.get(Pod, 'a', namespace)!.status.conditions!
    if (expected === 'stays') assert.deepEqual([after], conditions)
    else
      assert.deepEqual(after, {
        type: 'DisruptionTarget',
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: rfc3339(now + 120_000),
      })
  })
}
