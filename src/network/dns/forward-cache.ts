import { createByteBoundedMap } from './byte-bounded-map.ts'
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
  const entries = createByteBoundedMap(bytesMax, costOf)
  return {
    get(key) {
      entries.refresh(key)
      return entries.get(key)
    },
    put(key, response, nowMs, ttlSeconds) {
      entries.put(key, { response, keptAtMs: nowMs, untilMs: nowMs + ttlSeconds * 1000 })
    },
    clear: entries.clear,
    get size() {
      return entries.size
    },
    get sizeBytes() {
      return entries.sizeBytes
    },
  }
}

const costOf = (key: string, { response: { bytes, ends } }: Kept): number =>
  overheadBytes + 2 * key.length + bytes.length + 16 * ends.length
