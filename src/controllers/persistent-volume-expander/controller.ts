import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Controller } from '#loop/controller.ts'
import { splitKey } from '../common/key.ts'
import { createTold } from '../common/told.ts'
import { claimKeyOfVolume } from '../common/volumes.ts'
import { type ExpanderView, planExpansion } from './plan.ts'

/** Hands claims that want to grow to the resizers outside. */
export function persistentVolumeExpander(): Controller<ExpanderView> {
  const told = createTold()
  return {
    // The reference's events come from this name.
    name: 'volume_expand',
    sources: [
      { kind: PersistentVolumeClaim },
      {
        kind: PersistentVolume,
        keys: (volume: PersistentVolume) => {
          const key = claimKeyOfVolume(volume)
          return key === undefined ? [] : [key]
        },
      },
    ],
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const claim = cache.get(PersistentVolumeClaim, name, namespace)
      if (claim?.spec.volumeName) return { key, now, claim, volume: cache.get(PersistentVolume, claim.spec.volumeName) }
      told.forget(key)
      return undefined
    },
    plan: (view) => told.plan(view.key, planExpansion(view), view.now),
  }
}
