import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { HeldKind } from '#loop/run.ts'
import { attributesClassesOfClaim, claimKeyOfVolume, claimKeysOf, classOfClaim, classOfVolume } from './volumes.ts'

/** Pods, and volumes, by the key of a claim (`namespace/name`). */
export const byClaim = 'claim'
/** Claims, and attachments, by the volume that they name. */
export const byVolume = 'volume'
/** Claims that have no volume yet by their class, and volumes that no claim has; '' for no class. */
export const freeByClass = 'free, by class'
/** Claims and volumes by the VolumeAttributesClasses that they refer to. */
export const byAttributesClass = 'attributes class'
/** Attachments by node. */
export const byAttachedNode = 'spec.nodeName'

const present = (value: string | undefined): readonly string[] => (value === undefined || value === '' ? [] : [value])

export const podsByClaim = { [byClaim]: (pod: Pod) => claimKeysOf(pod) }

/** How the storage controllers want kinds held in memory. */
export const heldVolumeKinds: readonly HeldKind[] = [
  {
    kind: PersistentVolumeClaim,
    indexes: {
      [byVolume]: ({ spec }: PersistentVolumeClaim) => present(spec.volumeName),
      [freeByClass]: (claim: PersistentVolumeClaim) => (claim.spec.volumeName ? [] : [classOfClaim(claim) ?? '']),
      [byAttributesClass]: attributesClassesOfClaim,
    },
  },
  {
    kind: PersistentVolume,
    indexes: {
      [byClaim]: (volume: PersistentVolume) => present(claimKeyOfVolume(volume)),
      [freeByClass]: (volume: PersistentVolume) => (volume.spec.claimRef === undefined ? [classOfVolume(volume)] : []),
      [byAttributesClass]: ({ spec }: PersistentVolume) => present(spec.volumeAttributesClassName),
    },
  },
  {
    kind: VolumeAttachment,
    indexes: {
      [byVolume]: ({ spec }: VolumeAttachment) => present(spec.source.persistentVolumeName),
      [byAttachedNode]: ({ spec }: VolumeAttachment) => present(spec.nodeName),
    },
  },
]
