import { age, column } from '#api/columns.ts'
import { roundToMilli } from '#api/core/v1/pod-defaults.ts'
import * as types from '#api/core/v1/types.ts'
import { validatePersistentVolume, validatePersistentVolumeUpdate } from '#api/core/v1/validation/persistent-volume.ts'
import { accessModes, storageClassOf } from '#api/core/v1/volume-columns.ts'
import { volumeWarnings } from '#api/core/v1/volume-warnings.ts'
import { kind } from '#api/kind.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const PersistentVolume = kind(
  types.PersistentVolume,
  {
    group: '',
    version: 'v1',
    kind: 'PersistentVolume',
    plural: 'persistentvolumes',
    singular: 'persistentvolume',
    shortNames: ['pv'],
    scope: 'Cluster',
    columns: [
      column<types.PersistentVolume>('Capacity', ({ spec }) => spec.capacity?.storage ?? '0'),
      column<types.PersistentVolume>('Access Modes', ({ spec }) => accessModes(spec.accessModes)),
      column<types.PersistentVolume>('Reclaim Policy', ({ spec }) => spec.persistentVolumeReclaimPolicy),
      column<types.PersistentVolume>('Status', ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined ? status.phase : 'Terminating',
      ),
      column<types.PersistentVolume>('Claim', ({ spec: { claimRef } }) =>
        claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '',
      ),
      column<types.PersistentVolume>('StorageClass', storageClassOf),
      column<types.PersistentVolume>('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
      column<types.PersistentVolume>('Reason', ({ status }) => status.reason ?? ''),
      age,
      column<types.PersistentVolume>('VolumeMode', ({ spec }) => spec.volumeMode ?? '<unset>', { wide: true }),
    ],
    subresources: {
      status: statusOf<types.PersistentVolume>({
        take: (previous, body, now) => ({ ...body, spec: previous.spec, status: withTransition(body.status, previous.status, now) }),
      }),
    },
  },
  {
    returnsDeleted: true,
    defaults: (volume) =>
      volume.spec?.capacity ? { ...volume, spec: { ...volume.spec, capacity: roundToMilli(volume.spec.capacity) } } : volume,
    prepareCreate: (volume, { now }) => ({ ...volume, status: { phase: 'Pending' as const, lastPhaseTransitionTime: now } }),
    prepareUpdate: keepStatus,
    validate: validatePersistentVolume,
    checksMetadata: 'twice',
    validateUpdate: validatePersistentVolumeUpdate,
    warnings: (volume) => volumeWarnings(volume),
  },
)
export type PersistentVolume = Of<typeof PersistentVolume>

/** The time of the last change of phase: the writer's own, or now where the phase changed, or what it was. */
function withTransition(
  next: types.PersistentVolumeStatus,
  previous: types.PersistentVolumeStatus,
  now: string,
): types.PersistentVolumeStatus {
  const { lastPhaseTransitionTime: before } = previous
  const given = next.lastPhaseTransitionTime
  if (next.phase === previous.phase)
    return given !== undefined || before === undefined ? next : { ...next, lastPhaseTransitionTime: before }
  return given === undefined || given === before ? { ...next, lastPhaseTransitionTime: now } : next
}
