import type { AnyKind, KubeObject, MetadataCheck } from '#api/kind.ts'
import { validateMetadataUpdate } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { WherryError } from '#lib/errors.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { isShownAlike } from '#schema/apply/compare.ts'
import { mergeSchemaOf } from '#schema/apply/merge-schema.ts'
import { deepEqual } from '#schema/fields.ts'
import { invalid } from '#schema/validate.ts'
import { admissionRun } from '../admission/chain.ts'
import { getItem } from '../cacher/index.ts'
import { bytesOf, converting, type Item, itemAs, objectOf } from '../cacher/item.ts'
import type { Context, Write } from '../context.ts'
import { conflict, invalidError, modified, notFoundError } from '../http/status.ts'
import { type ClaimPlan, claimed } from './claims.ts'
import { displayKeyOf, keyOf, storageKindOf } from './keys.ts'
import { isHeld } from './lifecycle.ts'
import { type Entries, entriesOf } from './ownership.ts'
import { permissionCauses } from './permissions.ts'
import {
  applyDefaults,
  convertedBytes,
  gatedDefaults,
  raisesGeneration,
  withMetadata,
  withOwners,
  withReadableOwners,
  writeContextOf,
} from './prepare.ts'
import { committedItem, unstoredItem } from './result.ts'

/** What an update changes, and what of an update's common way it goes. */
export interface UpdateOptions {
  /** Makes the wanted object from the present one, of which `shown` is the JSON; called again after a conflict that the client did not ask to see. */
  readonly change: (present: KubeObject, shown: () => Uint8Array) => KubeObject | Promise<KubeObject>
  /**
   * For a part with a path of its own: what of an object that admission has changed is the part's. `change` has filled in its defaults then,
   * as long as the body stood alone: what hangs on the rest of the object (labels from a template) is nothing that the part's writer owns.
   */
  readonly retake?: (previous: KubeObject, admitted: KubeObject) => KubeObject
  /** For a part with a path of its own: what it may not do. */
  readonly validateUpdate?: (next: never, previous: never, context: never) => readonly Cause[]
  /** What a part's own check of the metadata is. Absent: its transition. */
  readonly checksMetadata?: MetadataCheck
  /** Whether the object goes through the kind's own preparation; a part brings over only what is its own. */
  readonly whole: boolean
  /** `change` makes its object from the present one (a patch), so after a concurrent write it can be made again. */
  readonly repeatable?: boolean
  /** Off: a change of the spec that is the server's own (a binding) leaves metadata.generation as it is. Default on. */
  readonly countsGeneration?: boolean
  /**
   * Who owns what afterwards (metadata.managedFields): as before (the default: a write of the server's own), as the wanted object says
   * (an apply), or as this function finds from the present and the wanted object, defaults filled in.
   */
  readonly owners?: 'kept' | 'given' | ((previous: KubeObject, next: KubeObject) => Entries)
  /** Whether a uid in the wanted object is a precondition (a client's whole object), not an attempt to change it (a patch). */
  readonly checkUid?: boolean
}

/**
 * Replaces an object by what `change` makes of it. A resourceVersion in the wanted object has to be the present one (`Conflict`); without
 * one a concurrent write leads to another try. Writes nothing where nothing changed, unless it is stored under an old key. Removes the object
 * where it was only held by finalizers that are gone now.
 */
export async function updateObject(context: Context, write: Write, options: UpdateOptions): Promise<Item> {
  const { kind } = write
  const key = keyOf(kind, write.namespace, write.name)
  const cache = context.cacher.of(kind)
  for (let attempt = 1; ; attempt += 1) {
    await context.cacher.fresh()
    const item = getItem(cache.index, key)
    if (item === undefined) throw notFoundError(kind, write.name)
    await converting(kind, [item])
    const previous = gatedDefaults(context.features, kind, objectOf(itemAs(kind, item)))
    const wanted = await options.change(previous, () => bytesOf(itemAs(kind, item)))
    const asked = wanted.metadata.resourceVersion
    checkPreconditions(
      write,
      item,
      previous,
      wanted,
      options.checkUid === true,
      kind.rules.requiresResourceVersion !== true || write.manager === undefined,
    )
    const { object: prepared, claims } = await prepare(context, write, wanted, previous, key, options)
    const next = withOldTimes(write, prepared, previous)
    const value = await convertedBytes(kind, next, previous)
    if (Buffer.compare(value, item.value) === 0 && item.isStale !== true) return itemAs(kind, item)
    const removes =
      next.metadata.deletionTimestamp !== undefined && !isHeld(kind, next) && (next.metadata.deletionGracePeriodSeconds ?? 0) === 0
    if (write.dryRun) return unstoredItem(kind, key, withMetadata(next, { resourceVersion: `${item.revision}` }))
    const { operations, conditions } = removes ? context.claims.plan(kind, undefined, previous, key) : claims
    const result = await context.store.commit(
      [removes ? { do: 'delete', key } : { do: 'put', key, value }, ...operations],
      [{ key, modRevision: item.revision }, ...conditions],
    )
    if (result.done) {
      context.journal.note(write, key, result.revision)
      if (removes) return unstoredItem(kind, key, withMetadata(next, { resourceVersion: `${result.revision}` }))
      const committed = committedItem(kind, key, value, result.revision)
      await converting(kind, [committed])
      return itemAs(kind, committed)
    }
    if (!options.repeatable && asked && result.failed.some((failed) => failed.key === key)) throw conflict(kind, write.name, modified)
    if (attempt >= attemptsMax) throw conflict(kind, write.name, modified)
    await context.cacher.reached(result.revision, catchUpMs)
  }
}

/** The object with the owners' old times where nothing but those times has changed: then nothing has. */
function withOldTimes({ kind, subresource }: Write, next: KubeObject, previous: KubeObject): KubeObject {
  const before = entriesOf(previous)
  const after = entriesOf(next)
  if (before === after || before === undefined || after === undefined || before.length !== after.length) return next
  if (after.every((entry, i) => entry.time === before[i]!.time)) return next
  const isSame = after.every((entry, i) => deepEqual({ ...entry, time: undefined }, { ...before[i], time: undefined }))
  return isSame && !differsBeside(kind, subresource, next, previous) ? deepFreeze(withOwners(next, before)) : next
}

/** Whether anything but the owners has changed. The part that was written comes first: mostly nothing else is looked at then. */
function differsBeside(kind: AnyKind, part: string, next: KubeObject, previous: KubeObject): boolean {
  const { metadata: after, ...rest } = next
  const { metadata: before, ...restBefore } = previous
  const schema = mergeSchemaOf(kind)
  const [written, present] = [rest, restBefore] as unknown as Readonly<Record<string, unknown>>[]
  if (part !== '' && !isShownAlike(schema, { [part]: written![part] }, { [part]: present![part] })) return true
  if (!isShownAlike(schema, rest, restBefore)) return true
  const bare = (metadata: object): object => ({ metadata: { ...metadata, managedFields: undefined } })
  return !isShownAlike(schema, bare(after), bare(before))
}

function checkPreconditions(
  write: Write,
  item: Item,
  previous: KubeObject,
  wanted: KubeObject,
  checkUid: boolean,
  unconditional: boolean,
): void {
  const { kind, name } = write
  const { uid, resourceVersion } = wanted.metadata
  if (checkUid) checkUidIs(write, previous, uid)
  if (resourceVersion && resourceVersion !== '0') {
    if (!/^\d+$/.test(resourceVersion))
      throw new WherryError('InternalError', `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`, {
        status: 500,
      })
    if (Number(resourceVersion) !== item.revision) throw conflict(kind, name, modified)
  } else if (!unconditional)
    throw invalidError({ group: kind.group, kind: kind.plural }, name, [
      invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
    ])
}

/** Refuses a whole object that was sent for another of the same name: its uid, where it has one, is that of the object that is there. */
export function checkUidIs({ kind, namespace, name, dryRun }: Write, { metadata }: KubeObject, uid: string | undefined): void {
  if (!uid || uid === metadata.uid) return
  throw conflict(
    kind,
    name,
    `StorageError: invalid object, Code: 4, Key: ${displayKeyOf(kind, namespace, name, dryRun)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
  )
}

async function prepare(
  context: Context,
  write: Write,
  wanted: KubeObject,
  previous: KubeObject,
  key: string,
  options: UpdateOptions,
): Promise<{ readonly object: KubeObject; readonly claims: ClaimPlan }> {
  const { kind } = write
  const rules = writeContextOf(context, write)
  const before = previous.metadata
  // What clients leave out of metadata that is the server's stays as it was.
  const kept = (object: KubeObject): KubeObject =>
    withMetadata(object, {
      namespace: kind.scope === 'Namespaced' ? object.metadata.namespace || before.namespace : undefined,
      uid: object.metadata.uid || before.uid,
      creationTimestamp: before.creationTimestamp,
      deletionTimestamp: before.deletionTimestamp ?? object.metadata.deletionTimestamp,
      deletionGracePeriodSeconds: object.metadata.deletionGracePeriodSeconds ?? before.deletionGracePeriodSeconds,
      generation: before.generation,
      resourceVersion: before.resourceVersion,
      // The store drops it; a dry run does not get that far.
      ...(!write.dryRun && { selfLink: undefined }),
    })
  const run = admissionRun(context.admission, context.objects, write, 'UPDATE')
  const { owners = 'kept', retake } = options
  const filled = (object: KubeObject): KubeObject => (retake === undefined ? applyDefaults(context.features, kind, object) : object)
  let object = filled(kept(wanted))
  if (owners === 'kept') object = withOwners(object, entriesOf(previous))
  else if (owners !== 'given') object = withOwners(object, owners(previous, object))
  object = deepFreeze(object)
  // Whoever changes it sees a whole object as it was sent: what is the server's own comes after.
  const seen = options.whole && options.checkUid === true ? deepFreeze(asSent(object, wanted)) : object
  const admitted = await run.admit(seen, previous)
  if (admitted !== undefined && admitted !== seen) {
    const owned = withReadableOwners(admitted, object, write.warn)
    const taken =
      retake === undefined ? owned : withOwners(retake(previous, applyDefaults(context.features, kind, owned)), entriesOf(owned))
    object = deepFreeze(filled(kept(taken)))
  }
  const start = object
  if (options.whole) {
    object = (kind.rules.dropDisabled?.(object, previous, context.features) ?? object) as KubeObject
    object = (kind.rules.prepareUpdate?.(object, previous, rules) ?? object) as KubeObject
  }
  object = deepFreeze(applyDefaults(context.features, kind, object, retake === undefined ? start : undefined))
  // A part takes nothing; the whole takes what it needs before anybody looks whether the rest of it is right, as with the reference.
  const claims = options.whole ? claimed(context, write, object, previous, key) : noClaims
  object = deepFreeze(claims.object ?? object)
  if (options.countsGeneration !== false && raisesGeneration(kind, object, previous, options.whole))
    object = deepFreeze(withMetadata(object, { generation: (before.generation ?? 0) + 1 }))
  const found = [
    ...validateMetadataUpdate(
      object.metadata,
      before,
      kind,
      options.whole ? kind.rules.checksMetadata : (options.checksMetadata ?? 'change'),
    ),
    ...(options.whole ? ((kind.rules.validateUpdate ?? kind.rules.validate)?.(object, previous, rules) ?? []) : []),
    ...(options.validateUpdate?.(object as never, previous as never, rules as never) ?? []),
  ]
  const causes =
    kind.rules.permissions === undefined ? found : [...(await permissionCauses(context, write, object, previous, found)), ...found]
  if (causes.length > 0) throw invalidError(storageKindOf(kind), write.name, causes)
  // A part is written by programs, which nobody warns.
  if (options.whole) for (const warning of kind.rules.warnings?.(object, previous) ?? []) write.warn(warning)
  await run.validate(object, previous)
  return { object, claims }
}

/** The object with no more in its metadata than its client gave of what is the server's. */
const asSent = (object: KubeObject, { metadata }: KubeObject): KubeObject =>
  withMetadata(object, {
    uid: metadata.uid || undefined,
    creationTimestamp: metadata.creationTimestamp,
    deletionTimestamp: metadata.deletionTimestamp,
    deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds,
    generation: metadata.generation,
    resourceVersion: metadata.resourceVersion || undefined,
  })

const noClaims: ClaimPlan = { object: undefined, operations: [], conditions: [], causes: [] }

// Under contention each round lets one writer through; a client that is still here after this many is told.
const attemptsMax = 16
const catchUpMs = 1_000
