import type { ClaimIndex } from './claim-index.ts'
import type { SliceDevice } from './device-slice.ts'
import type { Pool } from './pools.ts'

/** What one attempt takes out of the counters that devices of a pool share (KEP-4815), beside what is taken already. */
export interface CounterBook {
  /** False: there is not enough, and nothing was taken. */
  draw(pool: Pool, device: SliceDevice): boolean
  giveBack(pool: Pool, device: SliceDevice): void
  /** Whether anything was ever asked of it. */
  isUsed(): boolean
}

/** A book in which nothing was drawn yet. */
export function createCounterBook(index: ClaimIndex): CounterBook {
  const drawn = new Map<string, Map<string, bigint>>()
  const change = (pool: Pool, { counters }: SliceDevice, sign: 1n | -1n): Map<string, bigint> => {
    let ofPool = drawn.get(pool.key)
    if (ofPool === undefined) drawn.set(pool.key, (ofPool = new Map()))
    for (const { set, counter, amount } of counters) {
      const key = counterKey(set, counter)
      ofPool.set(key, (ofPool.get(key) ?? 0n) + sign * amount)
    }
    return ofPool
  }
  return {
    draw(pool, device) {
      const { left, isOverdrawn } = leftIn(pool, index)
      if (isOverdrawn) return false
      const ofPool = change(pool, device, 1n)
      if (device.counters.every(({ set, counter }) => ofPool.get(counterKey(set, counter))! <= left.get(counterKey(set, counter))!))
        return true
      change(pool, device, -1n)
      return false
    },
    giveBack: (pool, device) => void change(pool, device, -1n),
    isUsed: () => drawn.size > 0,
  }
}

interface Left {
  readonly version: number
  /** Billionths; less than nothing where a driver took away what is in use. */
  readonly left: ReadonlyMap<string, bigint>
  /** Then no device of the pool that draws on counters is given any more. */
  readonly isOverdrawn: boolean
}

/** Kept as long as the pool and what is held of it are the same. */
const known = new WeakMap<ClaimIndex, WeakMap<Pool, Left>>()

function leftIn(pool: Pool, index: ClaimIndex): Left {
  let ofIndex = known.get(index)
  if (ofIndex === undefined) known.set(index, (ofIndex = new WeakMap()))
  const version = index.versionOf(pool.key)
  const before = ofIndex.get(pool)
  if (before !== undefined && before.version === version) return before
  const left = new Map<string, bigint>()
  for (const [set, counters] of pool.counterSets) for (const [counter, amount] of counters) left.set(counterKey(set, counter), amount)
  for (const { devices } of pool.slices)
    for (const { id, counters } of devices)
      if (counters.length > 0 && (index.isHeld(id) || index.sharesOf(id) > 0))
        for (const { set, counter, amount } of counters) {
          const key = counterKey(set, counter)
          left.set(key, (left.get(key) ?? 0n) - amount)
        }
  const now = { version, left, isOverdrawn: left.values().some((amount) => amount < 0n) }
  ofIndex.set(pool, now)
  return now
}

/** Names of both are DNS labels. */
const counterKey = (set: string, counter: string): string => `${set}/${counter}`
