import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'

/** Annotations that claims and volumes carry between the binder, the scheduler and provisioners (k8s.io/component-helpers, storage). */

export { bindCompleted, boundByController, selectedNode } from '#api/core/v1/volume-binding.ts'

/** On a volume: who made it. */
export const provisionedBy = 'pv.kubernetes.io/provisioned-by'
/** On claims and volumes of a former in-tree plug-in: the driver that looks after them. */
export const migratedTo = 'pv.kubernetes.io/migrated-to'
/** On a claim: who is to make its volume; and the name that old provisioners still read. */
export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner'
export const betaStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner'
/** On a volume that a resize has begun to make larger: its size before. */
export const preResizeCapacity = 'volume.alpha.kubernetes.io/pre-resize-capacity'

/** Whether the annotation is there; its value says nothing. */
export const has = ({ metadata }: PersistentVolume | PersistentVolumeClaim, annotation: string): boolean =>
  metadata.annotations?.[annotation] !== undefined
