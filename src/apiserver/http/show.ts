import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { PartialObjectMetadata, PartialObjectMetadataList } from '#api/meta/v1/types.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import { noteMeaning } from '#lib/meaning.ts'
import { encodeProtobuf } from '#schema/protobuf.ts'
import { bytesOf, type Item, objectOf, parseItem, partsOf } from '../cacher/item.ts'
import type { Selection } from '../registry/select.ts'
import { goPackage } from './body.ts'
import { headOf, listBody, listItemParts } from './encode.ts'
import { isLong, jsonPieces, yamlPieces } from './list-pieces.ts'
import type { Representation } from './negotiate.ts'
import { protobufList, protobufListOf } from './protobuf-list.ts'
import { encoded, jsonBytes, protobufBytes } from './respond.ts'
import { type IncludeObject, partialOf, tableOf } from './table.ts'
import { type Turns, takeTurns } from './turns.ts'

/** In which form what is to be shown. `now`, in milliseconds since the epoch, is what ages in tables are counted to. */
export interface Showing {
  readonly kind: AnyKind
  readonly representation: Representation
  readonly include: IncludeObject
  readonly now: number
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/** One object in the representation that was asked for. */
export function showItem({ kind, representation, include, now }: Showing, item: Item, status: number): HttpResponse {
  const { as, version = 'v1' } = representation
  if (as === undefined)
    return representation.encoding === 'json'
      ? jsonBytes(meaningfulBytes(kind, item), status)
      : encoded(plainOf(item, representation), representation, status, kind)
  const object = objectOf(item)
  if (as === 'Table')
    return encoded(
      tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion ?? '' }, { now, include, version }),
      representation,
      status,
    )
  return showMetadata(kind, object, representation, status)
}

/** The objects of custom resources are what a client makes of JSON. */
function meaningfulBytes(kind: AnyKind, item: Item): Uint8Array {
  const bytes = bytesOf(item)
  if (kind.shape.kind === 'message') noteMeaning(bytes, () => objectOf(item))
  return bytes
}

/** One object as its metadata alone. */
export function showMetadata(kind: AnyKind, object: KubeObject, representation: Representation, status: number): HttpResponse {
  const { as, version = 'v1' } = representation
  if (as === 'PartialObjectMetadata')
    return encoded(partialOf(kind, object, `meta.k8s.io/${version}`), representation, status, PartialObjectMetadata)
  throw new WherryError(
    'NotAcceptable',
    `you requested ${as}, but the requested object is not a list (*${goPackage(kind.group)}.${kind.kind})`,
  )
}

/** A list in the representation that was asked for. Plain lists share the objects' bytes. */
export async function showList({ kind, representation, include, now, clock }: Showing, selection: Selection): Promise<HttpResponse> {
  const turns = takeTurns(clock)
  const metadata = {
    resourceVersion: `${selection.revision}`,
    ...(selection.continue !== undefined && { continue: selection.continue }),
    ...(selection.remaining !== undefined && selection.remaining > 0 && { remainingItemCount: selection.remaining }),
  }
  const { as, version = 'v1' } = representation
  const { items } = selection
  if (as === 'Table') {
    const how = { now, include, version }
    if (!isLong(items)) return encoded(tableOf(kind, items.map(objectOf), metadata, how), representation)
    const rowOf = (item: Item) => tableOf(kind, [objectOf(item)], metadata, { ...how, headed: false }).rows![0]
    return inPieces(representation, { ...tableOf(kind, [], metadata, how), rows: [] }, 'rows', items, rowOf, turns)
  }
  if (as === 'PartialObjectMetadata')
    throw new WherryError(
      'NotAcceptable',
      `you requested PartialObjectMetadata, but the requested object is a list (*${goPackage(kind.group)}.${kind.kind}List)`,
    )
  if (as === 'PartialObjectMetadataList') {
    const apiVersion = `meta.k8s.io/${version}`
    const partial = (item: Item) => partialOf(kind, objectOf(item), apiVersion)
    const identity = { kind: 'PartialObjectMetadataList', apiVersion }
    if (!isLong(items)) {
      const list = { ...identity, metadata, items: items.length === 0 ? null : items.map(partial) }
      return encoded(list, representation, 200, PartialObjectMetadataList)
    }
    if (representation.encoding === 'protobuf')
      return protobufBytes(
        await protobufListOf(identity, metadata, items, (item) => encodeProtobuf(PartialObjectMetadata, partial(item)), turns),
      )
    return inPieces(representation, { ...identity, metadata, items: [] }, 'items', items, partial, turns)
  }
  const isCustom = kind.shape.kind === 'structural'
  const listKind = kind.listKind ?? `${kind.kind}List`
  // Lists of custom resources are untyped in the reference: nothing is left out of them, nor of their items.
  const shown = isCustom ? { continue: '', ...metadata } : metadata
  const head = `{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(apiVersionOf(kind))},"metadata":${JSON.stringify(shown)},"items":[`
  const itemHead = Buffer.byteLength(headOf(kind))
  if (representation.encoding === 'yaml') {
    const shownOf = (item: Item): object => {
      const object = parseItem(item) as Record<string, unknown>
      if (isCustom) return object
      const { apiVersion: _apiVersion, kind: _kind, ...rest } = object
      return rest
    }
    const list = { kind: listKind, apiVersion: apiVersionOf(kind), metadata: shown }
    if (isLong(items)) return inPieces(representation, { ...list, items: [] }, 'items', items, shownOf, turns)
    const whole = { ...list, items: items.map(shownOf) }
    return encoded(whole, representation)
  }
  if (representation.encoding === 'protobuf') return protobufBytes(await protobufList(kind, metadata, selection.items, turns))
  if (isCustom) return jsonBytes(listBody(head, selection.items, partsOf, ']}'))
  return jsonBytes(listBody(head, selection.items, (item) => listItemParts(item, itemHead), ']}'))
}

/** A long list that is made as it is sent. */
function inPieces<T>(
  representation: Representation,
  empty: { readonly apiVersion: string; readonly kind: string; readonly [field: string]: unknown },
  key: string,
  items: readonly T[],
  objectFor: (item: T) => unknown,
  turns: Turns,
): HttpResponse {
  // The head alone tells what can be said in which encoding, and with which headers.
  const { status, headers } = encoded(empty, representation)
  const pieces = representation.encoding === 'yaml' ? yamlPieces : jsonPieces
  return { status, headers, body: pieces(empty, key, items, objectFor, turns) }
}

/** In memory for protobuf, as it is printed for the rest. */
const plainOf = (item: Item, { encoding }: Representation): KubeObject =>
  encoding === 'protobuf' ? objectOf(item) : (parseItem(item) as KubeObject)
