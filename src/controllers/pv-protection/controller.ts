import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Controller } from '#loop/controller.ts'
import { planProtection } from '../common/protection.ts'

/** Keeps volumes that are bound to a claim from going. */
export const pvProtectionController: Controller<PersistentVolume> = {
  name: 'pv-protection-controller',
  sources: [{ kind: PersistentVolume }],
  view: (key, cache) => cache.get(PersistentVolume, key),
  // The update is refused where the phase is not the one that was looked at, so nothing more has to be confirmed.
  plan: (volume) => planProtection(PersistentVolume, volume, { finalizer: pvFinalizer, isUsed: volume.status.phase === 'Bound' }),
}

const pvFinalizer = 'kubernetes.io/pv-protection'
