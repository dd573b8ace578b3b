import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodAvailable, isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { WherryError } from '#lib/errors.ts'
import type { Single } from '#loop/controller.ts'
import { namespace } from '../testing/objects.ts'
import { show, type World } from '../testing/world.ts'
import { statefulSetController } from './controller.ts'
import { isRunningAndReady, isTerminating, revisionOf } from './rollout.ts'
import { collector, key, kubelet, running, type SetFacts, wish, worldWith } from './testing.ts'

const controller = statefulSetController()
const limited = statefulSetController(new Set(['MaxUnavailableStatefulSet']))
const podNames = (world: World): string[] =>
  world
    .list(Pod)
    .map(({ metadata }) => metadata.name)
    .toSorted()
const images = (world: World): string[] =>
  world
    .list(Pod)
    .toSorted(byName)
    .map(({ spec }) => spec.containers[0]!.image!)
const byName = (a: Pod, b: Pod) => a.metadata.name.localeCompare(b.metadata.name, 'en', { numeric: true })
const setOf = (world: World) => world.get(StatefulSet, 'web', namespace)!
const numbers = (world: World) => world.list(ControllerRevision).map(({ revision }) => revision)
const podSteps = (world: World) => world.history.filter((step) => /^(create|delete) pod/.test(step))
const settle = (world: World, own = controller) => world.settle([own, kubelet(), collector])

test('comes up in order, rolls from the top, rolls back, scales, and keeps what it was', () => {
  const world = worldWith({ claims: ['data'] })
  settle(world)
  assert.deepEqual(podSteps(world), ['create pod web-0', 'create pod web-1', 'create pod web-2'])
  const first = setOf(world).status.currentRevision!
  assert.deepEqual(setOf(world).status, {
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: first,
    updateRevision: first,
    collisionCount: 0,
    conditions: undefined,
  })
  const claims = world.list(PersistentVolumeClaim).map(({ metadata }) => metadata.uid)

  world.history.length = 0
  wish(world, { claims: ['data'], image: 'web:2' })
  settle(world)
  const kubeletsToo = ['web-2', 'web-1', 'web-0'].flatMap((name) => [`delete pod ${name}`, `delete pod ${name}`, `create pod ${name}`])
  assert.deepEqual(podSteps(world), kubeletsToo)
  assert.deepEqual(images(world), ['web:2', 'web:2', 'web:2'])
  assert.deepEqual(numbers(world), [1, 2])
  assert.notEqual(setOf(world).status.currentRevision, first)
  assert.equal(setOf(world).status.currentRevision, setOf(world).status.updateRevision)

  wish(world, { claims: ['data'], image: 'web:1' })
  settle(world)
  assert.equal(setOf(world).status.currentRevision, first, 'going back is the same revision')
  assert.deepEqual(numbers(world), [3, 2], 'raised to be the newest')
  assert.deepEqual(images(world), ['web:1', 'web:1', 'web:1'])

  wish(world, { claims: ['data'], image: 'web:1', replicas: 1 })
  settle(world)
  assert.deepEqual(podNames(world), ['web-0'])
  wish(world, { claims: ['data'], image: 'web:1', replicas: 3 })
  settle(world)
  assert.deepEqual(podNames(world), ['web-0', 'web-1', 'web-2'])
  assert.deepEqual(
    world.list(PersistentVolumeClaim).map(({ metadata }) => metadata.uid),
    claims,
    'all of it on the same claims',
  )
})

test('removes claims with the pods that are scaled away, and makes new ones for their successors', () => {
  const facts: SetFacts = { claims: ['data'], retention: { whenScaled: 'Delete', whenDeleted: 'Delete' } }
  const world = worldWith(facts)
  settle(world)
  const [kept] = world.list(PersistentVolumeClaim)
  wish(world, { ...facts, replicas: 1 })
  settle(world)
  assert.deepEqual(
    world.list(PersistentVolumeClaim).map(({ metadata }) => metadata.uid),
    [kept!.metadata.uid],
  )
  wish(world, { ...facts, replicas: 2 })
  settle(world)
  assert.deepEqual(
    world.list(PersistentVolumeClaim).map(({ metadata }) => metadata.name),
    ['data-web-0', 'data-web-1'],
  )
  world.remove(StatefulSet, setOf(world))
  for (const pod of world.list(Pod)) world.remove(Pod, pod)
  settle(world)
  assert.deepEqual(world.list(PersistentVolumeClaim), [])
})

test('stays at a broken template, and does not go on from there by itself', () => {
  const world = worldWith()
  settle(world)
  wish(world, { image: 'broken' })
  const node = kubelet((pod) => pod.spec.containers[0]!.image !== 'broken')
  world.settle([controller, node])
  assert.deepEqual(images(world), ['web:1', 'web:1', 'broken'])
  const { currentReplicas, updatedReplicas, currentRevision, updateRevision } = setOf(world).status
  assert.deepEqual([currentReplicas, updatedReplicas, currentRevision === updateRevision], [2, 1, false])
  wish(world, { image: 'web:1' })
  world.settle([controller, node])
  assert.deepEqual(images(world), ['web:1', 'web:1', 'broken'], 'as in the reference, somebody has to delete the broken one')
  world.remove(Pod, world.get(Pod, 'web-2', namespace)!)
  world.settle([controller, node])
  assert.deepEqual(images(world), ['web:1', 'web:1', 'web:1'])
})

tells('of pods and claims made and removed', { replicas: 1, claims: ['data'] }, [
  'Normal SuccessfulCreate Create Claim data-web-0 Pod web-0 in StatefulSet web success',
  'Normal SuccessfulCreate Create Pod web-0 in StatefulSet web successful',
  'Normal SuccessfulDelete Delete Pod web-0 in StatefulSet web successful',
])
tells(
  'why a pod cannot be made',
  { replicas: 1 },
  ['Warning FailedCreate Create Pod web-0 in StatefulSet web failed error: exceeded quota'],
  (command) => command.do === 'create' && command.kind === Pod,
)
tells(
  'why a claim cannot be made, which is why its pod cannot',
  { replicas: 1, claims: ['data'] },
  [
    'Warning FailedCreate Create Claim data-web-0 for Pod web-0 in StatefulSet web failed error: exceeded quota',
    'Warning FailedCreate Create Pod web-0 in StatefulSet web failed error: failed to create PVC data-web-0: exceeded quota',
  ],
  (command) => command.do === 'create' && command.kind === PersistentVolumeClaim,
)
tells(
  'why a pod cannot be removed',
  { replicas: 1 },
  [
    'Normal SuccessfulCreate Create Pod web-0 in StatefulSet web successful',
    'Warning FailedDelete Delete Pod web-0 in StatefulSet web failed error: exceeded quota',
  ],
  (command) => command.do === 'delete' && command.kind === Pod,
)
tells(
  'of nothing where the name was only taken',
  { replicas: 1 },
  [],
  (command) => command.do === 'create' && command.kind === Pod,
  new WherryError('AlreadyExists', 'there is one'),
)

test('tells that a pod got its labels or its claims an owner, and what it leaves alone', () => {
  const facts: SetFacts = { replicas: 1, claims: ['data'] }
  const world = worldWith(facts)
  settle(world)
  world.events.length = 0
  world.change(Pod, 'web-0', namespace, { metadata: { labels: { 'statefulset.kubernetes.io/pod-name': null } } })
  settle(world)
  wish(world, { ...facts, retention: { whenDeleted: 'Delete' } })
  settle(world)
  const [claim] = world.list(PersistentVolumeClaim)
  const job = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'j', controller: true }
  const ownerReferences = [...claim!.metadata.ownerReferences!.map((one) => ({ ...one, controller: false })), job]
  world.change(PersistentVolumeClaim, 'data-web-0', namespace, { metadata: { ownerReferences } })
  world.settle([controller])
  const updated = 'Normal SuccessfulUpdate Update Pod web-0 in StatefulSet web successful'
  assert.deepEqual(told(world), [
    updated,
    updated,
    'Warning ConflictingController PersistentVolumeClaim data-web-0 has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim',
    updated,
  ])
  assert.deepEqual(world.list(PersistentVolumeClaim)[0]!.metadata.ownerReferences, [job])
})

for (const policy of ['OrderedReady', 'Parallel'] as const)
  test(`rolls from the top, as many at once as may be missing: ${policy}`, () => {
    const facts: SetFacts = { replicas: 5, policy, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '40%' } } }
    const world = worldWith(facts)
    settle(world, limited)
    world.history.length = 0
    wish(world, { ...facts, image: 'web:2' })
    settle(world, limited)
    const seen = podSteps(world).map((step) => step.replace(/^(\w)\w+ pod web-/, (_, verb) => (verb === 'c' ? '+' : '-')))
    // A kubelet removes each pod once more.
    assert.equal(seen.filter((step, i) => step.startsWith('+') || seen.indexOf(step) === i).join(' '), '-4 -3 +3 +4 -2 -1 +1 +2 -0 +0')
    assert.deepEqual(new Set(images(world)), new Set(['web:2']))
  })

test('writes its status even where no pod can be made', () => {
  const world = worldWith()
  world.refuse = (command) => (command.do === 'create' && command.kind === Pod ? new WherryError('Forbidden', 'exceeded quota') : undefined)
  world.pass(controller, key)
  assert.equal(setOf(world).status.observedGeneration, 1)
})

test('through any history: one pod of a name, in order, never more away than may be; and it ends at the wish', () => {
  const at = fc.nat(5)
  const facts = fc.record({
    replicas: fc.nat(4),
    start: fc.constantFrom(0, 0, 2),
    image: fc.constantFrom('web:1', 'web:2', 'web:3'),
    minReadySeconds: fc.constantFrom(0, 0, 10),
    strategy: fc.oneof(
      fc
        .record({ partition: fc.nat(3), maxUnavailable: fc.constantFrom(undefined, 1, 2, '10%', '50%', '100%') })
        .map(({ partition, maxUnavailable }) => ({
          type: 'RollingUpdate',
          rollingUpdate: { partition, ...(maxUnavailable !== undefined && { maxUnavailable }) },
        })),
      fc.constant({ type: 'OnDelete' }),
      fc.constant({ type: 'RollingUpdate' }),
    ),
    retention: fc.record({ whenScaled: fc.constantFrom('Retain', 'Delete'), whenDeleted: fc.constantFrom('Retain', 'Delete') }),
  }) as fc.Arbitrary<SetFacts>
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant({ do: 'pass' as const }) },
    { weight: 3, arbitrary: fc.constant({ do: 'node' as const }) },
    { weight: 1, arbitrary: facts.map((facts) => ({ do: 'wish' as const, facts })) },
    ...(['ready', 'unready', 'fail', 'succeed', 'delete', 'lose', 'orphan', 'unlabel', 'relabel', 'wait'] as const).map((what) => ({
      weight: 1,
      arbitrary: at.map((at) => ({ do: what, at })),
    })),
  )
  const plain: SetFacts = { replicas: 2, image: 'web:1' }
  // Nobody but a user takes these two away.
  const endedWhileTooMany: (typeof step extends fc.Arbitrary<infer S> ? S : never)[] = [
    { do: 'pass' },
    { do: 'ready', at: 0 },
    { do: 'pass' },
    { do: 'succeed', at: 0 },
    { do: 'wish', facts: { ...plain, replicas: 0 } },
    { do: 'succeed', at: 3 },
  ]
  const policy = fc.constantFrom('OrderedReady' as const, 'Parallel' as const)
  fc.assert(
    fc.property(fc.constantFrom(controller, limited), policy, facts, fc.array(step, { maxLength: 60 }), (own, policy, begin, steps) => {
      let wished: SetFacts = { ...begin, policy, claims: ['data'] }
      const world = worldWith(wished)
      world.refuse = (command) => {
        mayBeDone(world, command, own === limited)
        return undefined
      }
      const node = kubelet()
      for (const step of steps) {
        if (step.do === 'pass') passChecked(world, own)
        else if (step.do === 'node') for (const pod of world.list(Pod)) world.pass(node, `${namespace}/${pod.metadata.name}`)
        else if (step.do === 'wish') {
          wished = { ...step.facts, policy, claims: ['data'] }
          wish(world, wished)
        } else disturb(world, step.do, step.at)
        world.settle([collector])
      }
      // Strangers hold a name as long as they like; somebody has to take them away.
      settle(world, own)
      for (const pod of world.list(Pod)) if (pod.metadata.labels?.['app'] !== 'web') world.remove(Pod, pod)
      // So have they those of an ordered set that ended while they were too many: as in the reference, they wait for each other.
      for (const pod of world.list(Pod)) if (policy === 'OrderedReady' && isPodTerminal(pod)) world.remove(Pod, pod)
      for (let wakeAt = settle(world, own); wakeAt !== Infinity; wakeAt = settle(world, own)) world.now = Math.max(world.now, wakeAt)
      const set = setOf(world)
      const start = set.spec.ordinals?.start ?? 0
      const wanted = Array.from({ length: set.spec.replicas }, (_, index) => `web-${start + index}`)
      const left = world.list(Pod)
      assert.deepEqual(
        left.toSorted(byName).map(({ metadata }) => metadata.name),
        wanted,
      )
      assert.ok(left.every((pod) => isRunningAndReady(pod) && !isTerminating(pod)))
      const { partition = 0 } = set.spec.updateStrategy.rollingUpdate ?? {}
      const template = set.spec.template.spec.containers[0]!.image
      if (set.spec.updateStrategy.type === 'RollingUpdate')
        for (const pod of left)
          if (Number(pod.metadata.name.slice(4)) >= start + partition) assert.equal(pod.spec.containers[0]!.image, template)
      assert.deepEqual(
        [set.status.replicas, set.status.readyReplicas ?? 0, set.status.availableReplicas],
        [wanted.length, wanted.length, wanted.length],
      )
      for (const { metadata, spec } of left) {
        assert.deepEqual(spec.volumes?.[0]?.persistentVolumeClaim, { claimName: `data-${metadata.name}` })
        assert.ok(world.get(PersistentVolumeClaim, `data-${metadata.name}`, namespace) !== undefined, `no claim for ${metadata.name}`)
      }
    }),
    { numRuns: 200, examples: [[controller, 'OrderedReady', plain, endedWhileTooMany]] },
  )
})

/** One pass; in order, it makes or removes one pod at most, or replaces as many as may be missing. */
function passChecked(world: World, own: typeof controller): void {
  const { spec } = setOf(world)
  const { commands } = world.pass(own, key)
  const touching = commands.filter((command) => (command.do === 'create' || command.do === 'delete') && command.kind === Pod)
  if (spec.podManagementPolicy !== 'Parallel') assert.ok(touching.length <= mayLack(spec, own === limited), touching.map(show).join())
}

/** What must never happen, at the moment when it would. */
function mayBeDone(world: World, command: Single, isLimited: boolean): void {
  const { spec, status } = setOf(world)
  const start = spec.ordinals?.start ?? 0
  const isOrdered = spec.podManagementPolicy !== 'Parallel'
  const isAway = (pod: Pod | undefined) =>
    pod === undefined || isTerminating(pod) || !isPodAvailable(pod, spec.minReadySeconds ?? 0, world.now)
  const named = (ordinal: number) => world.get(Pod, `web-${ordinal}`, namespace)
  const ordinals = Array.from({ length: spec.replicas }, (_, index) => start + index)
  if (command.do === 'create' && command.kind === Pod) {
    const { name } = (command.object as Pod).metadata
    assert.equal(world.get(Pod, name, namespace), undefined, `${name} is there already`)
    const ordinal = Number(name.slice(4))
    assert.ok(ordinals.includes(ordinal), `${name} is not wanted`)
    if (isOrdered) assert.ok(!ordinals.some((one) => one < ordinal && isAway(named(one))), `${name} before its predecessors`)
    const revision = (command.object as Pod).metadata.labels!['controller-revision-hash']!
    assert.ok(world.get(ControllerRevision, revision, namespace) !== undefined, `${name} is of no revision`)
  }
  if (command.do === 'delete' && command.kind === Pod && command.gracePeriodSeconds === undefined) {
    const pod = world.get(Pod, command.name, namespace)!
    const ordinal = Number(command.name.slice(4))
    if (isPodTerminal(pod) && ordinals.includes(ordinal)) return
    assert.ok(!isTerminating(pod), `${command.name} goes already`)
    if (!ordinals.includes(ordinal)) {
      if (isOrdered) assert.ok(!ordinals.some((one) => isAway(named(one))), `${command.name} is removed while a wanted one is away`)
      return
    }
    // What is left is a replacement.
    assert.equal(spec.updateStrategy.type, 'RollingUpdate')
    assert.notEqual(revisionOf(pod), status.updateRevision)
    assert.ok(ordinal >= start + (spec.updateStrategy.rollingUpdate?.partition ?? 0), `${command.name} is below the partition`)
    const away = ordinals.filter((one) => isAway(named(one)))
    const others = away.filter((one) => one !== ordinal && (isOrdered || one > ordinal))
    if (isLimited) assert.ok(away.length < mayLack(spec, true), `${command.name} is replaced while ${away} are away`)
    else assert.deepEqual(others, [], `${command.name} is replaced while others are away`)
  }
}

/** How many wanted pods may be away because of an update. */
function mayLack({ replicas, updateStrategy }: StatefulSet['spec'], isLimited: boolean): number {
  const { maxUnavailable = 1 } = updateStrategy.rollingUpdate ?? {}
  if (!isLimited) return 1
  return typeof maxUnavailable === 'number'
    ? maxUnavailable
    : Math.max(1, Math.floor((Number.parseInt(maxUnavailable, 10) * replicas) / 100))
}

/** What users and nodes do to pods. */
function disturb(world: World, what: string, at: number): void {
  const pods = world.list(Pod)
  const pod = pods[at % pods.length]
  if (what === 'wait') world.now += 6000
  if (pod === undefined) return
  const { name, uid } = pod.metadata
  if (what === 'lose') world.remove(Pod, pod)
  else if (what === 'delete') world.do({ do: 'delete', kind: Pod, name, namespace, uid, gracePeriodSeconds: pod.spec.nodeName ? 30 : 0 })
  else if (changes(world)[what] !== undefined) world.change(Pod, name, namespace, changes(world)[what]!)
}

const changes = ({ now }: World): Record<string, object> => ({
  ready: running(now),
  unready: { status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: null }] } },
  fail: { status: { phase: 'Failed', conditions: [] } },
  succeed: { status: { phase: 'Succeeded', conditions: [] } },
  orphan: { metadata: { ownerReferences: null } },
  unlabel: { metadata: { labels: { 'statefulset.kubernetes.io/pod-name': null } } },
  relabel: { metadata: { labels: { app: 'other' } } },
})

const told = (world: World): string[] => world.events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)

/** What is said while the set comes up and goes down to nothing; what is refused says why. */
function tells(
  what: string,
  facts: SetFacts,
  expected: readonly string[],
  refuses: (command: Single) => boolean = () => false,
  refusal = new WherryError('Forbidden', 'exceeded quota'),
): void {
  test(`tells ${what}`, () => {
    const world = worldWith(facts)
    world.refuse = (command) => (refuses(command) ? refusal : undefined)
    world.pass(controller, key)
    const pod = world.get(Pod, 'web-0', namespace)
    if (pod !== undefined) {
      wish(world, { ...facts, replicas: 0 })
      world.pass(controller, key)
    }
    assert.deepEqual(told(world), expected)
  })
}
