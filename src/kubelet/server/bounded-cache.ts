import type { Clock } from '#lib/clock.ts'

/**
 * Answers that hold for a while, at most so many: the longest unused goes first. No timer: an answer too old is dropped when it is asked for. Time is
 * what passes: a clock that is set back keeps nobody let in for hours.
 */
export interface BoundedCache<T> {
  get(key: string): T | undefined
  set(key: string, value: T, lifeMs: number): void
}

export function boundedCache<T>(clock: Clock, maxEntries: number): BoundedCache<T> {
  const entries = new Map<string, { readonly value: T; readonly untilMs: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (clock.monotonicMs() >= entry.untilMs) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, lifeMs) {
      entries.delete(key)
      entries.set(key, { value, untilMs: clock.monotonicMs() + lifeMs })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!)
    },
  }
}
