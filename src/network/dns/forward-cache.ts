import type { Response } from './response.ts'

/** An answer of another server, and when it came. */
export interface Kept {
  readonly response: Response
  readonly keptAtMs: number
  /** From then on it is stale. */
  readonly untilMs: number
}

/**
 * Answers of other servers by question, for as long as they allow. Bounded by bytes; what was not asked for the longest goes first. Stale ones stay while there
 * is room: they are better than nothing when no server answers (RFC 8767).
 */
export interface ForwardCache {
  get(key: string): Kept | undefined
  put(key: string, response: Response, nowMs: number, ttlSeconds: number): void
  clear(): void
  readonly size: number
  readonly sizeBytes: number
}

/** What an entry costs beside its bytes. */
const overheadBytes = 700

export function createForwardCache(bytesMax = 8 * 2 ** 20): ForwardCache {
  const entries = new Map<string, Kept>()
  let sizeBytes = 0

  function drop(key: string): void {
    const known = entries.get(key)
    if (known === undefined) return
    entries.delete(key)
    sizeBytes -= costOf(key, known.response)
  }

  return {
    get(key) {
      const known = entries.get(key)
      if (known === undefined) return undefined
      // The order of the map is the order of use.
      entries.delete(key)
      entries.set(key, known)
      return known
    },
    put(key, response, nowMs, ttlSeconds) {
      drop(key)
      const cost = costOf(key, response)
      if (cost > bytesMax) return
      entries.set(key, { response, keptAtMs: nowMs, untilMs: nowMs + ttlSeconds * 1000 })
      sizeBytes += cost
      while (sizeBytes > bytesMax) drop(entries.keys().next().value!)
    },
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

const costOf = (key: string, { bytes, ends }: Response): number => overheadBytes + 2 * key.length + bytes.length + 16 * ends.length
