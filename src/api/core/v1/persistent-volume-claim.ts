import { age, column } from '#api/columns.ts'
import { roundResources } from '#api/core/v1/pod-defaults.ts'
import * as types from '#api/core/v1/types.ts'
import { validateClaimSpec, validateClaimStatus, validateClaimUpdate } from '#api/core/v1/validation/claim.ts'
import { accessModes, storageClassOf } from '#api/core/v1/volume-columns.ts'
import { claimWarnings } from '#api/core/v1/volume-warnings.ts'
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
    subresources: { status: statusOf<types.PersistentVolumeClaim>({ validateUpdate: validateClaimStatus }) },
  },
  {
    returnsDeleted: true,
    defaults: (claim) =>
      claim.spec ? { ...claim, spec: { ...claim.spec, resources: roundResources(claim.spec.resources ?? {}) } } : claim,
    prepareCreate: (claim) => ({ ...claim, spec: normalizeDataSources(claim.spec), status: { phase: 'Pending' as const } }),
    prepareUpdate: (next, previous) => ({ ...keepStatus(next, previous), spec: normalizeDataSources(next.spec, previous.spec) }),
    validate: ({ spec }) => validateClaimSpec(spec, 'spec'),
    checksMetadata: 'whole',
    validateUpdate: validateClaimUpdate,
    warnings: (claim) => claimWarnings(claim),
  },
)
export type PersistentVolumeClaim = Of<typeof PersistentVolumeClaim>

/**
 * `dataSource` and `dataSourceRef` name the same thing; other data sources than claims and snapshots were always dropped, unless the claim
 * had one before (KEP-1495). Sources in other namespaces (KEP-3294) are off in v1.36.
 */
function normalizeDataSources(
  given: types.PersistentVolumeClaimSpec,
  previous?: types.PersistentVolumeClaimSpec,
): types.PersistentVolumeClaimSpec {
  if (given.dataSource === undefined && given.dataSourceRef === undefined) return given
  const spec = { ...given }
  if (spec.dataSourceRef?.namespace && previous?.dataSourceRef === undefined) delete spec.dataSourceRef
  const hadSource = previous?.dataSource !== undefined || previous?.dataSourceRef !== undefined
  if (!hadSource && spec.dataSourceRef === undefined && !isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource
  if (spec.dataSource !== undefined && spec.dataSourceRef === undefined) spec.dataSourceRef = { ...spec.dataSource }
  else if (spec.dataSource === undefined && spec.dataSourceRef !== undefined && !spec.dataSourceRef.namespace) {
    const { namespace: _, ...reference } = spec.dataSourceRef
    spec.dataSource = reference
  }
  return spec
}

const isClaimOrSnapshot = (source: types.TypedLocalObjectReference | undefined): boolean =>
  (source?.kind === 'PersistentVolumeClaim' && !source.apiGroup) ||
  (source?.kind === 'VolumeSnapshot' && source.apiGroup === 'snapshot.storage.k8s.io')
