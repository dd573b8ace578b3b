/** The types of storage/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of, Type } from '#schema/schema.ts'
import { bool, field, fieldsOf, int32, int64, list, map, message, nullable, oneOf, quantity, string, time } from '#schema/schema.ts'

export const VolumeBindingMode = oneOf('Immediate', 'WaitForFirstConsumer')
export type VolumeBindingMode = Of<typeof VolumeBindingMode>

export const StorageClass = message(
  'k8s.io.api.storage.v1.StorageClass',
  {
    ...objectFields,
    provisioner: field(2, string(), {
      required: true,
      about: 'Who makes the volumes, such as the name of a CSI driver. Cannot be changed.',
    }),
    parameters: field(3, map(string()), {
      about: 'Settings that the provisioner understands, up to 512 of them and 256 KiB in all. Cannot be changed.',
    }),
    reclaimPolicy: field(4, core.PersistentVolumeReclaimPolicy, {
      default: 'Delete',
      pointer: true,
      about: 'What becomes of a volume whose claim is gone: Delete (the default) or Retain. Cannot be changed.',
    }),
    mountOptions: field(5, list(string()), {
      about: "Options, such as ro, that the class's volumes are mounted with; nobody checks them before the mount, which may then fail.",
    }),
    allowVolumeExpansion: field(6, bool(), { pointer: true, about: 'Lets users make claims of the class larger; false by default.' }),
    volumeBindingMode: field(7, VolumeBindingMode, {
      default: 'Immediate',
      pointer: true,
      about: 'Immediate (the default) makes a volume with its claim; WaitForFirstConsumer only once a pod needs it. Cannot be changed.',
    }),
    allowedTopologies: field(8, list(core.TopologySelectorTerm), {
      about: 'Limits where volumes are made, such as to some zones; without it the provisioner is free.',
    }),
  },
  { about: "Sort of storage that volumes are made of on demand, as claims ask for it by the class's name." },
)
export type StorageClass = Of<typeof StorageClass>

/** The specification of a volume that no PersistentVolume stands for, which has none of the defaults of those that one does. */
export const InlineVolumeSpec = message(
  'k8s.io.api.core.v1.PersistentVolumeSpec',
  {
    ...fieldsOf(core.PersistentVolumeSpec),
    persistentVolumeReclaimPolicy: field(5, core.PersistentVolumeReclaimPolicy, {
      about: 'What becomes of a released volume: Retain keeps it, Delete removes the storage. Recycle is deprecated.',
    }),
    volumeMode: field(8, core.PersistentVolumeMode, {
      pointer: true,
      about: 'Filesystem mounts the volume, Block hands it over as a raw device.',
    }),
  },
  { embeds: [{ number: 2, type: core.PersistentVolumeSource }], about: 'What storage a volume is, how it may be used, and by whom.' },
) as Type<InlineVolumeSpec>
export type InlineVolumeSpec = Omit<core.PersistentVolumeSpec, 'persistentVolumeReclaimPolicy' | 'volumeMode'> &
  Partial<Pick<core.PersistentVolumeSpec, 'persistentVolumeReclaimPolicy' | 'volumeMode'>>

export const VolumeAttachmentSource = message(
  'k8s.io.api.storage.v1.VolumeAttachmentSource',
  {
    persistentVolumeName: field(1, string(), { pointer: true, about: 'Name of the PersistentVolume.' }),
    inlineVolumeSpec: field(2, InlineVolumeSpec, {
      pointer: true,
      about: 'Volume that no PersistentVolume stands for, from a pod whose in-tree volume was handed to a CSI driver.',
    }),
  },
  { about: 'Volume to attach: exactly one of the fields is given.' },
)
export type VolumeAttachmentSource = Of<typeof VolumeAttachmentSource>

export const VolumeAttachmentSpec = message(
  'k8s.io.api.storage.v1.VolumeAttachmentSpec',
  {
    attacher: field(1, string(), {
      required: true,
      about: 'Name of the driver that has to attach the volume, as the CSI driver gives it.',
    }),
    source: field(2, VolumeAttachmentSource, { required: true, about: 'Volume to attach.' }),
    nodeName: field(3, string(), { required: true, about: 'Node that the volume is attached to.' }),
  },
  { about: 'Which volume is to be attached to which node, and by whom.' },
)
export type VolumeAttachmentSpec = Of<typeof VolumeAttachmentSpec>

export const VolumeError = message(
  'k8s.io.api.storage.v1.VolumeError',
  {
    time: field(1, nullable(time()), { always: true, about: 'When it went wrong.' }),
    message: field(2, string(), { about: 'What happened, in words; it may be logged, so it should hold no secrets.' }),
    errorCode: field(3, int32(), { pointer: true, about: 'gRPC status code that the CSI driver answered the attachment with.' }),
  },
  { about: 'What went wrong when a volume was last attached or detached.' },
)
export type VolumeError = Of<typeof VolumeError>

export const VolumeAttachmentStatus = message(
  'k8s.io.api.storage.v1.VolumeAttachmentStatus',
  {
    attached: field(1, bool(), { required: true, about: 'True once the volume is attached; only the attacher sets it.' }),
    attachmentMetadata: field(2, map(string()), { about: 'What the attacher has to tell those who mount the volume.' }),
    attachError: field(3, VolumeError, { pointer: true, about: 'Why the last attempt to attach failed.' }),
    detachError: field(4, VolumeError, { pointer: true, about: 'Why the last attempt to detach failed.' }),
  },
  { about: 'Whether a volume is attached.' },
)
export type VolumeAttachmentStatus = Of<typeof VolumeAttachmentStatus>

export const VolumeAttachment = message(
  'k8s.io.api.storage.v1.VolumeAttachment',
  {
    ...objectFields,
    spec: field(2, VolumeAttachmentSpec, { required: true, about: 'Volume, node and attacher. Cannot be changed.' }),
    status: field(3, VolumeAttachmentStatus, { always: true, about: 'Whether the volume is attached; written by the attacher.' }),
  },
  { about: 'Asks for a volume to be attached to a node and tells whether it is; deleting it detaches the volume.' },
)
export type VolumeAttachment = Of<typeof VolumeAttachment>

export const TokenRequest = message(
  'k8s.io.api.storage.v1.TokenRequest',
  {
    audience: field(1, string(), { required: true, about: 'Audience of the token; empty for that of the API server.' }),
    expirationSeconds: field(2, int64(), { pointer: true, about: 'Wanted lifetime in seconds, at least 600; 3600 if left out.' }),
  },
  { about: "Token of the pod's service account that a CSI driver wants." },
)
export type TokenRequest = Of<typeof TokenRequest>

export const CSIDriverSpec = message(
  'k8s.io.api.storage.v1.CSIDriverSpec',
  {
    attachRequired: field(1, bool(), {
      default: true,
      pointer: true,
      about: 'Whether volumes have to be attached to the node before they are mounted; true by default. Cannot be changed.',
    }),
    podInfoOnMount: field(2, bool(), {
      default: false,
      pointer: true,
      about: 'Whether the driver is told name, namespace, uid and service account of the pod at each mount; false by default.',
    }),
    volumeLifecycleModes: field(3, list(string(), { apply: { type: 'set' } }), {
      default: ['Persistent'],
      about: 'Persistent (the default) for volumes with a claim, Ephemeral for those written into the pod, or both. Cannot be changed.',
    }),
    storageCapacity: field(4, bool(), {
      default: false,
      pointer: true,
      about: 'Whether the scheduler heeds the CSIStorageCapacity objects of the driver; false by default.',
    }),
    fsGroupPolicy: field(5, string(), {
      default: 'ReadWriteOnceWithFSType',
      pointer: true,
      about: "When a volume takes on the pod's fsGroup: File always, None never, ReadWriteOnceWithFSType (the default) as it says.",
    }),
    tokenRequests: field(6, list(TokenRequest), {
      about: 'Service account tokens that the driver gets with each mount, one for each audience.',
    }),
    requiresRepublish: field(7, bool(), {
      default: false,
      pointer: true,
      about: 'Whether the kubelet repeats NodePublishVolume now and then, to refresh tokens for example; false by default.',
    }),
    seLinuxMount: field(8, bool(), {
      default: false,
      pointer: true,
      about: 'Whether volumes can be mounted with an SELinux context, instead of relabelling each file; false by default.',
    }),
    nodeAllocatableUpdatePeriodSeconds: field(9, int64(), {
      pointer: true,
      about: 'Seconds between updates of how many volumes fit on a node, at least 10; without it, set once at registration.',
    }),
    serviceAccountTokenInSecrets: field(10, bool(), {
      pointer: true,
      about: "Hands tokens over as secrets rather than in the volume's attributes, which may be logged; needs tokenRequests.",
    }),
    preventPodSchedulingIfMissing: field(11, bool(), {
      pointer: true,
      about: "Keeps pods with the driver's volumes off nodes where it does not run; its feature gate is off by default.",
    }),
  },
  { about: 'What a CSI driver can do and what it needs from the cluster.' },
)
export type CSIDriverSpec = Of<typeof CSIDriverSpec>

export const CSIDriver = message(
  'k8s.io.api.storage.v1.CSIDriver',
  {
    ...objectFields,
    spec: field(2, CSIDriverSpec, { required: true, about: 'What the driver can do and needs.' }),
  },
  { about: "Tells the cluster of a CSI driver and its abilities; the object's name is the driver's." },
)
export type CSIDriver = Of<typeof CSIDriver>

export const VolumeNodeResources = message(
  'k8s.io.api.storage.v1.VolumeNodeResources',
  {
    count: field(1, int32(), { pointer: true, about: "How many of the driver's volumes the node can have; no limit if absent." }),
  },
  { about: "Room for a driver's volumes on a node." },
)
export type VolumeNodeResources = Of<typeof VolumeNodeResources>

export const CSINodeDriver = message(
  'k8s.io.api.storage.v1.CSINodeDriver',
  {
    name: field(1, string(), { required: true, about: 'Name of the driver, as in its CSIDriver.' }),
    nodeID: field(2, string(), { required: true, about: 'What the driver calls the node. Cannot be changed.' }),
    topologyKeys: field(3, list(string()), {
      always: true,
      about: 'Node labels by which the driver tells where volumes can be reached, such as its zone key. Cannot be changed.',
    }),
    allocatable: field(4, VolumeNodeResources, {
      pointer: true,
      about: 'How many volumes of the driver fit on the node; a driver may report it anew.',
    }),
  },
  { about: 'CSI driver that runs on a node.' },
)
export type CSINodeDriver = Of<typeof CSINodeDriver>

export const CSINodeSpec = message(
  'k8s.io.api.storage.v1.CSINodeSpec',
  {
    drivers: field(1, list(CSINodeDriver, { apply: { type: 'map', keys: ['name'] }, patch: { strategy: 'merge', key: 'name' } }), {
      required: true,
      about: 'Drivers that run on the node; an empty list if there are none.',
    }),
  },
  { about: 'CSI drivers of a node.' },
)
export type CSINodeSpec = Of<typeof CSINodeSpec>

export const CSINode = message(
  'k8s.io.api.storage.v1.CSINode',
  {
    ...objectFields,
    spec: field(2, CSINodeSpec, { required: true, about: 'Drivers of the node.' }),
  },
  { about: "Tells which CSI drivers run on a node; the kubelet makes it, with the node's name." },
)
export type CSINode = Of<typeof CSINode>

export const CSIStorageCapacity = message(
  'k8s.io.api.storage.v1.CSIStorageCapacity',
  {
    ...objectFields,
    nodeTopology: field(2, meta.LabelSelector, {
      pointer: true,
      about: 'Nodes that can reach the storage; no node if absent, {} for all. Cannot be changed.',
    }),
    storageClassName: field(3, string(), { required: true, about: 'StorageClass that it is about. Cannot be changed.' }),
    capacity: field(4, quantity(), { pointer: true, about: 'Storage that is left there; absent if the driver does not tell.' }),
    maximumVolumeSize: field(5, quantity(), {
      pointer: true,
      about: 'Largest single volume that can still be made there; absent if the driver does not tell.',
    }),
  },
  { about: 'How much storage of a class is left in a part of the cluster; written by the CSI driver for the scheduler.' },
)
export type CSIStorageCapacity = Of<typeof CSIStorageCapacity>

export const VolumeAttributesClass = message(
  'k8s.io.api.storage.v1.VolumeAttributesClass',
  {
    ...objectFields,
    driverName: field(2, string(), { required: true, about: 'CSI driver that the attributes are for. Cannot be changed.' }),
    parameters: field(3, map(string()), {
      about: 'Attributes that the driver understands, at least one and up to 512. Cannot be changed.',
    }),
  },
  { about: 'Named set of volume attributes, such as speed, that claims can choose and later change.' },
)
export type VolumeAttributesClass = Of<typeof VolumeAttributesClass>
