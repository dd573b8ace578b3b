import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { apiVersionOf } from '#api/kind.ts'
import type { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { conditionOf } from '../common/conditions.ts'
import { hasEnded, holds, writeCondition } from './migration.ts'

/** All migrations of one resource, and its definition if it has one. */
export interface RunningView {
  readonly migrations: readonly StorageVersionMigration[]
  readonly definition: CustomResourceDefinition | undefined
  readonly now: Instant
}

/**
 * One that has ended runs no more; where none runs, the oldest of those that wait begins (storageversionmigrator/migrationrunner.go). The
 * definition is written first, so that a look after a crash finds the migration as it was, and does both again.
 */
export function planRunning({ migrations, definition, now }: RunningView): Plan {
  const running = migrations.filter((migration) => holds(migration, 'Running'))
  const ended = running.find(hasEnded)
  if (ended !== undefined) {
    const condition = { type: 'Running', status: 'False', reason: 'MigrationCompleted', message: 'Migration completed' } as const
    return steps(definition && finish(definition, holds(ended, 'Succeeded'), now), writeCondition(ended, condition, now))
  }
  if (running.length > 0) return settled
  const [next] = migrations.filter((migration) => !hasEnded(migration)).toSorted(inOrderOfCreation)
  if (next === undefined) return settled
  const condition = { type: 'Running', status: 'True', reason: 'MigrationRunning', message: 'The migration is running' } as const
  return steps(definition && begin(definition, next.metadata.name, now), writeCondition(next, condition, now))
}

const steps = (onDefinition: Command | undefined, onMigration: Command): Plan => ({
  commands: onDefinition === undefined ? [onMigration] : [onDefinition, onMigration],
  wakeAt: Infinity,
})

const inOrderOfCreation = ({ metadata: a }: StorageVersionMigration, { metadata: b }: StorageVersionMigration): number =>
  Date.parse(a.creationTimestamp) - Date.parse(b.creationTimestamp) || (a.name < b.name ? -1 : 1)

const begin = (definition: CustomResourceDefinition, name: string, now: Instant): Command =>
  told(definition, { status: 'True', reason: 'MigrationRunning', message: `Migration ${name} is running` }, now)

/**
 * Where nothing of the definition has changed since the migration began, no object is in another version than the present storage version. The
 * reference says so after a migration that failed as well; then objects may be in any version, and the list has to stay.
 */
function finish(definition: CustomResourceDefinition, isSuccess: boolean, now: Instant): Command {
  if (!isSuccess) return told(definition, { status: 'False', reason: 'MigrationFailed', message: 'The migration has failed' }, now)
  const began = conditionOf(definition.status.conditions, 'StorageMigrating')
  const isSame = began?.observedGeneration === definition.metadata.generation
  const message = isSame
    ? 'The migration has succeeded and the stored versions have been updated'
    : 'The migration has succeeded but the stored versions have not been updated due to a generation mismatch'
  const storage = definition.spec.versions.find((version) => version.storage)
  const storedVersions = isSame && storage !== undefined ? [storage.name] : definition.status.storedVersions
  return told(definition, { status: 'False', reason: 'MigrationSucceeded', message }, now, storedVersions)
}

/** The stored versions are always named: what an apply leaves out that it named before, it would take away. */
function told(
  definition: CustomResourceDefinition,
  condition: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string },
  now: Instant,
  storedVersions: readonly string[] = definition.status.storedVersions,
): Command {
  const { name, resourceVersion, generation } = definition.metadata
  const before = conditionOf(definition.status.conditions, 'StorageMigrating')
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : rfc3339(now)
  const migrating = { type: 'StorageMigrating', ...condition, lastTransitionTime, observedGeneration: generation }
  const body = {
    apiVersion: apiVersionOf(CustomResourceDefinition),
    kind: CustomResourceDefinition.kind,
    // Only while the definition is as it was looked at: its generation and its versions are what this is about.
    metadata: { name, resourceVersion },
    status: { conditions: [migrating], storedVersions },
  }
  return { do: 'apply', kind: CustomResourceDefinition, name, body, subresource: 'status' }
}
