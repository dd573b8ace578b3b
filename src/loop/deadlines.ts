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

/** `due` is called for each name whose time has come; its deadline is then gone. */
export function createDeadlines(clock: Clock, due: (name: string) => void): Deadlines {
  const current = new Map<string, Instant>()
  /** Binary heap by time. An item that `current` does not confirm is out of date and is skipped when it comes up. */
  let heap: Item[] = []
  let timer: { readonly at: Instant; readonly forget: () => void } | undefined

  function arm(): void {
    while (heap.length > 0 && current.get(heap[0]!.name) !== heap[0]!.at) pop(heap)
    const next = heap[0]?.at
    if (timer?.at === next) return
    timer?.forget()
    timer = next === undefined ? undefined : { at: next, forget: clock.schedule(next, fire) }
  }

  function fire(): void {
    timer = undefined
    const now = clock.now()
    while (heap.length > 0 && heap[0]!.at <= now) {
      const { name, at } = pop(heap)
      if (current.get(name) !== at) continue
      current.delete(name)
      due(name)
    }
    arm()
  }

  return {
    set(name, at) {
      if (current.get(name) === at) return
      if (at === Infinity) current.delete(name)
      else {
        current.set(name, at)
        push(heap, { name, at })
        // Replaced deadlines may not pile up in the heap.
        if (heap.length > 2 * current.size + 64) heap = rebuilt(current)
      }
      arm()
    },
    get: (name) => current.get(name),
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

interface Item {
  readonly name: string
  readonly at: Instant
}

/** A sorted list is a heap. */
const rebuilt = (current: ReadonlyMap<string, Instant>): Item[] =>
  [...current].map(([name, at]) => ({ name, at })).sort((a, b) => a.at - b.at)

function push(heap: Item[], item: Item): void {
  let i = heap.push(item) - 1
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (heap[parent]!.at <= item.at) break
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
    if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child += 1
    if (heap[child]!.at >= last.at) break
    heap[i] = heap[child]!
    i = child
  }
  heap[i] = last
  return top
}
