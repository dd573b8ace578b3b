/** The types of storage/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of, Type } from '#schema/schema.ts'
import { bool, field, fieldsOf, int32, int64, list, map, message, nullable, oneOf, quantity, string, time } from '#schema/schema.ts'

export const VolumeBindingMode = oneOf('Immediate', 'WaitForFirstConsumer')
export type VolumeBindingMode = Of<typeof VolumeBindingMode>

export const StorageClass = message('k8s.io.api.storage.v1.StorageClass', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  provisioner: field(2, string(), { required: true }),
  parameters: field(3, map(string())),
  reclaimPolicy: field(4, core.PersistentVolumeReclaimPolicy, { default: 'Delete', pointer: true }),
  mountOptions: field(5, list(string())),
  allowVolumeExpansion: field(6, bool(), { pointer: true }),
  volumeBindingMode: field(7, VolumeBindingMode, { default: 'Immediate', pointer: true }),
  allowedTopologies: field(8, list(core.TopologySelectorTerm)),
})
export type StorageClass = Of<typeof StorageClass>

/** The specification of a volume that no PersistentVolume stands for, which has none of the defaults of those that one does. */
export const InlineVolumeSpec = message(
  'k8s.io.api.core.v1.PersistentVolumeSpec',
  {
    ...fieldsOf(core.PersistentVolumeSpec),
    persistentVolumeReclaimPolicy: field(5, core.PersistentVolumeReclaimPolicy),
    volumeMode: field(8, core.PersistentVolumeMode, { pointer: true }),
  },
  { embeds: [{ number: 2, type: core.PersistentVolumeSource }] },
) as Type<InlineVolumeSpec>
export type InlineVolumeSpec = Omit<core.PersistentVolumeSpec, 'persistentVolumeReclaimPolicy' | 'volumeMode'> &
  Partial<Pick<core.PersistentVolumeSpec, 'persistentVolumeReclaimPolicy' | 'volumeMode'>>

export const VolumeAttachmentSource = message('k8s.io.api.storage.v1.VolumeAttachmentSource', {
  persistentVolumeName: field(1, string(), { pointer: true }),
  inlineVolumeSpec: field(2, InlineVolumeSpec, { pointer: true }),
})
export type VolumeAttachmentSource = Of<typeof VolumeAttachmentSource>

export const VolumeAttachmentSpec = message('k8s.io.api.storage.v1.VolumeAttachmentSpec', {
  attacher: field(1, string(), { required: true }),
  source: field(2, VolumeAttachmentSource, { required: true }),
  nodeName: field(3, string(), { required: true }),
})
export type VolumeAttachmentSpec = Of<typeof VolumeAttachmentSpec>

export const VolumeError = message('k8s.io.api.storage.v1.VolumeError', {
  time: field(1, nullable(time()), { always: true }),
  message: field(2, string()),
  errorCode: field(3, int32(), { pointer: true }),
})
export type VolumeError = Of<typeof VolumeError>

export const VolumeAttachmentStatus = message('k8s.io.api.storage.v1.VolumeAttachmentStatus', {
  attached: field(1, bool(), { required: true }),
  attachmentMetadata: field(2, map(string())),
  attachError: field(3, VolumeError, { pointer: true }),
  detachError: field(4, VolumeError, { pointer: true }),
})
export type VolumeAttachmentStatus = Of<typeof VolumeAttachmentStatus>

export const VolumeAttachment = message('k8s.io.api.storage.v1.VolumeAttachment', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, VolumeAttachmentSpec, { required: true }),
  status: field(3, VolumeAttachmentStatus, { always: true }),
})
export type VolumeAttachment = Of<typeof VolumeAttachment>

export const TokenRequest = message('k8s.io.api.storage.v1.TokenRequest', {
  audience: field(1, string(), { required: true }),
  expirationSeconds: field(2, int64(), { pointer: true }),
})
export type TokenRequest = Of<typeof TokenRequest>

export const CSIDriverSpec = message('k8s.io.api.storage.v1.CSIDriverSpec', {
  attachRequired: field(1, bool(), { default: true, pointer: true }),
  podInfoOnMount: field(2, bool(), { default: false, pointer: true }),
  volumeLifecycleModes: field(3, list(string(), { apply: { type: 'set' } }), { default: ['Persistent'] }),
  storageCapacity: field(4, bool(), { default: false, pointer: true }),
  fsGroupPolicy: field(5, string(), { default: 'ReadWriteOnceWithFSType', pointer: true }),
  tokenRequests: field(6, list(TokenRequest)),
  requiresRepublish: field(7, bool(), { default: false, pointer: true }),
  seLinuxMount: field(8, bool(), { default: false, pointer: true }),
  nodeAllocatableUpdatePeriodSeconds: field(9, int64(), { pointer: true }),
  serviceAccountTokenInSecrets: field(10, bool(), { pointer: true }),
  preventPodSchedulingIfMissing: field(11, bool(), { pointer: true }),
})
export type CSIDriverSpec = Of<typeof CSIDriverSpec>

export const CSIDriver = message('k8s.io.api.storage.v1.CSIDriver', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, CSIDriverSpec, { required: true }),
})
export type CSIDriver = Of<typeof CSIDriver>

export const VolumeNodeResources = message('k8s.io.api.storage.v1.VolumeNodeResources', {
  count: field(1, int32(), { pointer: true }),
})
export type VolumeNodeResources = Of<typeof VolumeNodeResources>

export const CSINodeDriver = message('k8s.io.api.storage.v1.CSINodeDriver', {
  name: field(1, string(), { required: true }),
  nodeID: field(2, string(), { required: true }),
  topologyKeys: field(3, list(string()), { always: true }),
  allocatable: field(4, VolumeNodeResources, { pointer: true }),
})
export type CSINodeDriver = Of<typeof CSINodeDriver>

export const CSINodeSpec = message('k8s.io.api.storage.v1.CSINodeSpec', {
  drivers: field(1, list(CSINodeDriver, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
    required: true,
  }),
})
export type CSINodeSpec = Of<typeof CSINodeSpec>

export const CSINode = message('k8s.io.api.storage.v1.CSINode', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, CSINodeSpec, { required: true }),
})
export type CSINode = Of<typeof CSINode>

export const CSIStorageCapacity = message('k8s.io.api.storage.v1.CSIStorageCapacity', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  nodeTopology: field(2, meta.LabelSelector, { pointer: true }),
  storageClassName: field(3, string(), { required: true }),
  capacity: field(4, quantity(), { pointer: true }),
  maximumVolumeSize: field(5, quantity(), { pointer: true }),
})
export type CSIStorageCapacity = Of<typeof CSIStorageCapacity>

export const VolumeAttributesClass = message('k8s.io.api.storage.v1.VolumeAttributesClass', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  driverName: field(2, string(), { required: true }),
  parameters: field(3, map(string())),
})
export type VolumeAttributesClass = Of<typeof VolumeAttributesClass>
