import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { lateCache } from '../testing/late-cache.ts'
import { namespace } from '../testing/objects.ts'
import type { World } from '../testing/world.ts'
import { persistentVolumeBinder } from './controller.ts'
import { recyclerFor } from './recycler-pod.ts'
import { build, check, claim, consumer, provisioned, type Scene, summary, type VolumeFacts } from './testing.ts'

const noClass = 'a: Normal FailedBinding no persistent volumes available for this claim and no storage class is set'
const gone = (facts: VolumeFacts = {}): Scene => ({ volumes: { v: { claim: ['a', 'gone'], phase: 'Bound', ...facts } } })
check('a volume whose claim is gone is released, and kept', gone(), ['v: Released a!'])
check('it is not for a new claim of that name', { ...gone(), claims: { a: {} } }, ['a: Pending -', 'v: Released a!', noClass])
check('its provisioner deletes it', gone({ policy: 'Delete', annotations: provisioned('disk.example.com') }), ['v: Released a!'])
check('its driver deletes it', gone({ policy: 'Delete' }), ['v: Released a!'])
check(
  'a migrated one is its driver’s',
  gone({ policy: 'Delete', annotations: provisioned('kubernetes.io/aws-ebs'), source: { awsElasticBlockStore: { volumeID: 'x' } } }),
  ['v: Released a!'],
)
for (const [name, facts, why] of [
  ['a local one', { source: { local: { path: '/x' } } }, 'error getting deleter volume plugin for volume "v": no volume plugin matched'],
  [
    'NFS',
    { source: { nfs: { server: 's', path: '/x' } } },
    'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
  ],
  ['a plug-in that is not there', { annotations: provisioned('kubernetes.io/x') }, 'no volume plugin matched name: kubernetes.io/x'],
  [
    'a directory of a node',
    { source: { hostPath: { path: '/data' } } },
    'host_path deleter only supports /tmp/.+ but received provided /data',
  ],
  [
    'one below /tmp',
    { source: { hostPath: { path: '/tmp/x' } } },
    'host_path deleter does not remove /tmp/x: empty it on its node and delete the volume',
  ],
] as const)
  check(`nobody deletes ${name}`, gone({ policy: 'Delete', ...facts }), ['v: Failed a!', `v: Warning VolumeFailedDelete ${why}`])
check('a volume that its user takes the claim from is free', { volumes: { v: { phase: 'Released' } } }, ['v: Available -'])

test('a volume is not released because the cache has not heard of its claim', () => {
  const world = build({ volumes: { v: { claim: ['a', 'u'], phase: 'Bound' } } })
  const cache = lateCache(world, [PersistentVolumeClaim, PersistentVolume, StorageClass, Pod])
  world.put(PersistentVolumeClaim, claim('a', { uid: 'u', volume: 'v' }))
  const binder = persistentVolumeBinder()
  const { commands } = binder.plan(binder.view('v', cache, world.now)!)
  assert.throws(() => world.do(commands[0] as never), { code: 'Conflict' })
})

test('a pod empties a recycled volume, which is then free', () => {
  const world = build(
    gone({
      policy: 'Recycle',
      source: { hostPath: { path: '/data' } },
      size: '10Gi',
      annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' },
    }),
  )
  const binder = persistentVolumeBinder()
  markReleased(world, binder)
  world.settle([binder])
  const recycler = world.get(Pod, 'recycler-for-v', 'default')!
  assert.equal(recycler.spec.activeDeadlineSeconds, 300)
  assert.deepEqual(recycler.spec.volumes, [{ name: 'vol', hostPath: { path: '/data' } }])
  world.change(Pod, 'recycler-for-v', 'default', { status: { phase: 'Succeeded' } })
  world.settle([binder])
  assert.deepEqual(summary(world), ['v: Available -', 'v: Normal VolumeRecycled Volume recycled'])
  assert.equal(world.get(Pod, 'recycler-for-v', 'default'), undefined)
})

test('a pod that was there before the volume was released has emptied nothing', () => {
  const world = build(gone({ policy: 'Recycle', source: { hostPath: { path: '/data' } } }))
  const binder = persistentVolumeBinder()
  const { metadata, spec } = recyclerFor(world.get(PersistentVolume, 'v')!)!
  world.put(Pod, { metadata: { ...metadata, uid: 'forged' }, spec, status: { phase: 'Succeeded' } })
  world.now += 60_000
  markReleased(world, binder)
  world.settle([binder])
  assert.deepEqual(summary(world), ['v: Released a!'])
  const { uid } = world.get(Pod, 'recycler-for-v', 'default')!.metadata
  assert.notEqual(uid, 'forged')
})

test('a pod that fails to empty a volume is tried again later', () => {
  const world = build(gone({ policy: 'Recycle', source: { nfs: { server: 's', path: '/x' } } }))
  const binder = persistentVolumeBinder()
  markReleased(world, binder)
  world.settle([binder])
  world.change(Pod, 'recycler-for-v', 'default', { status: { phase: 'Failed', message: 'DeadlineExceeded' } })
  const wakeAt = world.settle([binder])
  assert.deepEqual(summary(world), [
    'v: Failed a!',
    'v: Warning VolumeFailedRecycle Recycle failed: failed to recycle volume: DeadlineExceeded',
  ])
  world.now = wakeAt
  world.settle([binder])
  assert.equal(world.get(Pod, 'recycler-for-v', 'default')!.status.phase, undefined)
})

test('a volume that pods still use is not emptied', () => {
  const world = build({
    ...gone({ policy: 'Recycle', source: { hostPath: { path: '/data' } } }),
    pods: { p: consumer('a', { phase: 'Running', node: 'n' }) },
  })
  const binder = persistentVolumeBinder()
  markReleased(world, binder)
  world.settle([binder])
  assert.deepEqual(summary(world), ['v: Released a!', `v: Normal VolumeFailedRecycle Volume is used by pods: ${namespace}/p`])
  world.change(Pod, 'p', namespace, { status: { phase: 'Succeeded' } })
  world.settle([binder])
  assert.notEqual(world.get(Pod, 'recycler-for-v', 'default'), undefined)
})

check('only some sorts can be emptied', gone({ policy: 'Recycle' }), [
  'v: Failed a!',
  'v: Warning VolumeFailedRecycle No recycler plugin found for the volume!',
])

/** The API server notes when a phase began; the first pass releases the volume. */
function markReleased(world: World, binder: ReturnType<typeof persistentVolumeBinder>): void {
  world.pass(binder, 'v')
  world.change(PersistentVolume, 'v', undefined, { status: { lastPhaseTransitionTime: rfc3339(world.now) } })
}
