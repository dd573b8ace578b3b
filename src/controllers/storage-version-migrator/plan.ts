import { type AnyKind, allVerbs, apiVersionOf, type KubeObject } from '#api/kind.ts'
import type { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { compareResourceVersions } from '#client/resource-version.ts'
import type { Instant } from '#lib/clock.ts'
import { type ErrorCode, isError } from '#lib/errors.ts'
import { type Command, type Plan, type Refusal, type Single, settled } from '#loop/controller.ts'
import { hasEnded, holds, writeCondition, writeStatus } from './migration.ts'

/** One migration, and what it is of. */
export interface MigratingView {
  readonly migration: StorageVersionMigration
  /** Undefined: nobody serves the resource. */
  readonly kind: AnyKind | undefined
  readonly now: Instant
}

/**
 * First it notes down where it begins, then each object that was not written since is written as it is, and then it has succeeded. A look
 * after a crash passes over what was written before it.
 */
export function planMigrating({ migration, kind, now }: MigratingView): Plan {
  if (!holds(migration, 'Running') || hasEnded(migration)) return settled
  const { resourceVersion: from = '' } = migration.status
  if (kind === undefined) {
    const due = Date.parse(migration.metadata.creationTimestamp) + patienceMs
    if (now < due) return { commands: [], wakeAt: due }
    return once(
      fail(migration, from === '' ? 'resource does not exist in discovery' : unhandled('unable to obtain GVR from discovery'), now),
    )
  }
  if (!needed.every((verb) => (kind.verbs ?? allVerbs).includes(verb))) {
    const shown = `${kind.group}/${kind.version}, Resource=${kind.plural}`
    return once(fail(migration, `resource ${JSON.stringify(shown)} does not support discovery operations: [${needed.join(' ')}]`, now))
  }
  // The store has one order for all that it holds: whatever was written before the migration ran has an older version than this.
  if (from === '') return once(writeStatus(migration, { resourceVersion: migration.metadata.resourceVersion }))
  return once(
    { do: 'each', kind, command: (object: KubeObject) => rewrite(kind, object, from) },
    writeCondition(migration, { type: 'Succeeded', status: 'True', reason: 'StorageVersionMigrationSucceeded', message: '' }, now),
  )
}

/** What cannot be written now may be later; what is refused for good ends the migration. */
export function planFailure({ migration, now }: MigratingView, failures: readonly Refusal[]): readonly Command[] {
  const refused = failures.find(({ command, error }) => command.do === 'each' && isError(error) && !isError(error, ...passing))
  if (refused === undefined) return []
  return [fail(migration, unhandled((refused.error as Error).message), now)]
}

/**
 * An apply of nothing: it changes nothing, and comes to own nothing. With uid and version it is refused for an object that is another one by
 * now, which then needs it no more.
 */
function rewrite(kind: AnyKind, { metadata }: KubeObject, from: string): Single | undefined {
  const { name, namespace, uid, resourceVersion } = metadata
  if (compareResourceVersions(resourceVersion, from) > 0) return undefined
  const place = namespace === undefined ? {} : { namespace }
  const body = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name, ...place, uid, resourceVersion } }
  return { do: 'apply', kind, name, ...place, body }
}

const fail = (migration: StorageVersionMigration, message: string, now: Instant): Command =>
  writeCondition(
    migration,
    { type: 'Failed', status: 'True', reason: 'StorageVersionMigrationFailed', message: message.slice(0, messageLengthMax) },
    now,
  )

const unhandled = (why: string): string => `migration encountered unhandled error: ${why}`
const once = (...commands: readonly Command[]): Plan => ({ commands, wakeAt: Infinity })

/** How long a resource may be unknown after a migration of it was asked for: its definition may be on its way. */
const patienceMs = 60_000
const needed = ['update', 'patch', 'list'] as const
const passing: readonly ErrorCode[] = [
  'Expired',
  'Gone',
  'InternalError',
  'ServerTimeout',
  'ServiceUnavailable',
  'Timeout',
  'TooManyRequests',
]
/** Of characters, so that not even the longest ones make more bytes than a condition may have. */
const messageLengthMax = 8_000
