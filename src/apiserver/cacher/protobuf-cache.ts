import type { Item } from './item.ts'

/**
 * Protobuf bytes of the objects that were listed last: clients that speak protobuf list the same objects again and again. Bounded in bytes;
 * the oldest go first, and those of a version that is gone go with it.
 */
export interface ProtobufCache {
  /** The item's bytes, made by `encode` where they are not here. */
  of(item: Item, encode: (item: Item) => Uint8Array): Uint8Array
  readonly sizeBytes: number
}

/** `limitBytes`: of all encodings together; what was not used for the longest time goes first. */
export function createProtobufCache(limitBytes: number): ProtobufCache {
  const known = new WeakMap<Item, Uint8Array>()
  // Holding no item: what the index has dropped is only counted until its turn comes.
  let queue: { readonly item: WeakRef<Item>; readonly sizeBytes: number }[] = []
  let first = 0
  let sizeBytes = 0

  function makeRoom(): void {
    while (sizeBytes > limitBytes && first < queue.length) {
      const oldest = queue[first]!
      const item = oldest.item.deref()
      if (item !== undefined) known.delete(item)
      sizeBytes -= oldest.sizeBytes
      first += 1
    }
    // Moving the rest is paid for by as many that have gone.
    if (first <= queue.length / 2) return
    queue = queue.slice(first)
    first = 0
  }

  return {
    of(item, encode) {
      const present = known.get(item)
      if (present !== undefined) return present
      const made = encode(item)
      if (made.byteLength > limitBytes / 16) return made
      known.set(item, made)
      queue.push({ item: new WeakRef(item), sizeBytes: made.byteLength })
      sizeBytes += made.byteLength
      makeRoom()
      return made
    },
    get sizeBytes() {
      return sizeBytes
    },
  }
}

/** Of this process: 10,000 pods and as much again. */
export const protobufCache = createProtobufCache(64 * 1024 * 1024)
