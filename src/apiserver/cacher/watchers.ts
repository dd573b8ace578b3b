import type { KindCache } from './cacher.ts'
import type { Change } from './history.ts'
import { nextSequence } from './history.ts'
import type { Item } from './item.ts'

/** Which changes a watcher can care for, as far as an index can tell: the narrower, the fewer watchers a change wakes. */
export interface WatchScope {
  /** '' for all namespaces, or a cluster-wide kind. */
  readonly namespace: string
  /** '' for all names. */
  readonly name: string
  /** A field whose value is fixed by the selector: `spec.nodeName` of a kubelet's watch. */
  readonly field?: { readonly name: string; readonly value: string; readonly read: (item: Item) => string }
}

/** A watcher's place in the index. `cursor` is the sequence of the next change that it has to look at. */
export interface Watcher {
  cursor: number
  /** Whether it waits for `wake`; then nothing between its cursor and the marked change concerned it. */
  waiting: (() => void) | undefined
  ended: boolean
  marked: boolean
}

/** The watchers of one kind, found by what a change touches. They hold no changes: they read the kind's history, which is bounded. */
export interface Watchers {
  readonly size: () => number
  add(scope: WatchScope, cursor: number): { readonly watcher: Watcher; readonly remove: () => void }
  /** Finds out whom a change concerns. */
  mark(change: Change): void
  /** Wakes all that were marked. */
  wake(): void
  endAll(): void
}

/** The watchers of one kind; `cacheOf` gives what they watch. */
export function createWatchers(cacheOf: () => KindCache): Watchers {
  const everything = new Set<Watcher>()
  const byNamespace = new Map<string, Set<Watcher>>()
  const byKey = new Map<string, Set<Watcher>>()
  const byField = new Map<string, { readonly read: (item: Item) => string; readonly watchers: Map<string, Set<Watcher>> }>()
  const all = new Set<Watcher>()
  let marked: Watcher[] = []

  /** The set that a scope belongs to, made when missing. */
  function placeOf({ namespace, name, field }: WatchScope): { set: Set<Watcher>; drop: () => void } {
    if (name !== '') {
      const key = namespace === '' ? name : `${namespace}/${name}`
      return { set: setIn(byKey, key), drop: () => void byKey.delete(key) }
    }
    if (field !== undefined) {
      const known = byField.get(field.name) ?? { read: field.read, watchers: new Map<string, Set<Watcher>>() }
      byField.set(field.name, known)
      return {
        set: setIn(known.watchers, field.value),
        drop() {
          known.watchers.delete(field.value)
          if (known.watchers.size === 0) byField.delete(field.name)
        },
      }
    }
    if (namespace !== '') return { set: setIn(byNamespace, namespace), drop: () => void byNamespace.delete(namespace) }
    return { set: everything, drop: () => {} }
  }

  const markAll = (set: Set<Watcher> | undefined, sequence: number): void => {
    if (set === undefined) return
    for (const watcher of set) {
      if (watcher.waiting === undefined) continue
      if (watcher.marked) continue
      // It waited, so everything before this change was none of its business.
      watcher.cursor = sequence
      watcher.marked = true
      marked.push(watcher)
    }
  }

  return {
    size: () => all.size,
    add(scope, cursor) {
      const watcher: Watcher = { cursor, waiting: undefined, ended: false, marked: false }
      const { set, drop } = placeOf(scope)
      set.add(watcher)
      all.add(watcher)
      return {
        watcher,
        remove() {
          all.delete(watcher)
          set.delete(watcher)
          if (set.size === 0) drop()
        },
      }
    },
    mark(change) {
      if (all.size === 0) return
      const cache = cacheOf()
      const sequence = nextSequence(cache.history) - 1
      markAll(everything, sequence)
      const rest = change.key.slice(cache.prefix.length)
      const slash = rest.indexOf('/')
      if (byNamespace.size > 0 && slash > 0) markAll(byNamespace.get(rest.slice(0, slash)), sequence)
      if (byKey.size > 0) {
        markAll(byKey.get(rest), sequence)
        if (slash > 0) markAll(byKey.get(rest.slice(slash + 1)), sequence)
      }
      for (const { read, watchers } of byField.values()) {
        const now = change.item === undefined ? undefined : read(change.item)
        const before = change.previous === undefined ? undefined : read(change.previous)
        if (now !== undefined) markAll(watchers.get(now), sequence)
        if (before !== undefined && before !== now) markAll(watchers.get(before), sequence)
      }
    },
    wake() {
      const woken = marked
      marked = []
      for (const watcher of woken) {
        const wake = watcher.waiting
        watcher.marked = false
        watcher.waiting = undefined
        wake?.()
      }
    },
    endAll() {
      for (const watcher of all) {
        watcher.ended = true
        const wake = watcher.waiting
        watcher.waiting = undefined
        wake?.()
      }
    },
  }
}

function setIn(map: Map<string, Set<Watcher>>, key: string): Set<Watcher> {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = new Set<Watcher>()
  map.set(key, made)
  return made
}
