import type { NodeLabels } from './volume-affinity.ts'

/** A label that a node must have, with one of the values. */
export interface Where {
  readonly key: string
  readonly values: readonly string[]
}

/**
 * Things of which each can be of use on nodes with a certain label only, found by the labels of a node: where every node has things of its own,
 * what a node is asked for does not grow with the nodes.
 */
export interface LabelIndex<T> {
  add(item: T, where: Where | undefined): void
  remove(item: T, where: Where | undefined): void
  /** Lists of what may be of use on a node with these labels, each in order; what is for every node comes first. */
  at(labels: NodeLabels): readonly (readonly T[])[]
  readonly isEmpty: boolean
}

/** An empty index; its lists are in the order of `compare`, under which no two items are equal. */
export function createLabelIndex<T>(compare: (a: T, b: T) => number): LabelIndex<T> {
  const everywhere: T[] = []
  const byKey = new Map<string, Map<string, T[]>>()
  let size = 0
  const placeOf = (list: readonly T[], item: T): number => {
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(list[middle]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
  const insert = (list: T[], item: T): void => {
    list.splice(placeOf(list, item), 0, item)
  }
  const take = (list: T[], item: T): void => {
    const place = placeOf(list, item)
    if (list[place] === item) list.splice(place, 1)
  }
  return {
    add(item, where) {
      size += 1
      if (where === undefined) return insert(everywhere, item)
      let byValue = byKey.get(where.key)
      if (byValue === undefined) byKey.set(where.key, (byValue = new Map()))
      for (const value of where.values) {
        const list = byValue.get(value)
        if (list === undefined) byValue.set(value, [item])
        else insert(list, item)
      }
    },
    remove(item, where) {
      size -= 1
      if (where === undefined) return take(everywhere, item)
      const byValue = byKey.get(where.key)
      for (const value of where.values) {
        const list = byValue?.get(value)
        if (list === undefined) continue
        take(list, item)
        if (list.length === 0) byValue!.delete(value)
      }
      if (byValue?.size === 0) byKey.delete(where.key)
    },
    at(labels) {
      if (size === 0) return nowhere
      const lists: (readonly T[])[] = everywhere.length > 0 ? [everywhere] : []
      for (const [key, byValue] of byKey) {
        const value = Object.hasOwn(labels, key) ? labels[key] : undefined
        const list = value === undefined ? undefined : byValue.get(value)
        if (list !== undefined) lists.push(list)
      }
      return lists
    },
    get isEmpty() {
      return size === 0
    },
  }
}

const nowhere: readonly never[] = []
