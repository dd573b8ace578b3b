import type { KubeObject } from '#api/kind.ts'
import type { WherryError } from '#lib/errors.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { deepEqual } from '#schema/fields.ts'
import type { Operation } from '#store/store.ts'
import { type AdmissionRun, admissionRun } from '../admission/chain.ts'
import { getItem } from '../cacher/index.ts'
import { converting, type Item, itemAs, objectOf } from '../cacher/item.ts'
import type { Context, Write } from '../context.ts'
import { conflict, forbiddenError, modified, notFoundError } from '../http/status.ts'
import { keyOf, storageKindOf } from './keys.ts'
import { type DeletionWish, finalizersOnDelete, isHeld } from './lifecycle.ts'
import { convertedBytes, withMetadata } from './prepare.ts'
import { committedItem, unstoredItem } from './result.ts'

/** What a delete asks for (API docs, DeleteOptions). */
export interface DeleteOptions extends DeletionWish {
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

/** What a delete left: `removed` says that the object is gone, else it is on its way out and `item` shows it. */
export interface Deletion {
  readonly removed: boolean
  readonly item: Item
  /** Whether clients want to see the object even where it is gone. */
  readonly shown: boolean
}

/**
 * Deletes an object, or begins to: with a grace period or finalizers it is marked (deletionTimestamp) and stays until those who hold it are
 * done. Throws `NotFound`, and `Conflict` where a precondition fails. `committing` is called once nothing can refuse the deletion any more
 * and the store has been asked: what is deleted next comes after it.
 */
export async function deleteObject(
  context: Context,
  write: Write,
  options: DeleteOptions,
  committing: () => void = () => {},
): Promise<Deletion> {
  const { kind } = write
  const refusal = kind.rules.refuseDelete?.(write.name)
  if (refusal !== undefined) throw forbiddenError(kind, write.name, refusal)
  const key = keyOf(kind, write.namespace, write.name)
  const cache = context.cacher.of(kind)
  for (let attempt = 1; ; attempt += 1) {
    await context.cacher.fresh()
    const item = getItem(cache.index, key)
    if (item === undefined) throw notFoundError(kind, write.name)
    await converting(kind, [item])
    const present = objectOf(itemAs(kind, item))
    checkPreconditions(write, item, present, options)
    const graceful = kind.rules.gracePeriodSeconds !== undefined
    const shown = graceful || kind.rules.returnsDeleted === true
    // What goes already, and no sooner for this: as with the reference, nobody is asked.
    if (isPending(write, present, options)) return { removed: false, item: itemAs(kind, item), shown }
    const next = deepFreeze(markDeleted(context, write, present, options))
    const run = admissionRun(context.admission, context.objects, { ...write, options: shownOptions(write, present, next) }, 'DELETE')
    if (attempt === 1) {
      await run.admit(undefined, present)
      await run.validate(undefined, present)
    }
    const removes = !isHeld(kind, next) && (next.metadata.deletionGracePeriodSeconds ?? 0) === 0
    if (!removes && deepEqual(next, present)) return { removed: false, item: itemAs(kind, item), shown }
    if (write.dryRun) return { removed: removes, item: removes && !graceful ? itemAs(kind, item) : unstoredItem(kind, key, next), shown }
    const value = await convertedBytes(kind, next)
    const marking: Operation[] = [{ do: 'put', key, value }]
    const removal: Operation[] = removes ? [{ do: 'delete', key }, ...context.claims.plan(kind, undefined, present, key).operations] : []
    // Who watches sees the mark before the object goes, also where nothing is left to wait for.
    const marks = removes && graceful && !deepEqual(next, present)
    const conditions = [{ key, modRevision: item.revision }]
    const refused = marks ? await refusalOf(run, next) : undefined
    const commit =
      marks && refused === undefined
        ? context.store.commit(marking, conditions, removal)
        : context.store.commit(removes && !marks ? removal : marking, conditions)
    committing()
    let result = await commit
    if (result.done && refused !== undefined) throw refused
    if (result.done && marks && result.followed === undefined)
      result = await context.store.commit(removal, [{ key, modRevision: result.revision }])
    if (result.done) {
      context.journal.note(write, key, result.followed ?? result.revision)
      if (removes) {
        const last = graceful ? withMetadata(next, { resourceVersion: `${result.followed ?? result.revision}` }) : present
        return { removed: true, item: unstoredItem(kind, key, last), shown }
      }
      const committed = committedItem(kind, key, value, result.revision)
      await converting(kind, [committed])
      return { removed: false, item: itemAs(kind, committed), shown }
    }
    if (attempt >= attemptsMax) throw conflict(kind, write.name, modified)
    await context.cacher.reached(result.revision, catchUpMs)
  }
}

/** The reference asks twice of what is marked and removed at once: with the second refusal the mark is there already. */
async function refusalOf(run: AdmissionRun, marked: KubeObject): Promise<unknown> {
  try {
    await run.admit(undefined, marked)
    await run.validate(undefined, marked)
    return undefined
  } catch (error) {
    return error
  }
}

/** Whether an earlier delete did all that this one asks for: it waits for the grace that is left, or for those who hold the object. */
function isPending({ kind }: Write, present: KubeObject, { gracePeriodSeconds }: DeleteOptions): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds: left = 0 } = present.metadata
  if (deletionTimestamp === undefined) return false
  if (kind.rules.isHeld?.(present) === true) return true
  if (kind.rules.gracePeriodSeconds === undefined || left === 0) return false
  return gracePeriodSeconds === undefined || (gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds) >= left
}

/** The options that admission is shown: with what was settled by the object. Those of a collection are of no single one. */
function shownOptions({ kind, verb, options }: Write, { metadata }: KubeObject, next: KubeObject): Write['options'] {
  if (verb === 'deletecollection' || Object.keys(options).length === 0) return options
  const { kind: name, apiVersion, ...rest } = options as Readonly<Record<string, unknown>>
  if (kind.rules.isHeld !== undefined) {
    const { preconditions } = rest as { readonly preconditions?: object }
    return { kind: name, apiVersion, ...rest, preconditions: { uid: metadata.uid, ...preconditions } }
  }
  if (kind.rules.gracePeriodSeconds === undefined) return options
  return { kind: name, apiVersion, ...rest, gracePeriodSeconds: next.metadata.deletionGracePeriodSeconds ?? 0 }
}

function checkPreconditions({ kind, name }: Write, item: Item, { metadata }: KubeObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions ?? {}
  // What is held by something of its own has a deletion of its own, with other words.
  if (kind.rules.isHeld !== undefined) {
    const failed = (what: string): WherryError => conflict(kind, name, `Precondition failed: ${what}`)
    if (uid !== undefined && uid !== metadata.uid) throw failed(`UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`)
    if (resourceVersion !== undefined && resourceVersion !== `${item.revision}`)
      throw failed(`ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${item.revision}`)
    return
  }
  // The reference names the kind here, where it names the resource everywhere else.
  const stored = storageKindOf(kind)
  const named = { group: stored.group, plural: stored.kind, kind: stored.kind }
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      named,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
  if (resourceVersion !== undefined && resourceVersion !== `${item.revision}`)
    throw conflict(
      named,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${item.revision}). The object might have been modified`,
    )
}

/** The object as its deletion leaves it: marked, with the grace and the finalizers that apply. */
function markDeleted(context: Context, { kind }: Write, present: KubeObject, options: DeleteOptions): KubeObject {
  const now = context.clock.now()
  const { metadata } = present
  const finalizers = finalizersOnDelete(kind, metadata.finalizers ?? [], options)
  const wished = options.gracePeriodSeconds
  // A negative wish is as good as none, but the shortest grace there is (as the reference reads it).
  const given = kind.rules.gracePeriodSeconds?.(present, wished) ?? 0
  const seconds = given < 0 ? 0 : given
  const withFinalizers = deepEqual(finalizers, metadata.finalizers ?? [])
    ? present
    : withMetadata(present, { finalizers: finalizers.length === 0 ? undefined : finalizers })
  if (metadata.deletionTimestamp !== undefined) {
    const before = metadata.deletionGracePeriodSeconds ?? 0
    // A later delete may only shorten what is left.
    if (seconds >= before) return withFinalizers
    const asked = Date.parse(metadata.deletionTimestamp) - graceMs(before)
    return withMetadata(withFinalizers, {
      deletionTimestamp: rfc3339(seconds === 0 ? now : asked + graceMs(seconds)),
      deletionGracePeriodSeconds: seconds,
    })
  }
  const generation = metadata.generation !== undefined && metadata.generation > 0 ? { generation: plusOne(metadata.generation) } : {}
  const marked = withMetadata(withFinalizers, {
    deletionTimestamp: rfc3339(now + graceMs(seconds)),
    deletionGracePeriodSeconds: seconds,
    ...generation,
  })
  return (kind.rules.prepareDelete?.(deepFreeze(marked)) ?? marked) as KubeObject
}

const attemptsMax = 16
const catchUpMs = 1_000

/** Go reckons in nanoseconds of 64 bits, and so a grace of more than three hundred years is a short one, or ends in the past. */
const graceMs = (seconds: number): number =>
  seconds < 2 ** 32 ? seconds * 1000 : Number(BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n) / 1_000_000n)

/** A client may have written any number of 64 bits where the kind does not count. */
const plusOne = (generation: number | bigint): number =>
  typeof generation === 'bigint' ? (BigInt.asIntN(64, generation + 1n) as unknown as number) : generation + 1
