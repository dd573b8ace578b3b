import { age, column } from '#api/columns.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/storage/v1/types.ts'
import { validateVolumeAttachment } from '#api/storage/v1/validate-volume-attachment.ts'
import { keepStatus, same, statusOf, statusResetFields, takeStatus } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { immutable } from '#schema/validate.ts'

export const VolumeAttachment = kind(
  types.VolumeAttachment,
  {
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'VolumeAttachment',
    plural: 'volumeattachments',
    singular: 'volumeattachment',
    scope: 'Cluster',
    columns: [
      { ...column<types.VolumeAttachment>('Attacher', ({ spec }) => spec.attacher), format: 'name' },
      column<types.VolumeAttachment>('PV', ({ spec }) => spec.source.persistentVolumeName ?? ''),
      column<types.VolumeAttachment>('Node', ({ spec }) => spec.nodeName),
      column<types.VolumeAttachment>('Attached', ({ status }) => status.attached, { type: 'boolean' }),
      age,
    ],
    subresources: { status: statusOf<types.VolumeAttachment>({ take: takeStatus, validateUpdate, checksMetadata: 'content' }) },
  },
  {
    returnsDeleted: true,
    prepareCreate: (attachment) => ({ ...attachment, status: { attached: false } }),
    prepareUpdate: keepStatus,
    resetFields: statusResetFields,
    validate: validateVolumeAttachment,
    checksMetadata: 'content',
    validateUpdate,
    requiresResourceVersion: true,
  },
)
export type VolumeAttachment = Of<typeof VolumeAttachment>

function validateUpdate(next: types.VolumeAttachment, previous: types.VolumeAttachment): Cause[] {
  return [...validateVolumeAttachment(next), ...(same(next.spec, previous.spec) ? [] : immutable('spec', shownSpec(next.spec), false))]
}

/** The specification as the reference shows its own, where a volume's fields stand in another order. */
function shownSpec(spec: types.VolumeAttachmentSpec): unknown {
  const shown = goStruct(types.VolumeAttachmentSpec, spec) as {
    readonly Source: { readonly InlineVolumeSpec: Record<string, unknown> | null }
  }
  const volume = shown.Source.InlineVolumeSpec
  if (volume === null) return shown
  const InlineVolumeSpec = Object.fromEntries(inlineOrder.map((name) => [name, volume[name]]))
  return { ...shown, Source: { ...shown.Source, InlineVolumeSpec } }
}

const inlineOrder = [
  'Capacity',
  'GCEPersistentDisk',
  'AWSElasticBlockStore',
  'HostPath',
  'Glusterfs',
  'NFS',
  'RBD',
  'Quobyte',
  'ISCSI',
  'FlexVolume',
  'Cinder',
  'CephFS',
  'FC',
  'Flocker',
  'AzureFile',
  'VsphereVolume',
  'AzureDisk',
  'PhotonPersistentDisk',
  'PortworxVolume',
  'ScaleIO',
  'Local',
  'StorageOS',
  'CSI',
  'AccessModes',
  'ClaimRef',
  'PersistentVolumeReclaimPolicy',
  'StorageClassName',
  'MountOptions',
  'VolumeMode',
  'NodeAffinity',
  'VolumeAttributesClassName',
]
