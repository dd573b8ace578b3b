import type { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { Informer } from '#client/informer.ts'
import { canonicalRange } from './addresses.ts'

/** All ranges of Service addresses, followed by watch. */
export interface ServiceRanges {
  /** In canonical text, each once: those of the settings, then what ServiceCIDRs add. */
  list(): readonly string[]
  /** Called when that changed, and when all are known. Returns how to stop. */
  onChange(listener: () => void): () => void
  /** Whether all are known; before, one that is missing says nothing. */
  isSynced(): boolean
  stop(): void
}

/** `settings`: ranges that there are whatever ServiceCIDRs say. A range that is being deleted stays until nobody has an address of it any more. */
export function followServiceRanges(objects: Informer<ServiceCIDR>, settings: readonly string[]): ServiceRanges {
  const listeners = new Set<() => void>()
  const read = (): readonly string[] => [
    ...new Set([...settings, ...objects.list().flatMap(({ spec }) => spec.cidrs ?? [])].flatMap((range) => canonicalRange(range) ?? [])),
  ]
  let ranges = read()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  const stop = objects.onChange(() => {
    const next = read()
    if (next.join() === ranges.join()) return
    ranges = next
    tell()
  })
  objects.synced().then(tell, () => listeners.clear())
  return {
    list: () => ranges,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    isSynced: () => objects.isSynced,
    stop,
  }
}
