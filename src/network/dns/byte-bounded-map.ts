/** A map that holds no more than some bytes: what was put or refreshed longest ago goes first. */
export interface ByteBoundedMap<V> {
  get(key: string): V | undefined
  /** False: the value alone is bigger than all may be, and is not kept. */
  put(key: string, value: V): boolean
  /** The key counts as put just now. */
  refresh(key: string): void
  delete(key: string): void
  clear(): void
  readonly size: number
  readonly sizeBytes: number
}

/** `costOf` has to say the same of an entry for as long as it stays; `onDrop` hears of each that goes, but not of `clear`. */
export function createByteBoundedMap<V>(
  bytesMax: number,
  costOf: (key: string, value: V) => number,
  onDrop: (key: string, value: V) => void = () => {},
): ByteBoundedMap<V> {
  const entries = new Map<string, V>()
  let sizeBytes = 0

  function drop(key: string): void {
    const value = entries.get(key)
    if (value === undefined) return
    entries.delete(key)
    sizeBytes -= costOf(key, value)
    onDrop(key, value)
  }

  return {
    get: (key) => entries.get(key),
    put(key, value) {
      drop(key)
      const cost = costOf(key, value)
      if (cost > bytesMax) return false
      entries.set(key, value)
      sizeBytes += cost
      while (sizeBytes > bytesMax) drop(entries.keys().next().value!)
      return true
    },
    refresh(key) {
      const value = entries.get(key)
      if (value === undefined) return
      // The order of the map is the order of use.
      entries.delete(key)
      entries.set(key, value)
    },
    delete: drop,
    clear() {
      entries.clear()
      sizeBytes = 0
    },
    get size() {
      return entries.size
    },
    get sizeBytes() {
      return sizeBytes
    },
  }
}
