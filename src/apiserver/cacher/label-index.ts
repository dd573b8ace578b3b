import { type Index, leavesFrom } from './index.ts'
import type { Item } from './item.ts'
import { labelsOf } from './labels-of.ts'

/** Items of one leaf by the value of one label, in their order. */
type ByValue = ReadonlyMap<string, readonly Item[]>

/**
 * Made for the labels that somebody asks for, leaf by leaf. A leaf never changes, so what was made of it stays true, and goes with it: a
 * write costs the next question one leaf.
 */
const known = new WeakMap<readonly Item[], Map<string, ByValue>>()

/**
 * Items under the prefix, from `from` on, whose label `key` is `value`, in order, a leaf at a time: between two leaves, which may have to be
 * read first, the caller may let others run.
 */
export function* itemsLabelled(index: Index, prefix: string, from: string, key: string, value: string): Generator<readonly Item[]> {
  for (const leaf of leavesFrom(index, from)) {
    if (leaf[0]!.key > from && !leaf[0]!.key.startsWith(prefix)) return
    const found = byValueOf(leaf, key).get(value)
    yield found === undefined ? none : found.filter((item) => item.key >= from && item.key.startsWith(prefix))
  }
}

function byValueOf(leaf: readonly Item[], key: string): ByValue {
  let byKey = known.get(leaf)
  if (byKey === undefined) known.set(leaf, (byKey = new Map()))
  const present = byKey.get(key)
  if (present !== undefined) return present
  const made = new Map<string, Item[]>()
  for (const item of leaf) {
    const labels = labelsOf(item)
    if (!Object.hasOwn(labels, key)) continue
    const items = made.get(labels[key]!)
    if (items === undefined) made.set(labels[key]!, [item])
    else items.push(item)
  }
  // Whoever asks for ever other labels does not fill the memory.
  if (byKey.size >= labelsMax) byKey.clear()
  byKey.set(key, made)
  return made
}

const none: readonly Item[] = []
const labelsMax = 8
