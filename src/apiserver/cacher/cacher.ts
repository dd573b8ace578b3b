import type { AnyKind } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Entry, Revision, Store, StoreEvent } from '#store/store.ts'
import { rawKind } from '../custom-resources/raw-kind.ts'
import { claimRoot, prefixOf, registryRoot, storageKindOf } from '../registry/keys.ts'
import { append, type Change, type History, historyFrom, rewind } from './history.ts'
import { emptyIndex, getItem, type Index, indexOf, putItem, removeItem } from './index.ts'
import { type Item, itemOf } from './item.ts'
import { createRevisionWaits } from './revision-waits.ts'
import { createWatchers, type Watchers } from './watchers.ts'

/**
 * Every stored object in memory, kept current by one watch of the store: reads, lists and watches are served from here. One stream feeds
 * all kinds, so its revision is the revision of each of them.
 */
export interface Cacher {
  /** Everything up to here is visible. */
  revision(): Revision
  /** The cache of a kind; kinds that are versions of one resource share it. */
  of(kind: AnyKind): KindCache
  /** A kind is served no more: forgets its history, unless objects are left or somebody still observes them. */
  drop(kind: AnyKind): void
  /** Waits until `revision` is visible; false when `timeoutMs` passed before. */
  reached(revision: Revision, timeoutMs?: number): Promise<boolean>
  /** Waits until everything is visible that was acknowledged before the call, by whichever server. */
  fresh(): Promise<Revision>
  /** States before `revision` are no longer to be had: the store forgot them, and other servers would not know them either. */
  forget(revision: Revision): void
  /** Raises when the store's stream broke and everything was loaded anew: what was seen before may have gaps. */
  onReload(listener: () => void): void
  close(): Promise<void>
}

/** One kind's objects. `index` is replaced, never changed: keep it to read an older state. */
export interface KindCache {
  readonly prefix: string
  readonly kind: AnyKind
  index: Index
  history: History
  readonly watchers: Watchers
  readonly observers: Set<(change: Change) => void>
  /** The index at an older revision; undefined when too old. */
  at(revision: Revision): Index | undefined
}

/** What is cached, and who hears of claims and of failures. */
export interface CacherOptions {
  readonly store: Store
  readonly kinds: readonly AnyKind[]
  readonly clock: Clock
  /** Sees the claims' keys, at the first load as puts. */
  readonly onClaim: (key: string, present: boolean) => void
  readonly onFailure: (error: unknown) => void
}

/** Loads all objects, then follows the store. Rejects when the store cannot be read. */
export async function createCacher({ store, kinds, clock, onClaim, onFailure }: CacherOptions): Promise<Cacher> {
  let forgotten: Revision = 0
  const rewound = (cache: KindCache, to: Revision): Index | undefined =>
    to < forgotten ? undefined : rewind(cache.index, cache.history, to)
  const caches = new Map<string, KindCache>()
  for (const kind of kinds)
    if (!caches.has(prefixOf(kind))) caches.set(prefixOf(kind), createKindCache(storageKindOf(kind), prefixOf(kind), rewound))
  /** The cache of a prefix. What no built-in kind has belongs to a definition, which may come at any time, and go. */
  const cacheOf = (prefix: string): KindCache => {
    const known = caches.get(prefix)
    if (known !== undefined) return known
    const made = createKindCache(rawKind, prefix, rewound)
    made.history = historyFrom(revision)
    caches.set(prefix, made)
    return made
  }
  const closing = new AbortController()
  const reloadListeners: (() => void)[] = []
  let revision: Revision = 0
  const waits = createRevisionWaits(clock)

  function advance(to: Revision): void {
    revision = to
    waits.advance(to)
  }

  async function load(): Promise<void> {
    const found = new Map<string, Item[]>()
    const at = await readAll(store, registryRoot, undefined, (entry) => {
      const prefix = kindPrefixOf(entry.key)
      const cache = cacheOf(prefix)
      const items = found.get(prefix)
      if (items === undefined) found.set(prefix, [itemOf(cache.kind, entry)])
      else items.push(itemOf(cache.kind, entry))
    })
    await readAll(store, claimRoot, at, (entry) => onClaim(entry.key, true))
    for (const cache of caches.values()) {
      cache.index = found.has(cache.prefix) ? indexOf(found.get(cache.prefix)!) : emptyIndex
      cache.history = historyFrom(at)
      cache.watchers.endAll()
    }
    advance(at)
  }

  function apply(events: readonly StoreEvent[]): void {
    const touched = new Set<KindCache>()
    for (const event of events) {
      if (event.key.startsWith(claimRoot)) onClaim(event.key, event.type === 'put')
      const cache = event.key.startsWith(registryRoot) ? cacheOf(kindPrefixOf(event.key)) : undefined
      if (cache === undefined) continue
      const previous = getItem(cache.index, event.key)
      const item = event.entry === undefined ? undefined : itemOf(cache.kind, event.entry)
      if (item === undefined && previous === undefined) continue
      cache.index = item === undefined ? removeItem(cache.index, event.key) : putItem(cache.index, item)
      const change: Change = { key: event.key, revision: event.revision, item, previous, frames: new Map() }
      append(cache.history, change)
      for (const observer of cache.observers) observer(change)
      cache.watchers.mark(change)
      touched.add(cache)
    }
    advance(events[0]!.revision)
    // Watchers look only once a whole commit is visible, so none of them sees a half of it.
    for (const cache of touched) cache.watchers.wake()
  }

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        for await (const events of store.watch('', revision, { signal: closing.signal, bufferedEvents: bufferedEvents })) apply(events)
        if (closing.signal.aborted) return
        throw new WherryError('ServiceUnavailable', 'the store ended its watch')
      } catch (error) {
        if (closing.signal.aborted) return
        onFailure(error)
        await pause(clock, retryMs, closing.signal)
        if (closing.signal.aborted) return
        try {
          await load()
          for (const listener of reloadListeners) listener()
        } catch (failure) {
          onFailure(failure)
        }
      }
    }
  }

  await load()
  const following = follow()

  const reached = (wanted: Revision, timeoutMs = Infinity): Promise<boolean> =>
    revision >= wanted ? Promise.resolve(true) : waits.until(wanted, timeoutMs)

  return {
    revision: () => revision,
    of: (kind) => cacheOf(prefixOf(kind)),
    drop(kind) {
      const cache = caches.get(prefixOf(kind))
      if (cache !== undefined && cache.index.size === 0 && cache.observers.size === 0) caches.delete(cache.prefix)
    },
    reached,
    async fresh() {
      const wanted = await store.revision()
      if (wanted > revision && !(await reached(wanted, freshTimeoutMs)))
        throw new WherryError('ServerTimeout', `revision ${wanted} of the store is not visible yet; at ${revision}`, {
          retryAfterSeconds: 1,
        })
      return revision
    },
    forget(to) {
      forgotten = to
    },
    onReload: (listener) => void reloadListeners.push(listener),
    async close() {
      closing.abort()
      for (const cache of caches.values()) cache.watchers.endAll()
      await following
    },
  }
}

function createKindCache(kind: AnyKind, prefix: string, rewound: (cache: KindCache, to: Revision) => Index | undefined): KindCache {
  const cache: KindCache = {
    prefix,
    kind,
    index: emptyIndex,
    history: historyFrom(0),
    watchers: createWatchers(() => cache),
    observers: new Set(),
    at: (revision) => rewound(cache, revision),
  }
  return cache
}

/** `/registry/<group>/<plural>/` of a longer key. */
function kindPrefixOf(key: string): string {
  const group = key.indexOf('/', registryRoot.length)
  return key.slice(0, key.indexOf('/', group + 1) + 1)
}

/** All entries under a prefix as of one revision, page by page. Returns that revision. */
async function readAll(store: Store, prefix: string, at: Revision | undefined, take: (entry: Entry) => void): Promise<Revision> {
  let revision = at
  let from = prefix
  for (;;) {
    const page = await store.range(prefix, { from, limit: pageSize, ...(revision !== undefined && { revision }) })
    revision ??= page.revision
    for (const entry of page.entries) take(entry)
    if (page.remaining === 0 || page.entries.length === 0) return revision
    from = `${page.entries.at(-1)!.key}\0`
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      forget()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const forget = clock.schedule(clock.now() + ms, done)
    signal.addEventListener('abort', done, { once: true })
  })
}

const pageSize = 2_000
const retryMs = 200
const freshTimeoutMs = 3_000
// The one consumer of the store's stream does little per event; this much lag means that something is wrong.
const bufferedEvents = 100_000
