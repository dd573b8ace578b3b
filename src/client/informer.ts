import type { AnyKind, KubeObject } from '#api/kind.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { Of } from '#schema/schema.ts'
import type { Client, WatchEvent } from './client.ts'
import { listAll } from './http.ts'
import { createObjectIndex, type IndexFunction } from './object-index.ts'
import { compareResourceVersions } from './resource-version.ts'

/** What is known of one kind, kept current by list and watch. Objects are frozen and shared by all readers. */
export interface Informer<T> {
  readonly kind: AnyKind
  get(name: string, namespace?: string): T | undefined
  list(namespace?: string): readonly T[]
  /** By a declared index. */
  indexed(index: string, value: string): readonly T[]
  /** Whose controller reference (or, with `any`, whose any owner reference) has this uid. */
  ownedBy(uid: string, which?: 'controller' | 'any'): readonly T[]
  /** Everything up to this resourceVersion is shown; '' before the first list. */
  readonly resourceVersion: string
  readonly isSynced: boolean
  /** Resolves when the first list is in; rejects when the informer is closed before. */
  synced(): Promise<void>
  /** Called for each change, in order, after the cache shows it; what is there already comes as `added` at once. Returns how to stop. */
  onChange(handler: ChangeHandler<T>): () => void
  /**
   * Called after everything was listed anew, past states that nobody was told of: an object may have come and gone in between. Returns how to
   * stop.
   */
  onListedAnew(handler: () => void): () => void
  /** True once everything up to `resourceVersion` is shown; false when `timeoutMs` (default 30 s) passed or the informer was closed before. */
  caughtUpTo(resourceVersion: string, timeoutMs?: number): Promise<boolean>
  /** The same for any condition; it is asked again after every change. */
  until(condition: () => boolean, timeoutMs?: number): Promise<boolean>
  close(): Promise<void>
}

/** `previous`: as the cache showed it before. For `deleted`, `object` is its last state, which the cache may not have shown. */
export type ChangeHandler<T> = (object: T, previous: T | undefined, change: 'added' | 'modified' | 'deleted') => void

/** Which objects of the kind are kept, and by what they are found again. */
export interface InformerOptions<T> {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
  /** What is kept of each object, where that is a fraction of it; it has the same metadata. Absent: everything. */
  readonly transform?: (object: T) => T
}

/** Starts at once, and goes on through every failure until it is closed. */
export function createInformer<K extends AnyKind>(client: Client, kind: K, options: InformerOptions<Of<K>>): Informer<Of<K>> {
  type T = Of<K>
  const { clock, random, namespace, labelSelector, fieldSelector, indexes, transform = (object: T) => object } = options
  const log = options.log.with({ informer: kind.plural })
  const selection = {
    ...(namespace !== undefined && { namespace }),
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  }
  const objects = createObjectIndex<T>(indexes)
  const handlers = new Set<ChangeHandler<T>>()
  const anew = new Set<() => void>()
  const waits = new Set<Wait>()
  const closing = new AbortController()
  const closed = new Promise<undefined>((resolve) => closing.signal.addEventListener('abort', () => resolve(undefined), { once: true }))
  const first = Promise.withResolvers<void>()
  // Nobody has to be waiting for the first list when the informer is closed.
  first.promise.catch(() => {})
  let resourceVersion = ''
  let isSynced = false
  let attempt = 0
  /** Initial events through the watch; a server that refuses them is asked for lists instead. */
  let streaming = true

  // --- changes ---------------------------------------------------------------------------------------------------------------------

  function tell(object: T, previous: T | undefined, change: 'added' | 'modified' | 'deleted'): void {
    for (const handler of handlers) {
      try {
        handler(object, previous, change)
      } catch (error) {
        log.error('a change handler failed', { change, name: metaOf(object).name, error })
      }
    }
  }

  function put(object: T): void {
    const { name, namespace: within, uid } = metaOf(object)
    const previous = objects.get(name, within)
    if (previous !== undefined && metaOf(previous).uid !== uid) drop(previous)
    objects.put(object)
    if (previous === undefined || metaOf(previous).uid !== uid) tell(object, undefined, 'added')
    else tell(object, previous, 'modified')
  }

  function drop(previous: T, last: T = previous): void {
    objects.delete(metaOf(previous).name, metaOf(previous).namespace)
    tell(last, previous, 'deleted')
  }

  /** The whole present state, as it is kept. What the cache had and the list has not was deleted while nobody watched. */
  function replace(items: readonly T[], at: string): void {
    const listed = new Set<string>()
    for (const item of items) listed.add(`${metaOf(item).namespace ?? ''}/${metaOf(item).name}`)
    for (const object of objects.list()) if (!listed.has(`${metaOf(object).namespace ?? ''}/${metaOf(object).name}`)) drop(object)
    for (const item of items) {
      const known = objects.get(metaOf(item).name, metaOf(item).namespace)
      const same =
        known !== undefined && metaOf(known).resourceVersion === metaOf(item).resourceVersion && metaOf(known).uid === metaOf(item).uid
      if (!same) put(item)
    }
    resourceVersion = at
    attempt = 0
    if (isSynced) for (const handler of anew) handler()
    else {
      isSynced = true
      first.resolve()
    }
    look()
  }

  /** One event of the watch. A late or repeated one changes nothing. */
  function apply(event: WatchEvent<T>): void {
    attempt = 0
    const at = event.type === 'BOOKMARK' ? event.resourceVersion : metaOf(event.object).resourceVersion
    if (compareResourceVersions(at, resourceVersion) < 0) return
    if (event.type !== 'BOOKMARK') {
      const { name, namespace: within } = metaOf(event.object)
      const known = objects.get(name, within)
      const age = known === undefined ? 1 : compareResourceVersions(at, metaOf(known).resourceVersion)
      if (event.type === 'DELETED') {
        if (known !== undefined && age >= 0) drop(known, transform(event.object))
      } else if (age > 0) put(transform(event.object))
    }
    resourceVersion = at
    look()
  }

  // --- the connection --------------------------------------------------------------------------------------------------------------

  async function follow(): Promise<void> {
    const { signal } = closing
    if (resourceVersion === '' && streaming) return streamFromStart()
    if (resourceVersion === '') {
      // A server that does not answer may not hold up the closing.
      const list = await Promise.race([listAll(client, kind, selection), closed])
      if (list === undefined) return
      replace(list.items.map(transform), list.resourceVersion)
    }
    for await (const event of client.watch(kind, { ...selection, resourceVersion, signal })) apply(event)
  }

  async function streamFromStart(): Promise<void> {
    const { signal } = closing
    const initial = new Map<string, T>()
    let complete = false
    for await (const event of client.watch(kind, { ...selection, sendInitialEvents: true, signal })) {
      if (complete) apply(event)
      else if (event.type === 'BOOKMARK') {
        if (!event.initialEventsEnd) continue
        complete = true
        replace([...initial.values()], event.resourceVersion)
        initial.clear()
      } else {
        const key = `${metaOf(event.object).namespace ?? ''}/${metaOf(event.object).name}`
        if (event.type === 'DELETED') initial.delete(key)
        // Kept small as it comes: thousands of whole objects at once would be the most memory that this process ever has.
        else initial.set(key, transform(event.object))
      }
    }
  }

  async function run(): Promise<void> {
    const { signal } = closing
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs()
      let failure: unknown
      try {
        await follow()
      } catch (error) {
        failure = error
      }
      if (signal.aborted) return
      // A watch that the server ends after a good while is its habit: the next one starts at once.
      if (failure === undefined && clock.monotonicMs() - startedMs > calmMs) continue
      if (isError(failure, 'Expired', 'Gone')) {
        resourceVersion = ''
        if (attempt === 0) {
          attempt += 1
          continue
        }
      } else if (isError(failure, 'Invalid', 'BadRequest') && streaming && resourceVersion === '') {
        streaming = false
        continue
      }
      const waitMs = backoff(reconnect, attempt, random)
      attempt += 1
      log.debug('watch interrupted', { waitMs: Math.round(waitMs), ...(failure !== undefined && { error: failure }) })
      if (attempt === loudAttempt) log.warn('cannot list and watch; trying on', { error: failure })
      try {
        await sleep(clock, waitMs, signal)
      } catch {
        // Only closing ends the wait early, and the loop's condition sees that.
      }
    }
  }

  // --- waiting ---------------------------------------------------------------------------------------------------------------------

  function look(): void {
    for (const wait of waits) if (wait.condition()) wait.done(true)
  }

  function until(condition: () => boolean, timeoutMs = 30_000): Promise<boolean> {
    if (condition()) return Promise.resolve(true)
    if (closing.signal.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const wait: Wait = {
        condition,
        done(met) {
          forget()
          waits.delete(wait)
          resolve(met)
        },
      }
      const forget = clock.schedule(clock.now() + timeoutMs, () => wait.done(false))
      waits.add(wait)
    })
  }

  const running = run()

  return {
    kind,
    get: objects.get,
    list: objects.list,
    indexed: objects.indexed,
    ownedBy: objects.ownedBy,
    get resourceVersion() {
      return resourceVersion
    },
    get isSynced() {
      return isSynced
    },
    synced: () => first.promise,
    onChange(handler) {
      handlers.add(handler)
      for (const object of objects.list()) handler(object, undefined, 'added')
      return () => handlers.delete(handler)
    },
    onListedAnew(handler) {
      anew.add(handler)
      return () => anew.delete(handler)
    },
    caughtUpTo: (wanted, timeoutMs) => until(() => isSynced && compareResourceVersions(resourceVersion, wanted) >= 0, timeoutMs),
    until,
    async close() {
      closing.abort(new Error('the informer was closed'))
      for (const wait of waits) wait.done(false)
      if (!isSynced) first.reject(new Error('the informer was closed before its first list'))
      await running
    },
  }
}

interface Wait {
  readonly condition: () => boolean
  readonly done: (met: boolean) => void
}

/** A restarted server on this machine is back within a second or two; a busy one must not be stormed. */
const reconnect: BackoffOptions = { initialMs: 200, factor: 2, maxMs: 15_000, jitter: 1 }
/** A watch shorter than this counts as a failure, so that a server that ends each at once is not asked in a tight loop. */
const calmMs = 2_000
/** One warning for each outage, after some seconds of it. */
const loudAttempt = 4

const metaOf = (object: unknown): KubeObject['metadata'] => (object as KubeObject).metadata
