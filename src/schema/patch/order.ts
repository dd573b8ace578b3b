import { isObject } from '#schema/fields.ts'
import type { Json } from '#schema/schema.ts'

export type { Json }

type Item = Json | undefined

/**
 * The order of a merged list: items named in `order` stand in that order, the others keep the order of `document`, and each of the others
 * goes before the first ordered item that it preceded there. `key` is empty for lists of scalars.
 */
export function mergeOrder(merged: readonly Item[], order: readonly Item[], document: readonly Item[], key: string): Item[] {
  const wanted = positions(order, key)
  const previous = positions(document, key)
  const rank = (item: Item, ranks: ReadonlyMap<unknown, number>) => ranks.get(identity(item, key)) ?? -1
  const ordered = sortBy(
    merged.filter((item) => wanted.has(identity(item, key))),
    (item) => rank(item, wanted),
  )
  const others = sortBy(
    merged.filter((item) => !wanted.has(identity(item, key))),
    (item) => rank(item, previous),
  )
  const result: Item[] = []
  let i = 0
  let j = 0
  while (i < others.length || j < ordered.length) {
    if (j >= ordered.length || (i < others.length && isBefore(rank(others[i], previous), rank(ordered[j], previous))))
      result.push(others[i++])
    else result.push(ordered[j++])
  }
  return result
}

/** Go compares merge keys as values: a number never equals a text. */
export const isEqualKey = (a: unknown, b: unknown): boolean => a === b && a !== undefined

const isBefore = (a: number, b: number): boolean => a >= 0 && b >= 0 && a < b

function identity(item: Item, key: string): unknown {
  if (key === '' || !isObject(item)) return item
  return Object.hasOwn(item, key) ? item[key] : undefined
}

/** Where each identity stands first. */
function positions(items: readonly Item[], key: string): ReadonlyMap<unknown, number> {
  const found = new Map<unknown, number>()
  for (const [i, item] of items.entries()) if (!found.has(identity(item, key))) found.set(identity(item, key), i)
  return found
}

/** Stable; what has no place goes last. */
function sortBy(items: Item[], rank: (item: Item) => number): Item[] {
  const placed = items.map((item) => [rank(item) < 0 ? Infinity : rank(item), item] as const)
  return placed.sort((a, b) => (a[0] === b[0] ? 0 : a[0] - b[0])).map(([, item]) => item)
}
