import type { Clock } from '#lib/clock.ts'

/** Values by key that are forgotten after a time of their own; the oldest goes first when there are too many. */
export interface TtlCache<V> {
  get(key: string): V | undefined
  set(key: string, value: V, ttlMs: number): void
}

/** Time is the clock's that never goes back. */
export function createTtlCache<V>(clock: Pick<Clock, 'monotonicMs'>, sizeMax: number): TtlCache<V> {
  const entries = new Map<string, { readonly value: V; readonly until: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (clock.monotonicMs() < entry.until) return entry.value
      entries.delete(key)
      return undefined
    },
    set(key, value, ttlMs) {
      entries.delete(key)
      if (ttlMs <= 0) return
      if (entries.size >= sizeMax) entries.delete(entries.keys().next().value!)
      entries.set(key, { value, until: clock.monotonicMs() + ttlMs })
    },
  }
}
