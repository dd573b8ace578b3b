import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import type { CSINode } from '#api/storage/v1/csi-node.ts'
import type { CSIStorageCapacity } from '#api/storage/v1/csi-storage-capacity.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import { deepEqual } from '#schema/fields.ts'
import type { ClusterEvent, EventPattern } from '../../framework/cluster-event.ts'
import { claimNamesOf } from '../volume-common/claims.ts'
import { migratedPlugins } from '../volume-common/csi-nodes.ts'
import { volumeLimitBytes } from './storage-capacity.ts'

/** Changes after which a pod that VolumeBinding refused may fit, as the reference names them. */
export const wokenBy: readonly EventPattern[] = [
  { resource: 'storage.k8s.io/StorageClass', actions: ['Add', 'Update'], helps: otherTopologies },
  { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], helps: isItsClaim },
  { resource: 'PersistentVolume', actions: ['Add', 'Update'] },
  { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'] },
  { resource: 'storage.k8s.io/CSINode', actions: ['Add', 'Update'], helps: otherMigration },
  { resource: 'storage.k8s.io/CSIDriver', actions: ['Update'], helps: asksForRoomNoMore },
  { resource: 'storage.k8s.io/CSIStorageCapacity', actions: ['Add', 'Update'], helps: hasMoreRoom },
]

/** Whether the claim is one of the pod's, also by the name that an ephemeral volume's has. */
export function isItsClaim(pod: Pod, event: ClusterEvent): boolean {
  const { metadata } = event.after as PersistentVolumeClaim
  return metadata.namespace === pod.metadata.namespace && claimNamesOf(pod).includes(metadata.name)
}

/** Nothing else of a class that matters here can change. */
function otherTopologies(_pod: Pod, { before, after }: ClusterEvent): boolean {
  return before === undefined || !deepEqual((before as StorageClass).allowedTopologies, (after as StorageClass).allowedTopologies)
}

function otherMigration(_pod: Pod, { before, after }: ClusterEvent): boolean {
  const pluginsOf = (node: unknown): string | undefined => (node as CSINode).metadata.annotations?.[migratedPlugins]
  return before === undefined || pluginsOf(before) !== pluginsOf(after)
}

function hasMoreRoom(_pod: Pod, { before, after }: ClusterEvent): boolean {
  if (before === undefined) return true
  const limit = volumeLimitBytes(after as CSIStorageCapacity)
  const limitBefore = volumeLimitBytes(before as CSIStorageCapacity)
  return limit !== undefined && (limitBefore === undefined || limit > limitBefore)
}

/**
 * A driver whose word on storage need not be heard any more. The reference asks this of volumes that name the driver in the pod itself, though
 * the storage of claims is meant: claims are of any driver here.
 */
function asksForRoomNoMore(pod: Pod, { before, after }: ClusterEvent): boolean {
  const asks = (driver: unknown): boolean => (driver as CSIDriver | undefined)?.spec.storageCapacity === true
  return asks(before) && !asks(after) && claimNamesOf(pod).length > 0
}
