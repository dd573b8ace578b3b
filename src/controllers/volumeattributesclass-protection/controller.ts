import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { VolumeAttributesClass } from '#api/storage/v1/volume-attributes-class.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { planProtection } from '../common/protection.ts'
import { byAttributesClass } from '../common/volume-indexes.ts'
import { attributesClassesOfClaim } from '../common/volumes.ts'

export interface AttributesClassView {
  readonly attributesClass: VolumeAttributesClass
  readonly isUsed: boolean
}

/** Keeps attributes classes that volumes or claims refer to from going. */
export const attributesClassProtectionController: Controller<AttributesClassView> = {
  name: 'volumeattributesclass-protection-controller',
  sources: [
    { kind: VolumeAttributesClass },
    {
      kind: PersistentVolume,
      keys: (volume: PersistentVolume, _cache: Cache, previous: PersistentVolume | undefined) =>
        letGo(volume, previous, ({ spec }) => (spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [])),
    },
    {
      kind: PersistentVolumeClaim,
      keys: (claim: PersistentVolumeClaim, _cache: Cache, previous: PersistentVolumeClaim | undefined) =>
        letGo(claim, previous, attributesClassesOfClaim),
    },
  ],
  view: (key, cache) => {
    const attributesClass = cache.get(VolumeAttributesClass, key)
    if (attributesClass === undefined) return undefined
    const isUsed =
      cache.indexed(PersistentVolume, byAttributesClass, key).length > 0 ||
      cache.indexed(PersistentVolumeClaim, byAttributesClass, key).length > 0
    return { attributesClass, isUsed }
  },
  plan: ({ attributesClass, isUsed }) =>
    planProtection(VolumeAttributesClass, attributesClass, { finalizer: 'kubernetes.io/vac-protection', isUsed }),
}

/** Who refers to a class keeps it; only who has stopped to, or has gone, gives reason to look again. */
function letGo<T>(object: T, previous: T | undefined, classesOf: (object: T) => readonly string[]): readonly string[] {
  if (previous === undefined) return []
  if (previous === object) return classesOf(object)
  const now = classesOf(object)
  return classesOf(previous).filter((name) => !now.includes(name))
}
