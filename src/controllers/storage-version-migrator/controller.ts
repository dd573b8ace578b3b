import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { AnyKind } from '#api/kind.ts'
import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import type { Controller } from '#loop/controller.ts'
import { hasEnded, resourceOf } from './migration.ts'
import { type MigratingView, planFailure, planMigrating } from './plan.ts'

/** Has every object of a resource written as it is, so that the store holds it as it would be written now. `kindsNow`: all that are served. */
export const storageVersionMigrator = (kindsNow: () => readonly AnyKind[]): Controller<MigratingView> => ({
  name: 'storage-version-migrator-controller',
  sources: [
    { kind: StorageVersionMigration },
    {
      kind: CustomResourceDefinition,
      // A migration may be there before what it is of.
      keys: ({ metadata }: CustomResourceDefinition, cache) =>
        cache
          .list(StorageVersionMigration)
          .filter((migration) => resourceOf(migration) === metadata.name && !hasEnded(migration))
          .map((migration) => migration.metadata.name),
    },
  ],
  view: (name, cache, now) => {
    const migration = cache.get(StorageVersionMigration, name)
    if (migration === undefined) return undefined
    const { group, resource } = migration.spec.resource
    return { migration, kind: kindsNow().find((kind) => kind.group === group && kind.plural === resource), now }
  },
  plan: planMigrating,
  failed: planFailure,
})
