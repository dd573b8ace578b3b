import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { lateCache } from '../testing/late-cache.ts'
import { controlledBy, namespace, type PodFacts, pod } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { pvcProtectionController } from './controller.ts'

const finalizer = 'kubernetes.io/pvc-protection'
const mine = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'p-data' } }] }
const ephemeral = { volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: { metadata: {}, spec: {} } } }] }

// Which pods keep a claim that is to be deleted.
check('none: it goes', {}, 'goes')
check('one on a node that uses it', { p: { node: 'n', spec: mine } }, 'stays')
check(
  'one that uses another',
  { p: { node: 'n', spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'other' } }] } } },
  'goes',
)
check('one without a node has not mounted it', { p: { spec: mine } }, 'goes')
check('one that has ended may still have it mounted', { p: { node: 'n', phase: 'Succeeded', spec: mine } }, 'stays')
check('one with an ephemeral volume', { p: { node: 'n', spec: ephemeral } }, 'stays')
check('whose name only another has', { q: { node: 'n', spec: ephemeral } }, 'goes')
check('but not once it is shut down', { p: { node: 'n', spec: ephemeral, deletedAt: 0, finalizers: ['x'] } }, 'goes', {
  deletionGracePeriodSeconds: 0,
})

test('a claim is held from the beginning on', () => {
  const world = new World()
  world.put(PersistentVolumeClaim, { metadata: { name: 'a', namespace }, spec: {}, status: {} })
  world.settle([pvcProtectionController])
  assert.deepEqual(world.get(PersistentVolumeClaim, 'a', namespace)!.metadata.finalizers, [finalizer])
})

test('it goes as soon as the last pod has', () => {
  const world = build({ p: { node: 'n', spec: mine } })
  world.settle([pvcProtectionController])
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  world.settle([pvcProtectionController])
  assert.equal(world.get(PersistentVolumeClaim, 'p-data', namespace), undefined)
})

test('a pod that the cache has not heard of keeps it', () => {
  const world = build({})
  const cache = lateCache(world, [PersistentVolumeClaim, Pod])
  world.put(Pod, pod('p', { node: 'n', spec: mine }))
  const { commands } = pvcProtectionController.plan(pvcProtectionController.view(`${namespace}/p-data`, cache, world.now)!)
  assert.throws(() => world.do(commands[0] as never), { code: 'Conflict' })
})

function build(pods: Readonly<Record<string, PodFacts>>, metadata: object = {}): World {
  const world = new World()
  for (const [name, facts] of Object.entries(pods)) {
    const object = pod(name, facts)
    world.put(Pod, { ...object, metadata: { ...object.metadata, uid: `uid-${name}`, ...metadata } })
  }
  world.put(PersistentVolumeClaim, {
    metadata: {
      name: 'p-data',
      namespace,
      finalizers: [finalizer],
      deletionTimestamp: '2026-01-01T00:00:00Z',
      ownerReferences: [controlledBy('Pod', 'uid-p')],
    },
    spec: {},
    status: {},
  })
  return world
}

function check(name: string, pods: Readonly<Record<string, PodFacts>>, expected: 'goes' | 'stays', metadata: object = {}): void {
  test(name, () => {
    const world = build(pods, metadata)
    world.settle([pvcProtectionController])
    assert.equal(world.get(PersistentVolumeClaim, 'p-data', namespace) === undefined ? 'goes' : 'stays', expected)
  })
}
