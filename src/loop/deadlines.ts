import type { Clock, Instant } from '#lib/clock.ts'

/** Many deadlines, one timer. A name has at most one: setting it anew replaces it. */
export interface Deadlines {
  /** `Infinity` forgets it. */
  set(name: string, at: Instant): void
  get(name: string): Instant | undefined
  delete(name: string): void
  clear(): void
  readonly size: number
}

/**
 * `due` is called for each name whose time has come; its deadline is then gone. Where the time of day is set back, deadlines come when they would
 * have come before that: some are then still ahead by the time of day, and whoever acts by it sets such anew; a rest of seconds never becomes one of
 * hours. Where it is set forward, as after a suspension, they come as soon as anything here is looked at.
 */
export function createDeadlines(clock: Clock, due: (name: string) => void): Deadlines {
  const current = new Map<string, Item>()
  /** Binary heap by time. An item that `current` does not confirm is out of date and is skipped when it comes up. */
  let heap: Item[] = []
  let timer: { readonly endMs: number; readonly forget: () => void } | undefined
  /** How far the time of day was ahead of what has passed. */
  let aheadMs = clock.now() - clock.monotonicMs()

  function arm(): void {
    while (heap.length > 0 && current.get(heap[0]!.name) !== heap[0]) pop(heap)
    const next = heap[0]?.endMs
    if (timer?.endMs === next) return
    timer?.forget()
    timer = next === undefined ? undefined : { endMs: next, forget: clock.schedule(next - clock.monotonicMs() + clock.now(), fire) }
  }

  function fire(): void {
    timer = undefined
    const nowMs = clock.monotonicMs()
    followTimeOfDay(clock.now() - nowMs)
    while (heap.length > 0 && heap[0]!.endMs <= nowMs) {
      const item = pop(heap)
      if (current.get(item.name) !== item) continue
      current.delete(item.name)
      due(item.name)
    }
    arm()
  }

  function followTimeOfDay(nextMs: number): void {
    // Less is a matter of reading two clocks one after the other.
    if (Math.abs(nextMs - aheadMs) < jumpMs) return
    if (nextMs > aheadMs) {
      for (const [name, item] of current) current.set(name, { ...item, endMs: Math.min(item.endMs, item.at - nextMs) })
      heap = sorted(current)
    }
    aheadMs = nextMs
  }

  return {
    set(name, at) {
      if (current.get(name)?.at === at) return
      if (at === Infinity) current.delete(name)
      else {
        // In this order, so that what passes between the two makes it no earlier.
        const now = clock.now()
        const nowMs = clock.monotonicMs()
        followTimeOfDay(now - nowMs)
        const item = { name, at, endMs: nowMs + at - now }
        current.set(name, item)
        push(heap, item)
        // Replaced deadlines may not pile up in the heap.
        if (heap.length > 2 * current.size + 64) heap = sorted(current)
      }
      arm()
    },
    get: (name) => current.get(name)?.at,
    delete(name) {
      if (current.delete(name)) arm()
    },
    clear() {
      current.clear()
      heap = []
      arm()
    },
    get size() {
      return current.size
    },
  }
}

const jumpMs = 1_000

interface Item {
  readonly name: string
  /** By the time of day, as it was asked for. */
  readonly at: Instant
  /** By what passes. */
  readonly endMs: number
}

/** A sorted list is a heap. */
const sorted = (current: ReadonlyMap<string, Item>): Item[] => [...current.values()].sort((a, b) => a.endMs - b.endMs)

function push(heap: Item[], item: Item): void {
  let i = heap.push(item) - 1
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (heap[parent]!.endMs <= item.endMs) break
    heap[i] = heap[parent]!
    i = parent
  }
  heap[i] = item
}

function pop(heap: Item[]): Item {
  const top = heap[0]!
  const last = heap.pop()!
  if (heap.length === 0) return top
  let i = 0
  for (;;) {
    let child = 2 * i + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && heap[child + 1]!.endMs < heap[child]!.endMs) child += 1
    if (heap[child]!.endMs >= last.endMs) break
    heap[i] = heap[child]!
    i = child
  }
  heap[i] = last
  return top
}
