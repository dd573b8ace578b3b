import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Single } from '#loop/controller.ts'
import { controlledBy, namespace, type PodFacts, pod } from '../testing/objects.ts'
import { prefixesOf, show, type World } from '../testing/world.ts'
import { statefulSetController } from './controller.ts'
import { partsOf } from './identity.ts'
import { key, revisionOf, type SetFacts, worldWith } from './testing.ts'

const controller = statefulSetController()
const limited = statefulSetController(new Set(['MaxUnavailableStatefulSet']))
const now = Date.parse('2026-01-01T00:00:00Z')
const ago = (seconds: number) => now - seconds * 1000
const ready: Facts = { node: 'n', readyAt: ago(100) }
const unready: Facts = { node: 'n' }
const pending: Facts = { phase: 'Pending' }
const failed: Facts = { node: 'n', phase: 'Failed' }
const leaving: Facts = { ...ready, deletedAt: now }
const old: Facts = { ...ready, of: 'old' }
const oldFailed: Facts = { ...failed, of: 'old' }
const oldPending: Facts = { ...pending, of: 'old' }

// In order: one after the other.
check('makes the first pod, and no other', {}, ['create pod web-0'])
check('makes the next when the one before is ready', { pods: { 0: ready } }, ['create pod web-1'])
check('waits for one that is not ready', { pods: { 0: unready } }, [])
check('waits for one that is pending', { pods: { 0: pending } }, [])
check('waits for one that has gone while it was ready', { pods: { 0: leaving, 1: ready } }, [])
check('fills a gap', { pods: { 0: ready, 2: ready } }, ['create pod web-1'])
check('waits for one that is ready, but not long enough', { minReadySeconds: 101, pods: { 0: ready } }, [])
check('goes on when it has been ready long enough', { minReadySeconds: 100, pods: { 0: ready } }, ['create pod web-1'])
check('begins where it is told to', { start: 5, pods: { 5: ready } }, ['create pod web-6'])
check('starts one anew that failed', { pods: { 0: failed, 1: ready } }, ['delete pod web-0'])
check('starts one anew that succeeded', { pods: { 0: ready, 1: { ...failed, phase: 'Succeeded' } } }, ['delete pod web-1'])
check('gives one that failed at once a moment', { pods: { 0: { ...failed, createdAt: ago(1) } } }, [])
check('waits for one that failed and goes', { pods: { 0: { ...failed, deletedAt: now } } }, [])
check('is done', { pods: { 0: ready, 1: ready, 2: ready } }, [])

// All at once.
const parallel = { policy: 'Parallel' } as const
check('makes all pods', parallel, ['create pod web-0', 'create pod web-1', 'create pod web-2'])
check('makes what is missing, whatever the others do', { ...parallel, pods: { 1: unready } }, ['create pod web-0', 'create pod web-2'])
check('deletes all that failed', { ...parallel, pods: { 0: failed, 1: ready, 2: failed } }, ['delete pod web-0', 'delete pod web-2'])
check('removes all that are too many', { ...parallel, replicas: 1, pods: { 0: unready, 1: leaving, 2: unready, 3: ready } }, [
  'delete pod web-3',
  'delete pod web-2',
])
check('makes and removes at once where the beginning moves', { ...parallel, replicas: 2, start: 2, pods: { 0: ready, 1: ready } }, [
  'create pod web-2',
  'create pod web-3',
  'delete pod web-1',
  'delete pod web-0',
])

// Scaling down in order.
check('removes the highest first', { replicas: 1, pods: { 0: ready, 1: ready, 2: ready } }, ['delete pod web-2'])
check('removes nothing while a wanted one is not ready', { replicas: 1, pods: { 0: unready, 1: ready } }, [])
check('removes nothing while one goes', { replicas: 1, pods: { 0: ready, 1: ready, 2: leaving } }, [])
check('removes nothing while a lower one too many is not ready', { replicas: 1, pods: { 0: ready, 1: unready, 2: ready } }, [
  'delete pod web-2',
])
check('removes the one too many that is not ready itself', { replicas: 1, pods: { 0: ready, 1: ready, 2: unready } }, ['delete pod web-2'])
check('waits with one that is not ready while a lower one is not either', { replicas: 1, pods: { 0: ready, 1: unready, 2: unready } }, [])
check('removes none of two too many that both ended, as the reference', { replicas: 0, pods: { 0: failed, 1: failed } }, [])
check('removes those below the beginning too', { replicas: 1, start: 2, pods: { 0: ready, 1: ready, 2: ready } }, ['delete pod web-1'])
check('removes all', { replicas: 0, pods: { 0: unready } }, ['delete pod web-0'])

const bare: Given = { strategy: { type: 'RollingUpdate' } }
// Rolling to another template.
check('replaces the highest of an old template', { pods: { 0: old, 1: old, 2: old } }, ['delete pod web-2'])
check('replaces the next when that one is ready', { pods: { 0: old, 1: old, 2: ready } }, ['delete pod web-1'])
check('waits for the replaced one', { pods: { 0: old, 1: old, 2: unready } }, [])
check('waits for the replaced one to be available', { minReadySeconds: 101, pods: { 0: old, 1: old, 2: ready } }, [])
check('is stuck behind an old one that never becomes ready, as the reference is', { pods: { 0: old, 1: oldPending, 2: ready } }, [])
check('all at once, replaces an old one that is not ready', { ...parallel, pods: { 0: old, 1: oldPending, 2: ready } }, [
  'delete pod web-1',
])
check('all at once, replaces one by one nevertheless', { ...parallel, pods: { 0: old, 1: old, 2: unready } }, [])
check('all at once, waits for an old one that goes', { ...parallel, pods: { 0: old, 1: old, 2: { ...old, deletedAt: now } } }, [])
check('all at once, deletes an old one that failed, once', { ...parallel, pods: { 0: old, 1: old, 2: { ...old, phase: 'Failed' } } }, [
  'delete pod web-2',
])
check('replaces none below the partition', { ...partition(2), pods: { 0: old, 1: old, 2: old } }, ['delete pod web-2'])
check('leaves those below the partition', { ...partition(2), pods: { 0: old, 1: old, 2: ready } }, [])
check('counts the partition from the first ordinal', { ...partition(1), replicas: 2, start: 4, pods: { 4: old, 5: old } }, [
  'delete pod web-5',
])
check('brings back what is below the partition as it was', { ...partition(2), pods: { 0: old, 2: ready } }, ['create pod web-1 OLD'])
check('makes what is above the partition anew', { ...partition(1), pods: { 0: old, 2: ready } }, ['create pod web-1'])
check('replaces nothing by itself', { strategy: { type: 'OnDelete' }, pods: { 0: old, 1: old, 2: old } }, [])
check('makes anew what somebody deleted', { strategy: { type: 'OnDelete' }, pods: { 0: old, 2: old } }, ['create pod web-1'])
check('without a partition, makes as many of the old template as are counted', { ...bare, counted: 2, pods: { 0: old } }, [
  'create pod web-1 OLD',
])
check('without a partition, makes the others anew', { ...bare, counted: 1, pods: { 0: old } }, ['create pod web-1'])
check('first removes what is too much', { replicas: 2, pods: { 0: old, 1: old, 2: old } }, ['delete pod web-2'])

// As many at once as may be missing (KEP-961).
const olds = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, old]))
const allows = (maxUnavailable?: number | string, partition = 0): Given => ({
  ...many,
  strategy: { type: 'RollingUpdate', rollingUpdate: { partition, ...(maxUnavailable !== undefined && { maxUnavailable }) } },
})
const many = { controller: limited, replicas: 5 }
const gone = (...ordinals: number[]) => ordinals.map((ordinal) => `delete pod web-${ordinal}`)
check('without the gate the field is not heeded', { ...allows(3), controller, pods: olds(5) }, gone(4))
check('replaces one, where nothing is said', { ...allows(), pods: olds(5) }, gone(4))
check('or where there are no limits', { ...many, ...bare, pods: olds(5) }, gone(4))
check('replaces as many as may be missing, the highest first', { ...allows(3), pods: olds(5) }, gone(4, 3, 2))
check('or all', { ...allows(7), pods: olds(5) }, gone(4, 3, 2, 1, 0))
check('a share of them, rounded down', { ...allows('50%'), pods: olds(5) }, gone(4, 3))
check('but not to none', { ...allows('10%'), pods: olds(5) }, gone(4))
check('none below the partition', { ...allows(3, 3), pods: olds(5) }, gone(4, 3))
check(
  'counts the partition from the first ordinal there too',
  { ...allows(3, 3), start: 4, pods: { 4: old, 5: old, 6: old, 7: old, 8: old } },
  ['delete pod web-8', 'delete pod web-7'],
)
check('passes over those of the present template', { ...allows(2), pods: { ...olds(5), 4: ready, 2: ready } }, gone(3, 1))
check('in order, waits for all of those that it replaced', { ...allows(3), pods: { ...olds(5), 4: ready, 3: unready } }, [])
check('in order, makes the lowest of them first', { ...allows(3), pods: olds(3) }, ['create pod web-3'])
check('in order, waits for one that goes', { ...allows(3), pods: { ...olds(5), 3: leaving } }, [])
check('leaves what the user replaces', { ...many, strategy: { type: 'OnDelete' }, pods: olds(5) }, [])
check('first removes what is too much, there too', { ...allows(3), replicas: 4, pods: olds(5) }, gone(4))

const broadly = (maxUnavailable: number | string, partition = 0) => ({ ...parallel, ...allows(maxUnavailable, partition) })
check('all at once, replaces as many as may be missing', { ...broadly('60%'), pods: olds(5) }, gone(4, 3, 2))
check('all at once, fewer where some are missing anyway', { ...broadly(3), pods: { ...olds(5), 0: oldPending } }, gone(4, 3))
check('all at once, also for one that is made in this pass', { ...broadly(2), pods: olds(4) }, ['create pod web-4', ...gone(3)])
check(
  'all at once, counts those that go, and does not pick them',
  { ...broadly(3), pods: { ...olds(5), 4: { ...old, deletedAt: now } } },
  gone(3, 2),
)
check('all at once, counts those that are not available yet', { ...broadly(2), minReadySeconds: 101, pods: olds(5) }, [])
check(
  'all at once, is stuck where as many never become ready, as the reference',
  { ...broadly(1), pods: { ...olds(5), 2: oldPending } },
  [],
)
check('all at once, counts missing ones below the partition', { ...broadly(2, 3), pods: { ...olds(5), 0: oldPending } }, gone(4))
check(
  'all at once, one that is not ready counts twice, as in the reference',
  { ...broadly(2), pods: { ...olds(5), 4: oldPending } },
  gone(4),
)
check('all at once, one that ended goes once, and has its share', { ...broadly(3), pods: { ...olds(5), 4: oldFailed } }, gone(4, 3))
check(
  'all at once, also one that ended a moment ago',
  { ...broadly(3), pods: { ...olds(5), 4: { ...oldFailed, createdAt: now } } },
  gone(3),
)
check('all at once, whatever those too many do', { ...broadly(2), replicas: 4, pods: { ...olds(4), 4: unready } }, gone(4, 3, 2))

test('no longer counts those that it replaces', () => {
  const { world } = given({ ...allows(2), pods: olds(5) })
  world.pass(limited, key)
  assert.equal(statusOf(world).currentReplicas, 3)
})

test('replaces no more than its burst in one pass', () => {
  const { world } = given({ ...broadly('100%'), replicas: 600, pods: olds(600) })
  const { commands } = world.pass(limited, key)
  assert.equal(commands.filter((command) => command.do === 'delete').length, 500)
})

// Adoption and identity.
check('adopts an orphan of its name', { replicas: 1, pods: { 0: { ...ready, owners: [] } } }, [
  'confirm that statefulset web is unchanged',
  'patch pod web-0 owners set',
])
check('adopts no orphan of another name', { replicas: 0, pods: { x: { ...ready, owners: [] } } }, [])
check('adopts no orphan that goes, and waits for it', { replicas: 1, pods: { 0: { ...leaving, owners: [] } } }, [])
check(
  'waits for a pod of its name that is somebody else’s',
  { replicas: 1, pods: { 0: { ...ready, owners: [controlledBy('Job', 'j')] } } },
  [],
)
check(
  'releases a pod that is no longer selected, and waits for its name',
  { replicas: 1, pods: { 0: { ...ready, labels: { app: 'x' } } } },
  ['patch pod web-0 owners -'],
)
check('releases a pod that has none of its names', { replicas: 0, pods: { x: ready, '01': ready } }, [
  'patch pod web-x owners -',
  'patch pod web-01 owners -',
])
check('gives a pod its labels back', { replicas: 1, pods: { 0: { ...ready, bare: true } } }, ['update pod web-0'])
check('touches nothing while it is being deleted', { leaving: true, pods: { 0: failed, 1: { ...ready, owners: [] } } }, [])
check('makes nothing in a namespace that goes', { namespaceIsLeaving: true, pods: { 0: failed } }, [])

// Claims.
const data = { claims: ['data', 'log'], replicas: 1 }
const owned = { retention: { whenDeleted: 'Delete', whenScaled: 'Delete' } } as const
check('makes claims before their pod', data, [
  'create persistentvolumeclaim data-web-0',
  'create persistentvolumeclaim log-web-0',
  'create pod web-0',
])
check('uses a claim that is there', { ...data, there: { 'data-web-0': {} } }, [
  'create persistentvolumeclaim log-web-0',
  'create pod web-0',
])
check('waits for a claim that goes', { ...data, there: { 'data-web-0': { leaving: true }, 'log-web-0': {} } }, [])
check('makes the claim of a pending pod again', { ...data, pods: { 0: pending }, there: { 'data-web-0': {} } }, [
  'create persistentvolumeclaim log-web-0',
])
check('leaves the lost claim of a running pod', { ...data, pods: { 0: ready } }, [])
check(
  'begins with the pods whose claims are there, so that one claim that is refused holds up no other',
  { ...parallel, claims: ['data'], replicas: 2, there: { 'data-web-1': {} } },
  ['create pod web-1', 'create persistentvolumeclaim data-web-0', 'create pod web-0'],
)
check('makes claims that go with the set', { ...data, ...owned, claims: ['data'] }, [
  'create persistentvolumeclaim data-web-0 of StatefulSet web',
  'create pod web-0',
])
check('gives claims to the set where it is told to later', { ...data, ...owned, pods: { 0: ready }, there: both() }, [
  'own data-web-0 by StatefulSet web',
  'own log-web-0 by StatefulSet web',
])
check(
  'gives claims of a pod too many to the pod, then removes it',
  { ...data, ...owned, replicas: 0, pods: { 0: ready }, there: both('set') },
  ['own data-web-0 by Pod web-0', 'own log-web-0 by Pod web-0', 'delete pod web-0'],
)
check('takes claims from the set where they are to stay', { ...data, pods: { 0: ready }, there: both('set') }, [
  'own data-web-0 by -',
  'own log-web-0 by -',
])
check('waits for claims that go with an earlier pod of the name', { ...data, ...owned, there: both('gone') }, [])
check('with claims that are to stay, waits for none', { ...data, there: both('gone') }, ['create pod web-0'])
check('leaves claims of an earlier set to the collector', { ...data, ...owned, pods: { 0: ready }, there: both('earlier') }, [])
check('leaves claims that were the set’s and go with an earlier pod', { ...data, ...owned, pods: { 0: ready }, there: both('both') }, [])
check('leaves claims that somebody else controls', { ...data, ...owned, pods: { 0: ready }, there: both('other') }, [])

test('a pod has its name, place and claims for ever', () => {
  const { world } = given({ replicas: 1, start: 3, claims: ['data'] })
  world.pass(controller, key)
  const { metadata, spec } = world.get(Pod, 'web-3', namespace)!
  assert.deepEqual(metadata.labels, {
    app: 'web',
    'statefulset.kubernetes.io/pod-name': 'web-3',
    'apps.kubernetes.io/pod-index': '3',
    'controller-revision-hash': revisionOf('web:1', 2).metadata.name,
  })
  assert.equal(metadata.generateName, 'web-')
  assert.deepEqual([spec.hostname, spec.subdomain], ['web-3', 'web'])
  assert.deepEqual(spec.volumes, [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-3' } }])
  const claim = world.get(PersistentVolumeClaim, 'data-web-3', namespace)!
  assert.deepEqual(claim.metadata.labels, { tier: 'fast', app: 'web' })
  assert.deepEqual(claim.spec.accessModes, ['ReadWriteOnce'])
})

test('with the longest of names, its pods’ names begin with no more than that', () => {
  const name = 'a'.repeat(253)
  const { world } = given({ replicas: 1 })
  const { metadata, ...rest } = world.get(StatefulSet, 'web', namespace)!
  world.put(StatefulSet, { ...rest, metadata: { ...metadata, name, uid: 'long' } })
  const { commands } = world.pass(controller, `${namespace}/${name}`)
  assert.deepEqual(prefixesOf(commands), [name])
})

test('asks to be woken when a ready pod becomes available', () => {
  const { world } = given({ replicas: 1, minReadySeconds: 110, pods: { 0: ready } })
  assert.equal(world.settle([controller]), now + 10_000)
  assert.equal(statusOf(world).availableReplicas, 0)
  world.now += 10_000
  assert.equal(world.settle([controller]), Infinity)
  assert.equal(statusOf(world).availableReplicas, 1)
})

test('asks to be woken when one that failed at once may be made again', () => {
  const { world } = given({ replicas: 1, pods: { 0: { ...failed, createdAt: ago(1) } } })
  assert.equal(world.settle([controller]), now + 1000)
  world.now += 1000
  world.pass(controller, key)
  assert.notEqual(world.get(Pod, 'web-0', namespace)!.metadata.deletionTimestamp, undefined)
})

test('keeps the revision that it comes from, though no pod is of it any more', () => {
  const { world } = given({ historyLimit: 0, pods: { 0: { ...ready, of: 'old' } } })
  world.remove(Pod, world.get(Pod, 'web-0', namespace)!)
  world.settle([controller])
  assert.equal(world.list(ControllerRevision).length, 2)
})

test('makes no more than its burst in one pass', () => {
  const { world } = given({ ...parallel, replicas: 2_000_000_000 })
  const { commands } = world.pass(controller, key)
  assert.equal(commands.filter((command) => command.do === 'create' && command.kind === Pod).length, 500)
})

test('keeps the history to its limit, and of that what is in use', () => {
  const { world } = given({ replicas: 1, historyLimit: 1, pods: { 0: old } })
  for (const [image, number] of [
    ['a', -3],
    ['b', -2],
    ['c', -1],
  ] as const)
    world.put(ControllerRevision, revisionOf(image, number))
  const { commands } = world.pass(controller, key)
  const gone = commands.filter((command) => command.do === 'delete' && command.kind === ControllerRevision).map(show)
  assert.deepEqual(
    gone,
    ['a', 'b'].map((image) => `delete controllerrevision ${revisionOf(image, 1).metadata.name}`),
  )
})

test('reads the ordinal off a name as the set would write it', () => {
  const parts = (name: string) => Object.values(partsOf(name) ?? {}).join(' ')
  assert.deepEqual(['web-0', 'a-b-12', 'web-2147483647'].map(parts), ['web 0', 'a-b 12', 'web 2147483647'])
  for (const name of ['web', 'web-', 'web-x', 'web-01', 'web-1e3', 'web-+1', 'web-1.5', 'web-2147483648', 'web-NaN', 'web-Infinity'])
    assert.equal(partsOf(name), undefined, name)
})

interface Facts extends PodFacts {
  /** Which template it was made of; absent: the present one. */
  readonly of?: 'old'
  /** Without the labels of its identity. */
  readonly bare?: boolean
}

interface ClaimFacts {
  readonly leaving?: boolean
  readonly owner?: Owner
}
type Owner = 'set' | 'earlier' | 'gone' | 'other' | 'both'

interface Given extends SetFacts {
  /** By ordinal, or by another end of the name. */
  readonly pods?: Readonly<Record<string, Facts>>
  readonly there?: Readonly<Record<string, ClaimFacts>>
  /** `status.currentReplicas`. */
  readonly counted?: number
  readonly leaving?: boolean
  readonly namespaceIsLeaving?: boolean
  /** Absent: that without any gate. */
  readonly controller?: typeof limited
}

function partition(partition: number): Given {
  return { strategy: { type: 'RollingUpdate', rollingUpdate: { partition } } }
}

function both(owner?: Owner): Record<string, ClaimFacts> {
  return { 'data-web-0': { ...(owner && { owner }) }, 'log-web-0': { ...(owner && { owner }) } }
}

function owners(owner: Owner | undefined): readonly object[] {
  if (owner === 'gone') return [controlledBy('Pod', 'earlier', 'web-0')]
  if (owner === 'both') return [...owners('set'), ...owners('gone')]
  if (owner === 'other') return [controlledBy('Job', 'j')]
  return owner === undefined ? [] : [{ ...controlledBy('StatefulSet', owner, 'web'), apiVersion: 'apps/v1' }]
}

function given({ pods = {}, there = {}, counted, leaving = false, namespaceIsLeaving = false, ...facts }: Given): { world: World } {
  const world = worldWith(facts)
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['keep'] }
  if (namespaceIsLeaving) world.change(Namespace, namespace, undefined, { metadata: going })
  const before = revisionOf('web:0', 1)
  const present = revisionOf('web:1', 2)
  world.put(ControllerRevision, before)
  world.put(ControllerRevision, present)
  const isRolling = Object.values(pods).some(({ of }) => of === 'old')
  world.change(StatefulSet, 'web', namespace, {
    metadata: leaving ? going : {},
    status: {
      currentRevision: (isRolling ? before : present).metadata.name,
      ...(counted === undefined ? {} : { currentReplicas: counted }),
    },
  })
  const volumes = (ordinal: string) =>
    (facts.claims ?? []).map((name) => ({ name, persistentVolumeClaim: { claimName: `${name}-web-${ordinal}` } }))
  for (const [end, { of, bare, owners: given, ...rest }] of Object.entries(pods)) {
    const name = `web-${end}`
    const identity = { 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': end }
    const revision = (of === 'old' ? before : present).metadata.name
    const labels = { app: 'web', ...rest.labels, ...(bare ? {} : identity), 'controller-revision-hash': revision }
    const owner = { ...controlledBy('StatefulSet', 'set', 'web'), apiVersion: 'apps/v1' }
    world.put(
      Pod,
      pod(name, { createdAt: ago(100), ...rest, labels, owners: given ?? [owner], spec: { ...rest.spec, volumes: volumes(end) } }),
    )
  }
  for (const [name, { leaving, owner }] of Object.entries(there)) {
    const metadata = { name, namespace, ownerReferences: owners(owner), ...(leaving ? going : {}) }
    world.put(PersistentVolumeClaim, { metadata, spec: {}, status: { phase: 'Bound' } })
  }
  return { world }
}

const statusOf = (world: World) => world.get(StatefulSet, 'web', namespace)!.status

/** What one pass does beside status and events, and that a settled world is left alone. */
function check(name: string, facts: Given, expected: readonly string[]): void {
  test(name, () => {
    const { world } = given(facts)
    const own = facts.controller ?? controller
    const { commands } = world.pass(own, key)
    const before = revisionOf('web:0', 1).metadata.name
    assert.deepEqual(
      commands.flatMap((command) => line(command, before)),
      expected,
    )
    world.settle([own])
  })
}

function line(command: Single, before: string): string[] {
  if (command.do === 'event' || (command.do === 'update' && command.subresource === 'status')) return []
  const { metadata } = ('object' in command ? command.object : { metadata: {} }) as Pod
  const owner = metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`).join() || '-'
  if (command.do === 'create' && command.kind === Pod)
    return [show(command) + (metadata.labels?.['controller-revision-hash'] === before ? ' OLD' : '')]
  if (command.do === 'create' && command.kind === PersistentVolumeClaim) return [show(command) + (owner === '-' ? '' : ` of ${owner}`)]
  if (command.do === 'update' && command.kind === PersistentVolumeClaim) return [`own ${metadata.name} by ${owner}`]
  if (command.do !== 'patch') return [show(command)]
  const body = command.body as { metadata: { ownerReferences: { uid: string }[] | null } }
  return [`patch pod ${command.name} owners ${body.metadata.ownerReferences?.map(({ uid }) => uid).join() ?? '-'}`]
}
