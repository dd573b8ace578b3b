import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ReplicationController } from '#api/core/v1/replication-controller.ts'
import { WherryError } from '#lib/errors.ts'
import { controlledBy, namespace, type PodFacts, pod, template } from '../testing/objects.ts'
import { prefixesOf, show, World } from '../testing/world.ts'
import { replicaSetController as controller, replicationControllerController } from './controller.ts'
import { commandsAtOnce } from './plan.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const ago = (seconds: number) => now - seconds * 1000
const ready: PodFacts = { node: 'n1', readyAt: ago(100), createdAt: ago(200) }

check('creates what is missing, and tells how it stands once that shows', { replicas: 2, pods: { a: ready } }, ['create pod web-?'])
check('replaces what ended and what leaves', { replicas: 1, pods: { a: { ...ready, phase: 'Failed' }, b: { ...ready, deletedAt: now } } }, [
  'create pod web-?',
])
check(
  'counts neither what ended nor what leaves',
  { replicas: 0, pods: { a: { ...ready, phase: 'Failed' }, b: { ...ready, deletedAt: now } } },
  ['status {"replicas":0,"terminatingReplicas":1,"observedGeneration":1,"conditions":[]}'],
)
check('does not create in a namespace that goes', { replicas: 1, pods: {}, namespaceIsLeaving: true }, [
  'status {"replicas":0,"terminatingReplicas":0,"observedGeneration":1,"conditions":[]}',
])
check('creates and deletes nothing while being deleted itself', { replicas: 1, pods: { a: ready, b: ready }, leaving: true }, [
  'status {"replicas":2,"fullyLabeledReplicas":2,"readyReplicas":2,"availableReplicas":2,"terminatingReplicas":0,"observedGeneration":1,"conditions":[]}',
])
check('adopts an orphan that it selects, after a look at itself', { replicas: 1, pods: { a: { ...ready, owners: [] } } }, [
  'confirm that replicaset web is unchanged',
  'patch pod a owners rs',
  'status {"replicas":1,"fullyLabeledReplicas":1,"readyReplicas":1,"availableReplicas":1,"terminatingReplicas":0,"observedGeneration":1,"conditions":[]}',
])
check('does not adopt while being deleted', { replicas: 0, pods: { a: { ...ready, owners: [] } }, leaving: true }, [
  'status {"replicas":0,"terminatingReplicas":0,"observedGeneration":1,"conditions":[]}',
])
check('releases what it selects no more, and replaces it', { replicas: 1, pods: { a: { ...ready, labels: { app: 'other' } } } }, [
  'patch pod a owners -',
  'create pod web-?',
])
check('leaves the pods of others alone', { replicas: 0, pods: { a: { ...ready, owners: [{ uid: 'other', controller: true }] } } }, [
  'status {"replicas":0,"terminatingReplicas":0,"observedGeneration":1,"conditions":[]}',
])

test('a pod of another namespace that calls the set its own controller is nobody of it', () => {
  const world = new World()
  world.put(Namespace, { metadata: { name: namespace }, spec: {}, status: {} })
  world.put(ReplicaSet, {
    metadata: { name: 'web', namespace, uid: 'rs', generation: 1 },
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: template() },
    status: { replicas: 0 },
  })
  const { metadata, ...rest } = pod('stranger', { ...ready, owners: [controlledBy('ReplicaSet', 'rs', 'web')] })
  world.put(Pod, { ...rest, metadata: { ...metadata, namespace: 'elsewhere' } })
  world.settle([controller])
  assert.equal(world.list(Pod, namespace).length, 1)
  assert.equal(world.get(ReplicaSet, 'web', namespace)!.status.replicas, 1)
})

test('a ReplicationController keeps its pods as a set does, in its own words', () => {
  const world = new World()
  world.put(Namespace, { metadata: { name: namespace }, spec: {}, status: {} })
  world.put(ReplicationController, {
    metadata: { name: 'web', namespace, uid: 'rc', generation: 1 },
    spec: { replicas: 2, selector: { app: 'web' }, template: template() },
    status: { replicas: 0 },
  })
  world.put(Pod, pod('orphan', ready))
  world.settle([replicationControllerController])
  const pods = world.list(Pod)
  assert.equal(pods.length, 2)
  const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: 'web', uid: 'rc', controller: true, blockOwnerDeletion: true }
  for (const { metadata } of pods) assert.deepEqual(metadata.ownerReferences, [owner])
  const { status, spec } = world.get(ReplicationController, 'web', namespace)!
  assert.deepEqual(spec.selector, { app: 'web' })
  assert.equal(status.replicas, 2)
  assert.equal('terminatingReplicas' in status, false)
})

deletes('unassigned first', { a: ready, b: { ...ready, node: '' } }, 'b')
deletes('pending before running', { a: ready, b: { ...ready, phase: 'Pending' } }, 'b')
deletes('unready before ready', { a: ready, b: { node: 'n1' } }, 'b')
deletes('cheap before dear', { a: ready, b: { ...ready, annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } } }, 'b')
deletes(
  'an unreadable cost is none',
  { a: { ...ready, restarts: 1 }, b: { ...ready, annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-01' } } },
  'a',
)
deletes('doubled up before alone', { a: { ...ready, node: 'n2' }, b: ready, c: { ...ready, restarts: 1 } }, 'c')
deletes('ready later before ready earlier', { a: ready, b: { ...ready, readyAt: ago(1) } }, 'b')
deletes('more restarts', { a: ready, b: { ...ready, restarts: 1 } }, 'b')
deletes('the younger', { a: ready, b: { ...ready, createdAt: ago(1) } }, 'b')

test('a set with the longest of names still makes pods', () => {
  const { world } = given({ replicas: 1, pods: {} })
  const { metadata, ...rest } = world.get(ReplicaSet, 'web', namespace)!
  const name = 'a'.repeat(253)
  world.put(ReplicaSet, { ...rest, metadata: { ...metadata, name, uid: 'long' } })
  const { commands } = world.pass(controller, `${namespace}/${name}`)
  assert.deepEqual(prefixesOf(commands), [name])
})

test('asks to be woken when a ready pod becomes available', () => {
  const { world } = given({ replicas: 1, minReadySeconds: 30, pods: { a: { ...ready, readyAt: ago(10) } } })
  assert.equal(world.settle([controller]), now + 20_000)
  assert.equal(world.get(ReplicaSet, 'web', namespace)!.status.availableReplicas, undefined)
  world.now += 20_000
  assert.equal(world.settle([controller]), Infinity)
  assert.equal(world.get(ReplicaSet, 'web', namespace)!.status.availableReplicas, 1)
})

test('tells of pods made and removed', () => {
  const { world } = given({ replicas: 1, pods: {} })
  world.settle([controller])
  const [made] = world.list(Pod)
  world.change(ReplicaSet, 'web', namespace, { spec: { replicas: 0 } })
  world.settle([controller])
  assert.deepEqual(
    world.events.map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    [`Normal SuccessfulCreate Created pod: ${made!.metadata.name}`, `Normal SuccessfulDelete Deleted pod: ${made!.metadata.name}`],
  )
})

test('says why it cannot create, and takes it back', () => {
  const { world } = given({ replicas: 1, pods: {} })
  world.refuse = (command) => (command.do === 'create' ? new WherryError('Forbidden', 'exceeded quota') : undefined)
  world.pass(controller, `${namespace}/web`)
  const failing = world.get(ReplicaSet, 'web', namespace)!
  assert.deepEqual(failing.status.conditions, [
    {
      type: 'ReplicaFailure',
      status: 'True',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      reason: 'FailedCreate',
      message: 'exceeded quota',
    },
  ])
  assert.equal(show(world.events[0]!), 'event Warning FailedCreate Error creating: exceeded quota')
  world.pass(controller, `${namespace}/web`)
  assert.equal(world.get(ReplicaSet, 'web', namespace), failing, 'the same refusal must not write again')
  world.refuse = () => undefined
  world.settle([controller])
  assert.deepEqual(world.get(ReplicaSet, 'web', namespace)!.status.conditions, [])
})

const fourReady = Object.fromEntries(
  Object.entries({ a: 3200, b: 800, c: 200, d: 50 }).map(([name, age]) => [name, { ...ready, createdAt: ago(age) }]),
)
tellsOnce(
  'creations end with the first batch in which one is refused',
  { replicas: 9, pods: {} },
  (tried) => tried > 1,
  ['create pod web-?', 'refused', 'refused', ...Array.from({ length: 2 }, () => 'event Warning FailedCreate Error creating: no')],
  'FailedCreate: no',
)
tellsOnce(
  'deletions go on, whichever is refused',
  { replicas: 0, pods: fourReady },
  (tried) => tried % 2 === 1,
  [
    'refused',
    'delete pod c',
    'refused',
    'delete pod a',
    ...Array.from({ length: 2 }, () => 'event Warning FailedDelete Error deleting: no'),
  ],
  'FailedDelete: unable to delete pods: no',
)
tellsOnce(
  'an orphan that could not be adopted says nothing of the number of pods',
  { replicas: 1, pods: { a: { ...ready, owners: [] } } },
  () => true,
  ['refused'],
  undefined,
)

/** `refused`: of the writes to pods, by how many came first with itself. Order among events and writes is not looked at. */
function tellsOnce(
  title: string,
  facts: Given,
  refused: (tried: number) => boolean,
  done: readonly string[],
  condition: string | undefined,
): void {
  test(title, () => {
    const { world } = given(facts)
    const statuses: unknown[] = []
    let tried = 0
    world.refuse = (command) => {
      if (command.do === 'update') statuses.push(command.object)
      if (command.do === 'event' || command.do === 'update' || command.do.startsWith('confirm') || !refused((tried += 1))) return undefined
      world.history.push('refused')
      return new WherryError('Forbidden', 'no')
    }
    world.pass(controller, `${namespace}/web`)
    const { status } = world.get(ReplicaSet, 'web', namespace)!
    const kept = world.history.filter((line) => !/Successful|replicaset/.test(line))
    assert.deepEqual(kept.toSorted(), [...done].toSorted())
    assert.equal(status.conditions?.map(({ reason, message }) => `${reason}: ${message}`).join(), condition)
    assert.equal(statuses.length, condition === undefined ? 0 : 1)
  })
}

test('stays within its burst', () => {
  const { world } = given({ replicas: 1200, pods: {} })
  const { commands } = world.pass(controller, `${namespace}/web`)
  assert.equal(commands.filter((command) => command.do === 'create').length, commandsAtOnce)
})

test('never has more live pods than it asks for, through any history', () => {
  const step = fc.oneof(
    fc.record({ scale: fc.nat(6) }),
    fc.record({ ready: fc.nat(9) }),
    fc.record({ fail: fc.nat(9) }),
    fc.record({ vanish: fc.nat(9) }),
    fc.record({ relabel: fc.nat(9) }),
    fc.record({ orphan: fc.nat(9) }),
    fc.constant({ pass: true }),
  )
  fc.assert(
    fc.property(fc.nat(6), fc.array(step, { maxLength: 40 }), (replicas, steps) => {
      const { world } = given({ replicas, pods: {} })
      for (const step of steps) {
        const pods = world.list(Pod)
        const chosen = (at: number) => pods[at % pods.length]
        if ('scale' in step) world.change(ReplicaSet, 'web', namespace, { spec: { replicas: step.scale } })
        else if ('pass' in step) {
          const asked = world.get(ReplicaSet, 'web', namespace)!.spec.replicas
          const before = live(world)
          world.pass(controller, `${namespace}/web`)
          assert.ok(live(world) <= Math.max(asked, before), 'created above what is asked')
          assert.ok(live(world) >= Math.min(asked, before), 'deleted below what is asked')
        } else if (pods.length > 0) {
          const [what, at] = Object.entries(step)[0]!
          const target = chosen(at as number)!
          if (what === 'vanish') world.remove(Pod, target)
          else world.change(Pod, target.metadata.name, namespace, changes[what]!)
        }
      }
      world.settle([controller])
      assert.equal(live(world), world.get(ReplicaSet, 'web', namespace)!.spec.replicas)
    }),
    { numRuns: 150 },
  )
})

const changes: Record<string, object> = {
  ready: {
    spec: { nodeName: 'n1' },
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  },
  fail: { status: { phase: 'Failed' } },
  relabel: { metadata: { labels: { app: 'other' } } },
  orphan: { metadata: { ownerReferences: null, labels: { app: 'web' } } },
}

/** Pods that run for the set: its own, and what it would adopt. */
const live = (world: World): number =>
  world
    .list(Pod)
    .filter(
      (one) => one.metadata.labels?.['app'] === 'web' && one.status.phase !== 'Failed' && one.metadata.deletionTimestamp === undefined,
    ).length

interface Given {
  readonly replicas: number
  readonly minReadySeconds?: number
  readonly pods: Readonly<Record<string, PodFacts>>
  readonly leaving?: boolean
  readonly namespaceIsLeaving?: boolean
}

function given({ replicas, minReadySeconds = 0, pods, leaving = false, namespaceIsLeaving = false }: Given): { world: World } {
  const world = new World()
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['keep'] }
  world.put(Namespace, { metadata: { name: namespace, ...(namespaceIsLeaving ? going : {}) }, spec: {}, status: {} })
  world.put(ReplicaSet, {
    metadata: { name: 'web', namespace, uid: 'rs', generation: 1, ...(leaving ? going : {}) },
    spec: { replicas, minReadySeconds, selector: { matchLabels: { app: 'web' } }, template: template() },
    status: {},
  })
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'rs', controller: true, blockOwnerDeletion: true }
  for (const [name, facts] of Object.entries(pods)) {
    world.put(Pod, pod(name, { owners: facts.owners?.length === 0 ? undefined : (facts.owners ?? [owner]), ...without(facts) } as PodFacts))
  }
  return { world }
}
const without = ({ owners: _, ...facts }: PodFacts): PodFacts => facts

function check(name: string, facts: Given, expected: readonly string[]): void {
  test(name, () => {
    const { world } = given(facts)
    const { commands } = world.pass(controller, `${namespace}/web`)
    assert.deepEqual(
      commands.map((command) => {
        if (command.do === 'update') return `status ${JSON.stringify((command.object as ReplicaSet).status)}`
        if (command.do !== 'patch') return show(command)
        const body = command.body as { metadata?: { ownerReferences: { uid: string }[] | null } }
        return `patch pod ${command.name} owners ${body.metadata!.ownerReferences?.map(({ uid }) => uid).join() ?? '-'}`
      }),
      expected,
    )
    world.settle([controller])
  })
}

function deletes(name: string, pods: Readonly<Record<string, PodFacts>>, victim: string): void {
  test(`deletes ${name}`, () => {
    const { world } = given({ replicas: Object.keys(pods).length - 1, pods })
    const { commands } = world.pass(controller, `${namespace}/web`)
    assert.deepEqual(
      commands.flatMap((command) => (command.do === 'delete' ? [command.name] : [])),
      [victim],
    )
  })
}
