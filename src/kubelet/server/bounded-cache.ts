import type { Clock, Instant } from '#lib/clock.ts'

/** Answers that hold for a while, at most so many: the longest unused goes first. No timer: an answer too old is dropped when it is asked for. */
export interface BoundedCache<T> {
  get(key: string): T | undefined
  set(key: string, value: T, lifeMs: number): void
}

export function boundedCache<T>(clock: Clock, maxEntries: number): BoundedCache<T> {
  const entries = new Map<string, { readonly value: T; readonly until: Instant }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (clock.now() >= entry.until) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, lifeMs) {
      entries.delete(key)
      entries.set(key, { value, until: clock.now() + lifeMs })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!)
    },
  }
}
