import type { Item } from './item.ts'

/**
 * Items in key order, never changed in place: a write copies one leaf and the list of leaves, so whoever holds an older index keeps
 * reading it. Two levels suffice: at 100,000 items there are about a thousand leaves.
 */
export interface Index {
  readonly leaves: readonly (readonly Item[])[]
  readonly size: number
}

/** Without items. */
export const emptyIndex: Index = { leaves: [], size: 0 }

/** Items in key order become an index; for the first load. */
export function indexOf(items: readonly Item[]): Index {
  const leaves: Item[][] = []
  for (let i = 0; i < items.length; i += leafSize / 2) leaves.push(items.slice(i, i + leafSize / 2))
  return { leaves, size: items.length }
}

/** The item of a key, by two binary searches. */
export function getItem(index: Index, key: string): Item | undefined {
  const leaf = index.leaves[leafAt(index, key)]
  if (leaf === undefined) return undefined
  const item = leaf[lowerBound(leaf, key)]
  return item?.key === key ? item : undefined
}

/** The index with this item in the place of the one of its key, if there was one. */
export function putItem(index: Index, item: Item): Index {
  if (index.leaves.length === 0) return { leaves: [[item]], size: 1 }
  const at = leafAt(index, item.key)
  const leaf = index.leaves[at]!.slice()
  const place = lowerBound(leaf, item.key)
  const replaces = leaf[place]?.key === item.key
  leaf.splice(place, replaces ? 1 : 0, item)
  const leaves = index.leaves.slice()
  if (leaf.length <= leafSize) leaves[at] = leaf
  else leaves.splice(at, 1, leaf.slice(0, leafSize / 2), leaf.slice(leafSize / 2))
  return { leaves, size: index.size + (replaces ? 0 : 1) }
}

/** The index without this key; the same one where it is not in it. */
export function removeItem(index: Index, key: string): Index {
  const at = leafAt(index, key)
  const old = index.leaves[at]
  if (old === undefined) return index
  const place = lowerBound(old, key)
  if (old[place]?.key !== key) return index
  const leaves = index.leaves.slice()
  if (old.length === 1) leaves.splice(at, 1)
  else {
    const leaf = old.slice()
    leaf.splice(place, 1)
    leaves[at] = leaf
  }
  return { leaves, size: index.size - 1 }
}

/** Items whose keys start with `prefix`, from `from` on (inclusive), in order. */
export function* itemsOf(index: Index, prefix: string, from = prefix): Generator<Item> {
  let at = leafAt(index, from)
  let place = index.leaves[at] === undefined ? 0 : lowerBound(index.leaves[at]!, from)
  for (; at < index.leaves.length; at += 1, place = 0) {
    const leaf = index.leaves[at]!
    for (; place < leaf.length; place += 1) {
      const item = leaf[place]!
      if (!item.key.startsWith(prefix)) return
      yield item
    }
  }
}

/** The leaves in order, beginning with the one in which `from` stands or would stand. */
export function* leavesFrom(index: Index, from: string): Generator<readonly Item[]> {
  for (let at = leafAt(index, from); at < index.leaves.length; at += 1) yield index.leaves[at]!
}

/** How many keys start with `prefix` and are not below `from`, without visiting them. */
export function countItems(index: Index, prefix: string, from = prefix): number {
  return Math.max(0, rankOf(index, afterPrefix(prefix)) - rankOf(index, from))
}

/** The least key above every key that starts with `prefix`. */
const afterPrefix = (prefix: string): string => prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)

/** How many keys stand below `key`. */
function rankOf(index: Index, key: string): number {
  const at = leafAt(index, key)
  let rank = 0
  for (let i = 0; i < at; i += 1) rank += index.leaves[i]!.length
  const leaf = index.leaves[at]
  return leaf === undefined ? rank : rank + lowerBound(leaf, key)
}

/** The leaf in which `key` stands or would stand. */
function leafAt(index: Index, key: string): number {
  const { leaves } = index
  let low = 0
  let high = leaves.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (leaves[middle]![0]!.key <= key) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

function lowerBound(leaf: readonly Item[], key: string): number {
  let low = 0
  let high = leaf.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (leaf[middle]!.key < key) low = middle + 1
    else high = middle
  }
  return low
}

// A write copies one leaf; 128 keeps that under a microsecond and the list of leaves short.
const leafSize = 128
