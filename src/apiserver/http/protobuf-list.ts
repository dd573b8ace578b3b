import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { ListMeta } from '#api/meta/v1/types.ts'
import { encodeProtobuf } from '#schema/protobuf.ts'
import { field, list, message, rawBytes } from '#schema/schema.ts'
import { type Item, passingObjectOf } from '../cacher/item.ts'
import { protobufCache } from '../cacher/protobuf-cache.ts'
import { inTurn, isLong } from './list-pieces.ts'
import { wrapProtobuf } from './protobuf-body.ts'
import type { Turns } from './turns.ts'

/** Every list of the API has its metadata at 1 and its items at 2; items are encoded one by one, so that nothing else has to wait for all. */
const AnyList = message('List', { metadata: field(1, ListMeta, { always: true }), items: field(2, list(rawBytes())) })

type Body = Uint8Array | AsyncIterable<Uint8Array>

/** A list of a kind's objects as one protobuf body. */
export function protobufList(kind: AnyKind, metadata: object, items: readonly Item[], turns: Turns): Promise<Body> {
  const encode = (item: Item): Uint8Array => encodeProtobuf(kind, passingObjectOf(item))
  const identity = { apiVersion: apiVersionOf(kind), kind: `${kind.kind}List` }
  return protobufListOf(identity, metadata, items, (item) => protobufCache.of(item, encode), turns)
}

/** A list of whatever bytes `encode` makes of each item. */
export async function protobufListOf<T>(
  identity: { readonly apiVersion: string; readonly kind: string },
  metadata: object,
  items: readonly T[],
  encode: (item: T) => Uint8Array,
  turns: Turns,
): Promise<Body> {
  const encodedItems: Uint8Array[] = []
  for (const item of items) {
    encodedItems.push(encode(item))
    const turn = turns()
    if (turn !== undefined) await turn
  }
  if (!isLong(items)) return wrapProtobuf(identity, encodeProtobuf(AnyList, { metadata, items: encodedItems }))
  const head = encodeProtobuf(AnyList, { metadata, items: [] })
  const length = encodedItems.reduce((sum, item) => sum + lengthPrefix(item.byteLength).byteLength + item.byteLength, head.byteLength)
  return streamed(identity, head, length, encodedItems, turns)
}

/** The envelope says how long the list is before it begins, so that it need not be put together. */
async function* streamed(
  identity: { readonly apiVersion: string; readonly kind: string },
  head: Uint8Array,
  length: number,
  items: readonly Uint8Array[],
  turns: Turns,
): AsyncGenerator<Uint8Array> {
  // An envelope around nothing: two bytes for that, then its last two fields, which are empty.
  const empty = wrapProtobuf(identity, new Uint8Array())
  yield Buffer.concat([empty.subarray(0, -6), lengthPrefix(length), head])
  yield* inTurn(items, ({ byteLength }) => lengthPrefix(byteLength), turns)
  yield empty.subarray(-4)
}

/** Tag of field 2 with bytes, and their number: the list in its envelope and an item in its list have the same. */
function lengthPrefix(length: number): Uint8Array {
  const bytes = [0x12]
  let left = length
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80)
  bytes.push(left)
  return Uint8Array.from(bytes)
}
