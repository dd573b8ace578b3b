import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, settled } from '#loop/controller.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { has, provisionedBy } from './annotations.ts'
import { setPhase, unbind, updateVolume } from './bind.ts'
import { hasVolumeMode } from './match.ts'
import { migratedVolume } from './migration.ts'
import { planReclaim } from './reclaim.ts'

export interface VolumeView {
  readonly about: 'volume'
  readonly key: string
  readonly now: Instant
  readonly volume: PersistentVolume
  /** Of the name that the volume's claimRef says; it may be a later claim than that one. */
  readonly claim: PersistentVolumeClaim | undefined
  /** Keys of pods that have not ended and use a claim of that name. */
  readonly usedBy: readonly string[]
  /** The pod that empties the volume. */
  readonly recycler: Pod | undefined
}

/** What becomes of one volume: free, bound, or released and reclaimed. The claims' side of binding is `planClaim`'s. */
export function planVolume(view: VolumeView): RemarkedPlan {
  const { volume, claim } = view
  const { claimRef } = volume.spec
  const migrated = migratedVolume(volume)
  if (migrated !== undefined) return doing([updateVolume(migrated)])
  if (!claimRef?.uid) return doing(setPhase(volume, 'Available'))
  if (claim?.metadata.uid !== claimRef.uid) return release(view)
  if (!claim.spec.volumeName) {
    // No claim takes a volume that is to be deleted: where a bind was interrupted, it would wait for one that never comes.
    if (volume.metadata.deletionTimestamp !== undefined)
      return doing([{ do: 'confirmUnchanged', kind: PersistentVolumeClaim, object: claim }, unbind(volume)])
    return hasVolumeMode(volume, claim) ? settled : { ...settled, remarks: otherMode(volume, claim) }
  }
  if (claim.spec.volumeName === volume.metadata.name) return doing(setPhase(volume, 'Bound'))
  // The claim has another volume, for good. What was made for it alone is of no use to others.
  const wasMadeForIt = has(volume, provisionedBy) && volume.spec.persistentVolumeReclaimPolicy === 'Delete'
  return wasMadeForIt ? release(view) : doing([unbind(volume)])
}

/** What follows when the volume was let go of. */
export const volumeAnswered = ({ volume }: VolumeView, answer: PersistentVolume): readonly Command[] =>
  volume.spec.claimRef?.uid && !answer.spec.claimRef?.uid ? setPhase(answer, 'Available') : []

/** That the claim is gone is asked of the server itself: what is held of claims may be older than the volume. */
function release(view: VolumeView): RemarkedPlan {
  const { volume, claim } = view
  const { claimRef, persistentVolumeReclaimPolicy } = volume.spec
  const hasOther = claim !== undefined && claim.metadata.uid === claimRef?.uid
  const confirm: readonly Command[] = hasOther
    ? [{ do: 'confirmUnchanged', kind: PersistentVolumeClaim, object: claim }]
    : [
        {
          do: 'confirmAbsent',
          kind: PersistentVolumeClaim,
          name: claimRef?.name ?? '',
          namespace: claimRef?.namespace ?? '',
          uid: claimRef?.uid ?? '',
        },
      ]
  const { phase } = volume.status
  if (phase !== 'Released' && phase !== 'Failed') return doing([...confirm, ...setPhase(volume, 'Released')])
  return persistentVolumeReclaimPolicy === 'Retain' ? settled : planReclaim(view, confirm)
}

const otherMode = (volume: PersistentVolume, claim: PersistentVolumeClaim): readonly Extract<Command, { do: 'event' }>[] => {
  const common = { do: 'event', type: 'Warning', reason: 'VolumeMismatch' } as const
  return [
    {
      ...common,
      regarding: volume,
      message: `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" due to incompatible volumeMode.`,
    },
    {
      ...common,
      regarding: claim,
      message: `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim due to incompatible volumeMode.`,
    },
  ]
}

const doing = (commands: readonly Command[]): RemarkedPlan => ({ commands, wakeAt: Infinity })
