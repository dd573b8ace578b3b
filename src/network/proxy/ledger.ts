import type { Piece } from './piece.ts'
import { emptyPiece } from './piece.ts'
import { chainOfWay, sharedRules, wayNumber } from './shared-chains.ts'
import type { Store } from './stores.ts'

/** What has to be written: elements by map or set, and chains in an order in which each finds those that it goes to. */
export interface Changes {
  readonly removed: ReadonlyMap<Store, readonly string[]>
  readonly added: ReadonlyMap<Store, ReadonlyMap<string, string>>
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Chains among them that were there with other rules. */
  readonly rewritten: ReadonlySet<string>
}

/** What a family's table shall hold, and what of that nobody has written yet. */
export interface Ledger {
  /** What an owner adds to the table from now on. Of two who want one element the lower `rank` has it, on every node and at every start. */
  set(owner: string, rank: string, piece: Piece): void
  get(owner: string): Piece | undefined
  owners(): Iterable<string>
  /** Changes since the last call of this or of `takeAll`. */
  take(): Changes
  /** Everything, as for an empty table. */
  takeAll(): Changes
  /** Chains of owners that nothing leads to any more since an earlier `take`; they are forgotten. Shared ones stay until everything is written anew. */
  takeUnused(): readonly string[]
  readonly hasUnused: boolean
}

interface Holding {
  readonly owner: string
  readonly rank: string
  readonly value: string
}

/** An empty one. Every operation costs as much as the piece that it is about, whatever else there is. */
export function createLedger(): Ledger {
  const pieces = new Map<string, { readonly rank: string; readonly piece: Piece }>()
  const holdings = new Map<Store, Map<string, Holding | readonly Holding[]>>()
  /** Elements that changed, with the value that was written. */
  const touched = new Map<Store, Map<string, string | undefined>>()
  /** Rules of owners' chains, and what is written of all chains. */
  const ruled = new Map<string, readonly string[]>()
  const written = new Map<string, readonly string[]>()
  const uses = new Map<string, number>()
  const changedChains = new Set<string>()
  const unused = new Set<string>()

  const holderValue = (store: Store, key: string): string | undefined => {
    const found = holdings.get(store)?.get(key)
    return found === undefined ? undefined : isOne(found) ? found.value : found[0]!.value
  }

  function touch(store: Store, key: string): void {
    const stored = ensure(touched, store)
    if (!stored.has(key)) stored.set(key, holderValue(store, key))
  }

  function hold(store: Store, key: string, holding: Holding): void {
    const stored = ensure(holdings, store)
    const present = stored.get(key)
    if (present === undefined) return void stored.set(key, holding)
    const all = [...listOf(present), holding].sort((a, b) => (a.rank === b.rank ? compare(a.owner, b.owner) : compare(a.rank, b.rank)))
    stored.set(key, all)
  }

  function release(store: Store, key: string, owner: string): void {
    const stored = ensure(holdings, store)
    const rest = listOf(stored.get(key)).filter((one) => one.owner !== owner)
    if (rest.length === 0) stored.delete(key)
    else stored.set(key, rest.length === 1 ? rest[0]! : rest)
  }

  function use(store: Store, value: string | undefined, step: 1 | -1): void {
    const isWay = store === 'services' || store === 'node-ports'
    const name = value === undefined ? undefined : isWay ? chainOfWay(value) : value.startsWith('goto ') ? value.slice(5) : undefined
    if (name !== undefined) count(name, step)
  }

  /** A chain is needed as long as an element or another needed chain leads to it. */
  function count(name: string, step: 1 | -1): void {
    const rules = ruled.get(name) ?? written.get(name) ?? sharedRules(name)
    if (rules === undefined) return
    const before = uses.get(name) ?? 0
    uses.set(name, before + step)
    if (before + step === 0) {
      uses.delete(name)
      // A shared chain stays, with its number: there are few, and another Service will need it.
      if (wayNumber(name) === undefined) unused.add(name)
      for (const next of targetsOf(written.get(name) ?? rules)) count(next, -1)
    } else if (before === 0) {
      unused.delete(name)
      const wanted = ruled.get(name) ?? sharedRules(name)!
      for (const next of targetsOf(wanted)) count(next, 1)
      changedChains.add(name)
    }
  }

  function collect(): Changes {
    const removed = new Map<Store, string[]>()
    const added = new Map<Store, Map<string, string>>()
    for (const [store, keys] of touched)
      for (const [key, before] of keys) {
        const now = holderValue(store, key)
        if (before === now) continue
        if (before !== undefined) ensureList(removed, store).push(key)
        if (now !== undefined) ensure(added, store).set(key, now)
        use(store, now, 1)
        use(store, before, -1)
      }
    touched.clear()
    const chains = new Map<string, readonly string[]>()
    const rewritten = new Set<string>()
    const write = (name: string): void => {
      if (chains.has(name) || !uses.has(name)) return
      const rules = ruled.get(name) ?? sharedRules(name)!
      const before = written.get(name)
      if (before !== undefined && sameRules(before, rules)) return
      for (const next of targetsOf(rules)) if (changedChains.has(next)) write(next)
      chains.set(name, rules)
      const way = wayNumber(name)
      if (way !== undefined) ensure(added, 'ways').set(way, `goto ${name}`)
      if (before !== undefined) rewritten.add(name)
      written.set(name, rules)
    }
    for (const name of changedChains) write(name)
    changedChains.clear()
    return { removed, added, chains, rewritten }
  }

  return {
    set(owner, rank, piece) {
      const before = pieces.get(owner)
      const old = before?.piece ?? emptyPiece
      const sameRank = before?.rank === rank
      for (const [store, keys] of old.elements)
        for (const [key, value] of keys) {
          if (sameRank && piece.elements.get(store)?.get(key) === value) continue
          touch(store, key)
          release(store, key, owner)
        }
      for (const [store, keys] of piece.elements)
        for (const [key, value] of keys) {
          if (sameRank && old.elements.get(store)?.get(key) === value) continue
          touch(store, key)
          hold(store, key, { owner, rank, value })
        }
      for (const name of old.chains.keys()) if (!piece.chains.has(name)) ruled.delete(name)
      for (const [name, rules] of piece.chains) {
        ruled.set(name, rules)
        if (!sameRules(old.chains.get(name), rules)) changedChains.add(name)
      }
      if (piece.elements.size === 0 && piece.chains.size === 0) pieces.delete(owner)
      else pieces.set(owner, { rank, piece })
    },
    get: (owner) => pieces.get(owner)?.piece,
    owners: () => pieces.keys(),
    take: collect,
    takeAll() {
      touched.clear()
      for (const all of [written, uses, changedChains, unused]) all.clear()
      for (const [store, keys] of holdings) for (const key of keys.keys()) ensure(touched, store).set(key, undefined)
      return collect()
    },
    takeUnused() {
      const names = [...unused].filter((name) => written.has(name))
      for (const name of names) written.delete(name)
      unused.clear()
      return names
    },
    get hasUnused() {
      return unused.size > 0
    },
  }
}

const targetsOf = (rules: readonly string[]): readonly string[] =>
  rules.flatMap((rule) => [...rule.matchAll(/\b(?:goto|jump) (\S+)/g)].map((match) => match[1]!))

const sameRules = (a: readonly string[] | undefined, b: readonly string[]): boolean => a !== undefined && a.join('\n') === b.join('\n')
const isOne = (found: Holding | readonly Holding[]): found is Holding => !Array.isArray(found)
const listOf = (found: Holding | readonly Holding[] | undefined): readonly Holding[] =>
  found === undefined ? [] : isOne(found) ? [found] : found
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function ensure<K, V>(stores: Map<Store, Map<K, V>>, store: Store): Map<K, V> {
  let found = stores.get(store)
  if (found === undefined) stores.set(store, (found = new Map()))
  return found
}

function ensureList(stores: Map<Store, string[]>, store: Store): string[] {
  let found = stores.get(store)
  if (found === undefined) stores.set(store, (found = []))
  return found
}
