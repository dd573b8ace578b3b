import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { byClaim } from '../common/volume-indexes.ts'
import { claimKeysOf } from '../common/volumes.ts'
import { type ClaimProtectionView, planClaimProtection } from './plan.ts'

/** Keeps claims that pods use from going. */
export const pvcProtectionController: Controller<ClaimProtectionView> = {
  name: 'pvc-protection-controller',
  sources: [
    { kind: PersistentVolumeClaim },
    {
      kind: Pod,
      // Pods matter only to claims that wait to go.
      keys: (pod: Pod, cache: Cache) => claimKeysOf(pod).filter((key) => isLeaving(key, cache)),
    },
  ],
  view: (key, cache) => {
    const { namespace, name } = splitKey(key)
    const claim = cache.get(PersistentVolumeClaim, name, namespace)
    return claim === undefined ? undefined : { claim, pods: cache.indexed(Pod, byClaim, keyOf(claim)) }
  },
  plan: planClaimProtection,
}

function isLeaving(key: string, cache: Cache): boolean {
  const { namespace, name } = splitKey(key)
  return cache.get(PersistentVolumeClaim, name, namespace)?.metadata.deletionTimestamp !== undefined
}
