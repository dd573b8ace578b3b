import type { ServiceRanges } from '../service-ranges.ts'

/** Ranges that tests set; not all are known before the first `set`. */
export function fakeServiceRanges(before: readonly string[]): ServiceRanges & { set(ranges: readonly string[]): void } {
  let [ranges, isSynced] = [before, false]
  const listeners = new Set<() => void>()
  return {
    list: () => ranges,
    isSynced: () => isSynced,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop() {},
    set(next) {
      ranges = next
      isSynced = true
      for (const listener of listeners) listener()
    },
  }
}
