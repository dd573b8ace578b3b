import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { VolumeAttributesClass } from '#api/storage/v1/volume-attributes-class.ts'
import { namespace } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { attributesClassProtectionController } from './controller.ts'

const finalizer = 'kubernetes.io/vac-protection'
const named = { volumeAttributesClassName: 'gold' }

// What keeps a class that is to be deleted.
check('nothing: it goes', {}, 'goes')
check('a volume', { volume: named }, 'stays')
check('a claim that wants it', { claim: { spec: named } }, 'stays')
check('a claim that has it', { claim: { status: { currentVolumeAttributesClassName: 'gold' } } }, 'stays')
check(
  'a claim on its way to it',
  { claim: { status: { modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold', status: 'Pending' } } } },
  'stays',
)
check(
  'not those of other classes',
  { volume: { volumeAttributesClassName: 'silver' }, claim: { spec: { volumeAttributesClassName: '' } } },
  'goes',
)

test('a class is held from the beginning on', () => {
  const world = new World()
  world.put(VolumeAttributesClass, { metadata: { name: 'gold' }, driverName: 'disk.example.com' })
  world.settle([attributesClassProtectionController])
  assert.deepEqual(world.get(VolumeAttributesClass, 'gold')!.metadata.finalizers, [finalizer])
})

test('it goes as soon as the last that referred to it has changed or gone', () => {
  const world = build({ volume: named, claim: { spec: named } })
  world.settle([attributesClassProtectionController])
  world.change(PersistentVolume, 'v', undefined, { spec: { volumeAttributesClassName: 'silver' } })
  world.settle([attributesClassProtectionController])
  assert.notEqual(world.get(VolumeAttributesClass, 'gold'), undefined)
  world.remove(PersistentVolumeClaim, world.get(PersistentVolumeClaim, 'c', namespace)!)
  world.settle([attributesClassProtectionController])
  assert.equal(world.get(VolumeAttributesClass, 'gold'), undefined)
})

interface Facts {
  readonly volume?: object
  readonly claim?: { readonly spec?: object; readonly status?: object }
}

function build({ volume, claim }: Facts): World {
  const world = new World()
  world.put(VolumeAttributesClass, {
    metadata: { name: 'gold', finalizers: [finalizer], deletionTimestamp: '2026-01-01T00:00:00Z' },
    driverName: 'disk.example.com',
  })
  if (volume !== undefined) world.put(PersistentVolume, { metadata: { name: 'v' }, spec: volume, status: {} })
  if (claim !== undefined) world.put(PersistentVolumeClaim, { spec: {}, status: {}, ...claim, metadata: { name: 'c', namespace } })
  return world
}

function check(name: string, facts: Facts, expected: 'goes' | 'stays'): void {
  test(name, () => {
    const world = build(facts)
    world.settle([attributesClassProtectionController])
    assert.equal(world.get(VolumeAttributesClass, 'gold') === undefined ? 'goes' : 'stays', expected)
  })
}
