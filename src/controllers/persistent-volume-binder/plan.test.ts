import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { lateCache } from '../testing/late-cache.ts'
import { namespace } from '../testing/objects.ts'
import { persistentVolumeBinder } from './controller.ts'
import { build, check, consumer, provisioned, summary, type VolumeFacts, volume } from './testing.ts'

const noClass = 'a: Normal FailedBinding no persistent volumes available for this claim and no storage class is set'
const bound = { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' }
const external = (name: string) =>
  `a: Normal ExternalProvisioning Waiting for a volume to be created either by the external provisioner '${name}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`

// Which volume a claim gets.
check('a claim gets a volume that suits it', { claims: { a: {} }, volumes: { v: {} } }, ['a: Bound v', 'v: Bound a!'])
check('the smallest that is large enough', { claims: { a: { size: '2Gi' } }, volumes: { s: {}, l: { size: '9Gi' }, m: { size: '2Gi' } } }, [
  'a: Bound m',
  's: Available -',
  'l: Available -',
  'm: Bound a!',
])
check(
  'that with the fewest modes beyond those asked for, though larger',
  { claims: { a: {} }, volumes: { v: { modes: ['ReadWriteOnce', 'ReadWriteMany'] }, w: { size: '5Gi' } } },
  ['a: Bound w', 'v: Available -', 'w: Bound a!'],
)
check('none that is too small', { claims: { a: { size: '2Gi' } }, volumes: { v: {} } }, ['a: Pending -', 'v: Available -', noClass])
check('none without its mode', { claims: { a: { modes: ['ReadWriteMany'] } }, volumes: { v: {} } }, [
  'a: Pending -',
  'v: Available -',
  noClass,
])
check('none of a class', { claims: { a: {} }, volumes: { v: { className: 'fast' } } }, ['a: Pending -', 'v: Available -', noClass])
check('one of its class', { claims: { a: { className: 'fast' } }, volumes: { u: {}, v: { className: 'fast' } } }, [
  'a: Bound v',
  'u: Available -',
  'v: Bound a!',
])
check(
  'one of its class by the old annotations',
  {
    claims: { a: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'fast' } } },
    volumes: { v: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'fast' } } },
  },
  ['a: Bound v', 'v: Bound a!'],
)
check('none of another volume mode', { claims: { a: {} }, volumes: { v: { spec: { volumeMode: 'Block' } } } }, [
  'a: Pending -',
  'v: Available -',
  noClass,
])
check('none with other attributes', { claims: { a: {} }, volumes: { v: { spec: { volumeAttributesClassName: 'gold' } } } }, [
  'a: Pending -',
  'v: Available -',
  noClass,
])
check(
  'one that its selector picks',
  { claims: { a: { spec: { selector: { matchLabels: { tier: 'x' } } } } }, volumes: { u: {}, v: { labels: { tier: 'x' } } } },
  ['a: Bound v', 'u: Available -', 'v: Bound a!'],
)
check('two claims, one volume: one gets it', { claims: { a: {}, b: {} }, volumes: { v: {} } }, [
  'a: Bound v',
  'b: Pending -',
  'v: Bound a!',
  noClass.replace('a:', 'b:'),
])

// Set aside by users.
check('a volume set aside for a claim waits for it', { claims: { a: {} }, volumes: { v: { claim: ['b'] } } }, [
  'a: Pending -',
  'v: Available b',
  noClass,
])
check(
  'and goes to it, whatever is smaller, of its class or has fewer modes',
  {
    claims: { a: {} },
    volumes: { u: {}, v: { claim: ['a'], size: '9Gi', className: 'fast', modes: ['ReadWriteOnce', 'ReadWriteMany'] } },
  },
  ['a: Bound v', 'u: Available -', 'v: Bound a!'],
)
check('but not when it does not suit', { claims: { a: { size: '5Gi' } }, volumes: { v: { claim: ['a'] } } }, [
  'a: Pending -',
  'v: Available a',
  noClass,
])
check('a claim that names its volume gets it', { claims: { a: { volume: 'v' } }, volumes: { u: {}, v: { size: '9Gi' } } }, [
  'a: Bound v',
  'u: Available -',
  'v: Bound a!',
])
check('a claim that names a volume waits for it', { claims: { a: { volume: 'v' } }, volumes: { u: {} } }, [
  'a: Pending v',
  'u: Available -',
])
for (const [name, facts, why] of [
  ['too small', { size: '1Mi' }, 'requested PV is too small'],
  ['of another class', { className: 'fast' }, 'storageClassName does not match'],
  ['with other attributes', { spec: { volumeAttributesClassName: 'gold' } }, 'volumeAttributesClassName does not match'],
  ['of another mode', { spec: { volumeMode: 'Block' } }, 'incompatible volumeMode'],
  ['with other access modes', { modes: ['ReadOnlyMany'] }, 'incompatible accessMode'],
] as const)
  check(`a claim that names a volume ${name} is told so`, { claims: { a: { volume: 'v' } }, volumes: { v: facts } }, [
    'a: Pending v',
    'v: Available -',
    `a: Warning VolumeMismatch Cannot bind to requested volume "v": ${why}`,
  ])
check(
  'a claim that names the volume of another is told so',
  { claims: { b: {}, a: { volume: 'v', uid: 'u-a' } }, volumes: { v: { claim: ['b'] } } },
  ['b: Bound v', 'a: Pending v', 'v: Bound b!', 'a: Warning FailedBinding volume "v" already bound to a different claim.'],
)
check('two claims that name one volume: one gets it', { claims: { a: { volume: 'v' }, b: { volume: 'v' } }, volumes: { v: {} } }, [
  'a: Bound v',
  'b: Pending v',
  'v: Bound a!',
  'b: Warning FailedBinding volume "v" already bound to a different claim.',
])
check(
  'a volume whose claim was bound to another is let go of',
  {
    claims: { a: { volume: 'w', uid: 'u' } },
    volumes: { v: { claim: ['a', 'u'], annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } }, w: {} },
  },
  ['a: Bound w', 'v: Available -', 'w: Bound a!'],
)
check(
  'and stays set aside if its user had set it aside',
  { claims: { a: { volume: 'w', uid: 'u' } }, volumes: { v: { claim: ['a', 'u'] }, w: {} } },
  ['a: Bound w', 'v: Available a', 'w: Bound a!'],
)
check(
  'or is released if it was made for that claim',
  {
    claims: { a: { volume: 'w', uid: 'u' } },
    volumes: { v: { claim: ['a', 'u'], policy: 'Delete', annotations: provisioned('disk.example.com') }, w: {} },
  },
  ['a: Bound w', 'v: Released a!', 'w: Bound a!'],
)

// Waiting, and making volumes on demand.
const wait = { provisioner: 'disk.example.com', volumeBindingMode: 'WaitForFirstConsumer' }
const now = { provisioner: 'disk.example.com', volumeBindingMode: 'Immediate' }
check('a class that does not wait hands the claim to its provisioner', { claims: { a: { className: 'c' } }, classes: { c: now } }, [
  'a: Pending -',
  external('disk.example.com'),
])
check('one that waits does so', { claims: { a: { className: 'c' } }, classes: { c: wait }, volumes: { v: { className: 'c' } } }, [
  'a: Pending -',
  'v: Available -',
  'a: Normal WaitForFirstConsumer waiting for first consumer to be created before binding',
])
check(
  'and says for which pod',
  { claims: { a: { className: 'c' } }, classes: { c: wait }, pods: { p: consumer('a'), done: consumer('a', { phase: 'Failed' }) } },
  ['a: Pending -', 'a: Normal WaitForPodScheduled waiting for pod p to be scheduled'],
)
check('or pods', { claims: { a: { className: 'c' } }, classes: { c: wait }, pods: { q: consumer('a'), p: consumer('a') } }, [
  'a: Pending -',
  'a: Normal WaitForPodScheduled waiting for pods p,q to be scheduled',
])
check(
  'until the scheduler has chosen a node',
  { claims: { a: { className: 'c', annotations: { 'volume.kubernetes.io/selected-node': 'n' } } }, classes: { c: wait } },
  ['a: Pending -', external('disk.example.com')],
)
check('or a volume', { claims: { a: { className: 'c' } }, classes: { c: wait }, volumes: { v: { className: 'c', claim: ['a'] } } }, [
  'a: Bound v',
  'v: Bound a!',
])
check('a class that is not there makes nothing', { claims: { a: { className: 'c' } } }, [
  'a: Pending -',
  'a: Warning ProvisioningFailed storageclass.storage.k8s.io "c" not found',
])
for (const [provisioner, why] of [
  ['kubernetes.io/no-provisioner', 'no volume plugin matched name: kubernetes.io/no-provisioner'],
  ['kubernetes.io/nfs', 'no provisionable volume plugin matched'],
  ['kubernetes.io/host-path', 'Failed to create provisioner: provisioning in volume plugin "kubernetes.io/host-path" is disabled'],
] as const)
  check(`${provisioner} makes nothing`, { claims: { a: { className: 'c' } }, classes: { c: { ...now, provisioner } } }, [
    'a: Pending -',
    `a: Warning ProvisioningFailed ${why}`,
  ])
check(
  'a former in-tree plug-in is its driver',
  { claims: { a: { className: 'c' } }, classes: { c: { ...now, provisioner: 'kubernetes.io/aws-ebs' } } },
  ['a: Pending -', external('ebs.csi.aws.com')],
)
check('a claim without a class gets the default one', { claims: { a: {} }, classes: { c: { ...now, ...byDefault(1) } } }, [
  'a: Pending -',
  external('disk.example.com'),
])
check('but first a volume without a class', { claims: { a: {} }, volumes: { v: {} }, classes: { c: { ...now, ...byDefault(1) } } }, [
  'a: Bound v',
  'v: Bound a!',
])
check('a claim of the empty class gets none', { claims: { a: { className: '' } }, classes: { c: { ...now, ...byDefault(1) } } }, [
  'a: Pending -',
  noClass,
])

test('of several default classes it is the newest, and of those the first by name', () => {
  const world = build({
    claims: { a: {} },
    classes: { x: { ...now, ...byDefault(1) }, z: { ...now, ...byDefault(2) }, y: { ...now, ...byDefault(2) } },
  })
  world.settle([persistentVolumeBinder()])
  assert.equal(world.get(PersistentVolumeClaim, 'a', namespace)!.spec.storageClassName, 'y')
})

test('a provisioner is told of a claim under both names, and the claim of the volume that it made', () => {
  const world = build({ claims: { a: { className: 'c' } }, classes: { c: now } })
  const binder = persistentVolumeBinder()
  world.settle([binder])
  const { annotations, uid } = world.get(PersistentVolumeClaim, 'a', namespace)!.metadata
  assert.deepEqual(annotations, {
    'volume.beta.kubernetes.io/storage-provisioner': 'disk.example.com',
    'volume.kubernetes.io/storage-provisioner': 'disk.example.com',
  })
  world.put(PersistentVolume, volume('made', { claim: ['a', uid], className: 'c', annotations: provisioned('disk.example.com') }))
  world.settle([binder])
  assert.deepEqual(summary(world).slice(0, 2), ['a: Bound made', 'made: Bound a!'])
})

test('both say what they are bound to', () => {
  const world = build({ claims: { a: { spec: { volumeAttributesClassName: 'gold' } } } })
  world.put(
    PersistentVolume,
    volume('v', { size: '2Gi', modes: ['ReadWriteOnce', 'ReadOnlyMany'], spec: { volumeAttributesClassName: 'gold' } }),
  )
  world.settle([persistentVolumeBinder()])
  const bound = world.get(PersistentVolumeClaim, 'a', namespace)!
  assert.deepEqual(bound.status, {
    phase: 'Bound',
    accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
    capacity: { storage: '2Gi' },
    currentVolumeAttributesClassName: 'gold',
  })
  assert.deepEqual(Object.keys(bound.metadata.annotations!).toSorted(), [
    'pv.kubernetes.io/bind-completed',
    'pv.kubernetes.io/bound-by-controller',
  ])
  const { spec, metadata } = world.get(PersistentVolume, 'v')!
  const { resourceVersion: _, ...claimRef } = spec.claimRef!
  assert.deepEqual(claimRef, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: 'a', uid: bound.metadata.uid })
  assert.deepEqual(metadata.annotations, { 'pv.kubernetes.io/bound-by-controller': 'yes' })
})

test('who chose is remembered: a volume that the user named is not bound by the controller', () => {
  const world = build({ claims: { a: { volume: 'v' } }, volumes: { v: { claim: ['a'] } } })
  world.settle([persistentVolumeBinder()])
  assert.deepEqual(world.get(PersistentVolumeClaim, 'a', namespace)!.metadata.annotations, { 'pv.kubernetes.io/bind-completed': 'yes' })
  assert.equal(world.get(PersistentVolume, 'v')!.metadata.annotations, undefined)
})

test('the size of a bound claim is the resizer’s to say', () => {
  const world = build({ claims: { a: {} }, volumes: { v: {} } })
  const binder = persistentVolumeBinder()
  world.settle([binder])
  world.change(PersistentVolume, 'v', undefined, { spec: { capacity: { storage: '5Gi' } } })
  world.settle([binder])
  assert.equal(world.get(PersistentVolumeClaim, 'a', namespace)!.status.capacity!['storage'], '1Gi')
})

test('a claim bound during a resize has the size from before', () => {
  const world = build({
    claims: { a: {} },
    volumes: { v: { size: '5Gi', annotations: { 'volume.alpha.kubernetes.io/pre-resize-capacity': '2Gi' } } },
  })
  world.settle([persistentVolumeBinder()])
  assert.equal(world.get(PersistentVolumeClaim, 'a', namespace)!.status.capacity!['storage'], '2Gi')
})

test('what waits gets a volume as soon as there is one', () => {
  const world = build({ claims: { a: {} } })
  const binder = persistentVolumeBinder()
  world.settle([binder])
  world.put(PersistentVolume, volume('v'))
  world.settle([binder])
  assert.deepEqual(summary(world).slice(0, 2), ['a: Bound v', 'v: Bound a!'])
  assert.equal(world.events.length, 1, 'nothing is said twice')
})

// Losses.
check(
  'a bound claim whose volume is gone is lost',
  { claims: { a: { volume: 'v', annotations: bound, status: { phase: 'Bound', capacity: { storage: '1Gi' } } } } },
  ['a: Lost v', 'a: Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!'],
)
check('one that names none any more, too', { claims: { a: { annotations: bound, status: { phase: 'Bound' } } } }, [
  'a: Lost -',
  'a: Warning ClaimLost Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
])
check(
  'one whose volume is another’s is lost',
  {
    claims: {
      a: { volume: 'v', annotations: bound, status: { phase: 'Bound' } },
      b: { volume: 'v', uid: 'u', annotations: bound, status: { phase: 'Bound', accessModes: ['ReadWriteOnce'] } },
    },
    volumes: { v: { claim: ['b', 'u'], phase: 'Bound' } },
  },
  [
    'a: Lost v',
    'b: Bound v',
    'v: Bound b!',
    'a: Warning ClaimMisbound Two claims are bound to the same volume, this one is bound incorrectly',
  ],
)
check(
  'a claim whose volume comes back is found',
  { claims: { a: { volume: 'v', annotations: bound, status: { phase: 'Lost' } } }, volumes: { v: {} } },
  ['a: Bound v', 'v: Bound a!'],
)

test('a claim is not lost because the cache has not heard of its volume', () => {
  const world = build({ claims: { a: { volume: 'v', annotations: bound, status: { phase: 'Bound' } } } })
  const cache = lateCache(world, [PersistentVolumeClaim, PersistentVolume, StorageClass, Pod])
  world.put(PersistentVolume, volume('v'))
  const binder = persistentVolumeBinder()
  const { commands } = binder.plan(binder.view(`${namespace}/a`, cache, world.now)!)
  assert.throws(() => world.do(commands[0] as never), { code: 'Conflict' })
})

// What former in-tree plug-ins leave.
finalizers('what one inside made is held', { policy: 'Delete', annotations: provisioned('kubernetes.io/x') }, [
  'kubernetes.io/pv-controller',
])
finalizers('not when it is kept', { annotations: provisioned('kubernetes.io/x'), finalizers: ['kubernetes.io/pv-controller', 'mine'] }, [
  'mine',
])
finalizers(
  'nor when a driver has it',
  { annotations: provisioned('kubernetes.io/gce-pd'), finalizers: ['kubernetes.io/pv-controller'] },
  [],
)
finalizers('what others made is theirs', { policy: 'Delete', annotations: provisioned('disk.example.com'), finalizers: ['x'] }, ['x'])

function finalizers(name: string, facts: VolumeFacts, expected: readonly string[]): void {
  test(`finalizers: ${name}`, () => {
    const world = build({ volumes: { v: facts } })
    world.settle([persistentVolumeBinder()])
    assert.deepEqual(world.get(PersistentVolume, 'v')!.metadata.finalizers ?? [], expected)
  })
}

test('a migrated volume and claim name their driver', () => {
  const world = build({
    claims: { a: { annotations: { 'volume.kubernetes.io/storage-provisioner': 'kubernetes.io/cinder' } } },
    volumes: {
      v: { claim: ['b'], annotations: provisioned('kubernetes.io/gce-pd') },
      w: { claim: ['b'], annotations: { ...provisioned('x.y'), 'pv.kubernetes.io/migrated-to': 'z' } },
    },
  })
  world.settle([persistentVolumeBinder()])
  const note = 'pv.kubernetes.io/migrated-to'
  assert.equal(world.get(PersistentVolumeClaim, 'a', namespace)!.metadata.annotations![note], 'cinder.csi.openstack.org')
  assert.equal(world.get(PersistentVolume, 'v')!.metadata.annotations![note], 'pd.csi.storage.gke.io')
  assert.equal(world.get(PersistentVolume, 'w')!.metadata.annotations![note], undefined)
})

function byDefault(age: number): object {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' }
  return { metadata: { annotations, creationTimestamp: rfc3339(age * 1000) } }
}
