import { age, column } from '#api/columns.ts'
import { roundResources } from '#api/core/v1/pod-defaults.ts'
import * as types from '#api/core/v1/types.ts'
import { validateClaimSpec, validateClaimUpdate } from '#api/core/v1/validation/claim.ts'
import { accessModes, storageClassOf } from '#api/core/v1/volume-columns.ts'
import { kind } from '#api/kind.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const PersistentVolumeClaim = kind(
  types.PersistentVolumeClaim,
  {
    group: '',
    version: 'v1',
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    singular: 'persistentvolumeclaim',
    shortNames: ['pvc'],
    scope: 'Namespaced',
    columns: [
      column<types.PersistentVolumeClaim>('Status', ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined ? status.phase : 'Terminating',
      ),
      column<types.PersistentVolumeClaim>('Volume', ({ spec }) => spec.volumeName ?? ''),
      column<types.PersistentVolumeClaim>('Capacity', ({ spec, status }) => (spec.volumeName ? (status.capacity?.storage ?? '0') : '')),
      column<types.PersistentVolumeClaim>('Access Modes', ({ spec, status }) => (spec.volumeName ? accessModes(status.accessModes) : '')),
      column<types.PersistentVolumeClaim>('StorageClass', storageClassOf),
      column<types.PersistentVolumeClaim>('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
      age,
      column<types.PersistentVolumeClaim>('VolumeMode', ({ spec }) => spec.volumeMode ?? '<unset>', { wide: true }),
    ],
    subresources: { status: statusOf<types.PersistentVolumeClaim>() },
  },
  {
    returnsDeleted: true,
    defaults: (claim) =>
      claim.spec ? { ...claim, spec: { ...claim.spec, resources: roundResources(claim.spec.resources ?? {}) } } : claim,
    prepareCreate: (claim) => ({ ...claim, spec: normalizeDataSources(claim.spec), status: { phase: 'Pending' as const } }),
    prepareUpdate: (next, previous) => ({ ...keepStatus(next, previous), spec: normalizeDataSources(next.spec) }),
    validate: ({ spec }) => validateClaimSpec(spec, 'spec'),
    checksMetadata: 'whole',
    validateUpdate: validateClaimUpdate,
  },
)
export type PersistentVolumeClaim = Of<typeof PersistentVolumeClaim>

/** `dataSource` and `dataSourceRef` name the same thing; other data sources than claims and snapshots were always dropped (KEP-1495). */
function normalizeDataSources(given: types.PersistentVolumeClaimSpec): types.PersistentVolumeClaimSpec {
  const spec = { ...given }
  const isKnown =
    (spec.dataSource?.kind === 'PersistentVolumeClaim' && !spec.dataSource.apiGroup) ||
    (spec.dataSource?.kind === 'VolumeSnapshot' && spec.dataSource.apiGroup === 'snapshot.storage.k8s.io')
  if (spec.dataSource !== undefined && spec.dataSourceRef === undefined && !isKnown) delete spec.dataSource
  if (spec.dataSource !== undefined && spec.dataSourceRef === undefined) spec.dataSourceRef = { ...spec.dataSource }
  else if (spec.dataSource === undefined && spec.dataSourceRef !== undefined && !spec.dataSourceRef.namespace) {
    const { namespace: _, ...reference } = spec.dataSourceRef
    spec.dataSource = reference
  }
  return spec
}
