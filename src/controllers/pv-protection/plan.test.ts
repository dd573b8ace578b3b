import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { World } from '../testing/world.ts'
import { pvProtectionController } from './controller.ts'

const finalizer = 'kubernetes.io/pv-protection'
const deletionTimestamp = '2026-01-01T00:00:00Z'

check('a volume is held from the beginning on', { phase: 'Available' }, [finalizer])
check('besides by others', { phase: 'Available', finalizers: ['mine'] }, ['mine', finalizer])
check('one that is bound does not go', { phase: 'Bound', finalizers: [finalizer], deletionTimestamp }, [finalizer])
check('one that is not bound goes', { phase: 'Available', finalizers: [finalizer], deletionTimestamp }, undefined)
check('but for what others hold', { phase: 'Released', finalizers: ['mine', finalizer], deletionTimestamp }, ['mine'])
check('one that is on its way is not held anew', { phase: 'Bound', finalizers: ['mine'], deletionTimestamp }, ['mine'])

interface Facts {
  readonly phase: string
  readonly finalizers?: readonly string[]
  readonly deletionTimestamp?: string
}

/** Undefined: the volume has gone. */
function check(name: string, { phase, ...metadata }: Facts, expected: readonly string[] | undefined): void {
  test(name, () => {
    const world = new World()
    world.put(PersistentVolume, { metadata: { name: 'v', ...metadata }, spec: {}, status: { phase } })
    world.settle([pvProtectionController])
    assert.deepEqual(world.get(PersistentVolume, 'v')?.metadata.finalizers, expected)
  })
}
