import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { AnyKind } from '#api/kind.ts'
import { DeviceClass } from '#api/resource/v1/device-class.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { CSINode } from '#api/storage/v1/csi-node.ts'
import { CSIStorageCapacity } from '#api/storage/v1/csi-storage-capacity.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { EventResource } from '../framework/cluster-event.ts'

/** Kinds beside pods and nodes whose changes can wake pods. */
export const watchedKinds: ReadonlyMap<EventResource, AnyKind> = new Map<EventResource, AnyKind>([
  ['PersistentVolume', PersistentVolume],
  ['PersistentVolumeClaim', PersistentVolumeClaim],
  ['storage.k8s.io/CSINode', CSINode],
  ['storage.k8s.io/CSIDriver', CSIDriver],
  ['storage.k8s.io/VolumeAttachment', VolumeAttachment],
  ['storage.k8s.io/CSIStorageCapacity', CSIStorageCapacity],
  ['storage.k8s.io/StorageClass', StorageClass],
  ['resource.k8s.io/ResourceClaim', ResourceClaim],
  ['resource.k8s.io/ResourceSlice', ResourceSlice],
  ['resource.k8s.io/DeviceClass', DeviceClass],
])
