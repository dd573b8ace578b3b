import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command } from '#loop/controller.ts'
import { conditionOf } from '../common/conditions.ts'

/** What is migrated, as definitions of custom resources are named: `widgets.example.com`, and `secrets` in the core group. */
export const resourceOf = ({ spec: { resource } }: StorageVersionMigration): string =>
  resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`

export type MigrationCondition = 'Running' | 'Succeeded' | 'Failed'

/** Whether the condition is there and True. */
export const holds = ({ status }: StorageVersionMigration, type: MigrationCondition): boolean =>
  conditionOf(status.conditions, type)?.status === 'True'

/** Whether it is over: nobody takes that back. */
export const hasEnded = (migration: StorageVersionMigration): boolean => holds(migration, 'Succeeded') || holds(migration, 'Failed')

/** Writes the status of exactly the version that was looked at. */
export function writeStatus(migration: StorageVersionMigration, change: Partial<StorageVersionMigration['status']>): Command {
  const object: StorageVersionMigration = { ...migration, status: { ...migration.status, ...change } }
  return { do: 'update', kind: StorageVersionMigration, object, subresource: 'status' }
}

/** Writes a condition that has another status than before; it keeps its place among the others. */
export function writeCondition(
  migration: StorageVersionMigration,
  condition: { readonly type: MigrationCondition; readonly status: 'True' | 'False'; readonly reason: string; readonly message: string },
  now: Instant,
): Command {
  const { conditions = [] } = migration.status
  const next = { ...condition, lastTransitionTime: rfc3339(now) }
  const isKnown = conditionOf(conditions, condition.type) !== undefined
  return writeStatus(migration, {
    conditions: isKnown ? conditions.map((one) => (one.type === condition.type ? next : one)) : [...conditions, next],
  })
}
