/** The types of storagemigration/v1beta1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import { Condition, GroupResource } from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, list, message, string } from '#schema/schema.ts'

export const StorageVersionMigrationSpec = message(
  'k8s.io.api.storagemigration.v1beta1.StorageVersionMigrationSpec',
  {
    resource: field(1, GroupResource, {
      required: true,
      about: 'Resource whose objects are written anew, each as it is, by the API server that serves it. Cannot be changed.',
    }),
  },
  { about: 'What is migrated.' },
)
export type StorageVersionMigrationSpec = Of<typeof StorageVersionMigrationSpec>

export const StorageVersionMigrationStatus = message(
  'k8s.io.api.storagemigration.v1beta1.StorageVersionMigrationStatus',
  {
    conditions: field(1, list(Condition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Running, Succeeded and Failed. The latter two end it: neither is taken back, and only one of them can be True.',
    }),
    resourceVersion: field(2, string(), {
      about: 'Objects that were written after this version are in the present form already. Set once, when the migration begins.',
    }),
  },
  { about: 'How far a migration has come.' },
)
export type StorageVersionMigrationStatus = Of<typeof StorageVersionMigrationStatus>

export const StorageVersionMigration = message(
  'k8s.io.api.storagemigration.v1beta1.StorageVersionMigration',
  {
    ...objectFields,
    spec: field(2, StorageVersionMigrationSpec, { always: true, about: 'What is migrated. Cannot be changed.' }),
    status: field(3, StorageVersionMigrationStatus, { always: true, about: 'How far it has come.' }),
  },
  {
    about:
      'Has all objects of a resource written anew, so that each is stored in the present storage version and under the present encryption key.',
  },
)
export type StorageVersionMigration = Of<typeof StorageVersionMigration>
