import { setImmediate } from 'node:timers/promises'
import type { AnyKind } from '#api/kind.ts'
import { apiVersionOf } from '#api/kind.ts'
import { type Item, partsOf } from '../cacher/item.ts'

/** `{"apiVersion":"v1","kind":"Pod",`: how every stored object of the kind begins. */
export const headOf = (kind: AnyKind): string => `{"apiVersion":${JSON.stringify(apiVersionOf(kind))},"kind":${JSON.stringify(kind.kind)},`

/** Bytes of an object inside a list: without apiVersion and kind, which the list's own say. */
export function listItemParts(item: Item, headLength: number): readonly Uint8Array[] {
  const [first, ...rest] = partsOf(item)
  return [openBrace, first!.subarray(headLength), ...rest]
}

/** A JSON list: small ones whole, big ones in pieces, so that neither memory nor the event loop holds all of it at once. */
export function listBody(
  head: string,
  parts: readonly Item[],
  partOf: (item: Item) => readonly Uint8Array[],
  tail: string,
): Uint8Array | AsyncIterable<Uint8Array> {
  let sizeBytes = 0
  for (const item of parts) {
    sizeBytes += item.value.byteLength
    if (sizeBytes > wholeBytes) return pieces(head, parts, partOf, tail)
  }
  const out: Uint8Array[] = [Buffer.from(head)]
  parts.forEach((item, i) => {
    if (i > 0) out.push(comma)
    out.push(...partOf(item))
  })
  out.push(Buffer.from(tail))
  return Buffer.concat(out)
}

async function* pieces(
  head: string,
  parts: readonly Item[],
  partOf: (item: Item) => readonly Uint8Array[],
  tail: string,
): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = [Buffer.from(head)]
  let sizeBytes = 0
  for (let i = 0; i < parts.length; i += 1) {
    if (i > 0) out.push(comma)
    for (const part of partOf(parts[i]!)) {
      out.push(part)
      sizeBytes += part.byteLength
    }
    if (sizeBytes < pieceBytes) continue
    yield Buffer.concat(out)
    out = []
    sizeBytes = 0
    await setImmediate()
  }
  out.push(Buffer.from(tail))
  yield Buffer.concat(out)
}

const openBrace = Buffer.from('{')
const comma = Buffer.from(',')
const wholeBytes = 512 * 1024
const pieceBytes = 256 * 1024
