/** A binary heap whose members can be taken out wherever they stand; each may be in it once. */
export interface Heap<T> {
  readonly size: number
  has(item: T): boolean
  /** Adds it, or puts it where it belongs now. */
  set(item: T): void
  delete(item: T): void
  peek(): T | undefined
  pop(): T | undefined
}

/** `before(a, b)`: a comes out first. */
export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = []
  const places = new Map<T, number>()

  function put(item: T, at: number): void {
    items[at] = item
    places.set(item, at)
  }

  function rise(from: number): number {
    const item = items[from]!
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(item, items[parent]!)) break
      put(items[parent]!, at)
      at = parent
    }
    put(item, at)
    return at
  }

  function sink(from: number): void {
    const item = items[from]!
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child += 1
      if (!before(items[child]!, item)) break
      put(items[child]!, at)
      at = child
    }
    put(item, at)
  }

  function remove(item: T): void {
    const at = places.get(item)
    if (at === undefined) return
    places.delete(item)
    const last = items.pop()!
    if (last === item) return
    put(last, at)
    sink(rise(at))
  }

  return {
    get size() {
      return items.length
    },
    has: (item) => places.has(item),
    set(item) {
      const at = places.get(item) ?? items.length
      put(item, at)
      sink(rise(at))
    },
    delete: remove,
    peek: () => items[0],
    pop() {
      const first = items[0]
      if (first !== undefined) remove(first)
      return first
    },
  }
}
