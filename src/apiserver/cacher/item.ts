import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { decode } from '#schema/decode.ts'
import { encodeJson, parseExact } from '#schema/json.ts'
import type { Entry, Revision } from '#store/store.ts'
import { writtenObject } from './written.ts'

/**
 * One version of one object. The store holds it without resourceVersion, since that is the revision of the commit that wrote it. As an object
 * it is made once, when first asked for.
 */
export interface Item {
  readonly kind: AnyKind
  readonly key: string
  /** Canonical JSON without metadata.resourceVersion, as stored. */
  readonly value: Uint8Array
  readonly revision: Revision
  readonly createRevision: Revision
  /** What clients see, where it is not made of `value`: of an object that is not stored. */
  readonly bytes: Uint8Array | undefined
  /** Stored under a key that is not the present one: a write stores it anew even where it changes nothing. */
  readonly isStale?: true
  object: KubeObject | undefined
}

/** An entry of the store as an item; nothing is decoded until somebody asks. */
export function itemOf(kind: AnyKind, entry: Entry): Item {
  const item = {
    kind,
    key: entry.key,
    value: entry.value,
    revision: entry.modRevision,
    createRevision: entry.createRevision,
    bytes: undefined,
    object: undefined,
  }
  return entry.isStale === true ? { ...item, isStale: true } : item
}

/** Canonical JSON with its resourceVersion. */
export function bytesOf({ value, revision, bytes }: Item): Uint8Array {
  if (bytes !== undefined) return bytes
  const cut = versionPlace(value)
  const version = versionText(revision)
  // One copy of all, moved by as much as is put in, and the few bytes before that anew: half the time of joining three parts.
  const out = Buffer.allocUnsafe(value.byteLength + version.length)
  out.set(value, version.length)
  for (let i = 0; i < cut; i += 1) out[i] = value[i]!
  for (let i = 0; i < version.length; i += 1) out[cut + i] = version.charCodeAt(i)
  return out
}

const versionText = (revision: Revision): string => `"resourceVersion":"${revision}",`

/** The same in three parts that share what is stored: for what puts many together. Not kept, for that would be every object twice. */
export function partsOf({ value, revision, bytes }: Item): readonly Uint8Array[] {
  if (bytes !== undefined) return [bytes]
  const cut = versionPlace(value)
  return [value.subarray(0, cut), Buffer.from(versionText(revision), 'latin1'), value.subarray(cut)]
}

/** The object with its resourceVersion, decoded and frozen. */
export function objectOf(item: Item): KubeObject {
  return (item.object ??= writtenObject(item.kind, item.value, item.revision) ?? deepFreeze(parseStored(item)))
}

/** The same for a look in passing at many: what has to be decoded for it is not kept. */
export const passingObjectOf = (item: Item): KubeObject =>
  item.object ?? writtenObject(item.kind, item.value, item.revision) ?? parseStored(item)

/** The object with its resourceVersion as plain JSON. */
export function parseItem(item: Item): unknown {
  return parseExact(decoder.decode(bytesOf(item)))
}

function parseStored(item: Item): KubeObject {
  const { value, errors } = decode(item.kind, parseItem(item), { strict: false })
  if (errors.length > 0) throw new WherryError('InternalError', `${item.key} cannot be read from the store: ${errors.join(', ')}`)
  return value as KubeObject
}

/** The item in the form of another kind that shares its storage (Event of events.k8s.io); made once. */
export function itemAs(kind: AnyKind, item: Item): Item {
  if (kind.storedAs === undefined || item.kind === kind) return item
  const known = converted.get(item)?.get(kind)
  if (known !== undefined) return known
  if (needsConversion(kind, item)) throw new WherryError('InternalError', `${item.key} has not been converted to ${apiVersionOf(kind)}`)
  return keepForm(kind, item, storedObject(item))
}

/** The stored object as the store has it: without its revision. */
function storedObject(item: Item): KubeObject {
  const { resourceVersion: _resourceVersion, ...metadata } = objectOf(item).metadata
  return { ...objectOf(item), metadata } as KubeObject
}

function keepForm(kind: AnyKind, item: Item, object: KubeObject): Item {
  const shaped = kind.storedAs!.fromStored(object as never)
  const forms = converted.get(item) ?? new WeakMap<AnyKind, Item>()
  const made: Item = { ...item, kind, value: Buffer.from(encodeJson(kind, shaped)), bytes: undefined, object: undefined }
  forms.set(kind, made)
  converted.set(item, forms)
  return made
}

const needsConversion = (kind: AnyKind, item: Item): boolean =>
  kind.storedAs?.convert !== undefined && objectOf(item).apiVersion !== apiVersionOf(kind)

/**
 * Makes the forms of items that somebody else has to be asked for, so that `itemAs` finds them; undefined where there is nothing to ask.
 * Rejects with what is wrong with the answer.
 */
export function converting(kind: AnyKind, items: Iterable<Item>): Promise<void> | undefined {
  if (kind.storedAs?.convert === undefined) return undefined
  const missing: Item[] = []
  for (const item of items) if (item.kind !== kind && !converted.get(item)?.has(kind) && needsConversion(kind, item)) missing.push(item)
  return missing.length === 0 ? undefined : convertAll(kind, missing)
}

async function convertAll(kind: AnyKind, items: readonly Item[]): Promise<void> {
  for (let i = 0; i < items.length; i += conversionBatch) {
    const batch = items.slice(i, i + conversionBatch)
    const objects = await kind.storedAs!.convert!(batch.map(storedObject), apiVersionOf(kind))
    for (const [at, item] of batch.entries()) keepForm(kind, item, objects[at]!)
  }
}

// As many as the reference reads from its store at once: a request to a webhook stays of a size that it can answer in time.
const conversionBatch = 500

/** By the kind as well, for there may be many versions; the kinds of a definition that changed are forgotten with it. */
const converted = new WeakMap<Item, WeakMap<AnyKind, Item>>()

/** The same content as of another revision: what a DELETED event shows. */
export const atRevision = (item: Item, revision: Revision): Item => ({ ...item, revision, bytes: undefined, object: undefined })

/**
 * Where the revision goes into stored bytes, without parsing them: stored objects begin with apiVersion, kind, metadata, in this order, and no
 * name of a version or kind has a brace in it, so the second one opens the metadata. It is never empty (it has at least a name), hence the
 * comma behind what is put in.
 */
function versionPlace(value: Uint8Array): number {
  const at = value.indexOf(openBrace, 1)
  if (at < 0) throw new TypeError('a stored object has no metadata')
  return at + 1
}

const openBrace = 0x7b
const decoder = new TextDecoder()
