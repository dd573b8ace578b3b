import { setImmediate } from 'node:timers/promises'
import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { ListMeta } from '#api/meta/v1/types.ts'
import { encodeProtobuf } from '#schema/protobuf.ts'
import { field, list, message, rawBytes } from '#schema/schema.ts'
import { type Item, objectOf } from '../cacher/item.ts'
import { wrapProtobuf } from './protobuf-body.ts'

/** Every list of the API has its metadata at 1 and its items at 2; items are encoded one by one, so that nothing else has to wait for all. */
const AnyList = message('List', { metadata: field(1, ListMeta, { always: true }), items: field(2, list(rawBytes())) })

/** A list as one protobuf body. */
export async function protobufList(kind: AnyKind, metadata: object, items: readonly Item[]): Promise<Uint8Array> {
  const encodedItems: Uint8Array[] = []
  for (const item of items) {
    encodedItems.push(encodeProtobuf(kind, objectOf(item)))
    if (encodedItems.length % yieldEvery === 0) await setImmediate()
  }
  return wrapProtobuf(
    { apiVersion: apiVersionOf(kind), kind: `${kind.kind}List` },
    encodeProtobuf(AnyList, { metadata, items: encodedItems }),
  )
}

const yieldEvery = 200
