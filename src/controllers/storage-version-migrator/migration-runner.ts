import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import type { Controller } from '#loop/controller.ts'
import { resourceOf } from './migration.ts'
import { planRunning, type RunningView } from './plan-running.ts'

/** Lets one migration of a resource run at a time, and says of a definition that its objects are migrated, and in which versions they are then. */
export const migrationRunner: Controller<RunningView> = {
  name: 'migration-runner-controller',
  sources: [
    { kind: StorageVersionMigration, keys: (migration: StorageVersionMigration) => [resourceOf(migration)] },
    // Looked at, but no reason to look: whatever becomes of a definition, its migrations say when they begin and end.
    { kind: CustomResourceDefinition, keys: () => [] },
  ],
  view: (resource, cache, now) => {
    const migrations = cache.list(StorageVersionMigration).filter((migration) => resourceOf(migration) === resource)
    return migrations.length === 0 ? undefined : { migrations, definition: cache.get(CustomResourceDefinition, resource), now }
  },
  plan: planRunning,
}
