import { column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/storagemigration/v1beta1/types.ts'
import {
  validateStorageVersionMigration,
  validateStorageVersionMigrationStatus,
  validateStorageVersionMigrationUpdate,
} from '#api/storagemigration/v1beta1/validate-storage-version-migration.ts'
import { keepStatus, part, statusResetFields, takeStatus } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

type Migration = types.StorageVersionMigration

/** Served only where the feature gate and its version are turned on (KEP-4192). */
export const StorageVersionMigration = kind(
  types.StorageVersionMigration,
  {
    group: 'storagemigration.k8s.io',
    version: 'v1beta1',
    kind: 'StorageVersionMigration',
    plural: 'storageversionmigrations',
    singular: 'storageversionmigration',
    scope: 'Cluster',
    gate: 'StorageVersionMigrator',
    columns: [
      column<Migration>('Resource', ({ spec: { resource } }) => nameOf(resource)),
      column<Migration>('Status', ({ status }) => standingOf(status)),
    ],
    subresources: { status: part<Migration>({ take: takeStatus, validateUpdate: validateStorageVersionMigrationStatus }) },
  },
  {
    requiresResourceVersion: true,
    prepareCreate: (migration) => ({ ...migration, status: {} }),
    prepareUpdate: keepStatus,
    validate: validateStorageVersionMigration,
    validateUpdate: validateStorageVersionMigrationUpdate,
    resetFields: statusResetFields,
  },
)
export type StorageVersionMigration = Of<typeof StorageVersionMigration>

const nameOf = ({ group, resource }: Migration['spec']['resource']): string => (group === '' ? resource : `${resource}.${group}`)

/** The last of its conditions that holds. */
const standingOf = ({ conditions = [] }: Migration['status']): string =>
  conditions.findLast(({ type, status }) => status === 'True' && ['Running', 'Failed', 'Succeeded'].includes(type))?.type ?? 'Unknown'
