import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { requiredValue } from '#api/meta/v1/field-selector.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Revision } from '#store/store.ts'
import { keyOf, scopeOf } from '../registry/keys.ts'
import { type ListQuery, selects } from '../registry/list-options.ts'
import type { Cacher } from './cacher.ts'
import { type Change, changeAt, nextSequence, sequenceAfter } from './history.ts'
import { getItem, itemsOf } from './index.ts'
import { atRevision, converting, type Item, itemAs, objectOf } from './item.ts'
import type { WatchScope } from './watchers.ts'

/** As watch events name a change. */
export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** How a watch writes its events. */
export interface Frames {
  /** Shared with other watches of the same representation; '' when the frame is this watch's own. */
  readonly representation: string
  /** Empty where there is no saying it: the watch ends there, without a word, as with the reference. */
  frame(type: EventType, item: Item): Uint8Array
  bookmark(revision: Revision, initialEventsEnd: boolean): Uint8Array
  failure(error: WherryError): Uint8Array
}

/** One watch: of what, from which state, in which form, for how long. */
export interface WatchOptions {
  readonly cacher: Cacher
  readonly kind: AnyKind
  readonly namespace: string
  readonly query: ListQuery
  readonly frames: Frames
  readonly clock: Clock
  /** Registers for the server's common bookmark moment; returns how to leave. */
  readonly onBookmark: (send: () => void) => () => void
  readonly signal?: AbortSignal
  readonly timeoutMs: number
  /** Each event as a piece of its own, not several in one: for a reader in this process, who knows them by their bytes (lib/meaning.ts). */
  readonly apart?: boolean
  readonly onEnd?: () => void
  /** Sees the pieces that go out, for counting. */
  readonly onSent?: (frames: readonly Uint8Array[]) => void
}

/**
 * A watch as a stream of encoded events: first the present state where it is asked for, then every change after it, in order, none left
 * out. It holds no queue: it reads the kind's bounded history when its consumer has room, and is ended with `Expired` when it fell behind
 * that. Ends by itself after `timeoutMs`.
 */
export function openWatch(options: WatchOptions): AsyncIterable<Uint8Array> {
  const { cacher, kind, namespace, query, frames } = options
  const cache = cacher.of(kind)
  const prefix = scopeOf(kind, namespace)
  const after = query.resourceVersion === '' || query.resourceVersion === '0' ? 0 : Number(query.resourceVersion)
  // Without a version, and with 0, a watch begins with what is there; with a version it goes on after it, unless the state is asked for.
  const withState = query.sendInitialEvents ?? after === 0
  const startRevision = withState || after === 0 ? cacher.revision() : after
  const start = withState || after === 0 ? nextSequence(cache.history) : sequenceAfter(cache.history, after)
  if (start === undefined)
    return failedWatch(options, new WherryError('Expired', `too old resource version: ${after} (${cache.history.floor})`))
  const index = cache.index
  const { watcher, remove } = cache.watchers.add(scopeFor(kind, namespace, query), start)
  let state: 'initial' | 'live' | 'ended' = withState ? 'initial' : 'live'
  const initial = withState ? initialItems(kind, namespace, query, index, prefix) : undefined
  let pendingBookmark = false
  let sentRevision = startRevision
  const wake = (): void => {
    const run = watcher.waiting
    watcher.waiting = undefined
    run?.()
  }
  const end = (): void => {
    watcher.ended = true
    wake()
  }
  const forgetTimeout = options.clock.schedule(options.clock.now() + options.timeoutMs, end)
  const leaveBookmarks = query.allowWatchBookmarks
    ? options.onBookmark(() => {
        if (cacher.revision() <= sentRevision || state !== 'live') return
        pendingBookmark = true
        wake()
      })
    : () => {}
  options.signal?.addEventListener('abort', end, { once: true })
  const finish = (): IteratorReturnResult<undefined> => {
    if (state !== 'ended') {
      state = 'ended'
      remove()
      forgetTimeout()
      leaveBookmarks()
      options.onEnd?.()
      options.signal?.removeEventListener('abort', end)
    }
    return { done: true, value: undefined }
  }

  /** Frames that are ready, up to a piece's size; the first return of an empty list means that the watch has to wait. */
  function ready(): Uint8Array[] {
    const out: Uint8Array[] = []
    let sizeBytes = 0
    const push = (frame: Uint8Array): void => {
      if (frame.byteLength === 0) watcher.ended = true
      else out.push(frame)
      sizeBytes += watcher.ended ? pieceBytes : frame.byteLength
    }
    if (state === 'initial') {
      for (let next = initial!.next(); ; next = initial!.next()) {
        if (next.done) {
          state = 'live'
          if (query.allowWatchBookmarks && query.sendInitialEvents === true) push(frames.bookmark(startRevision, true))
          break
        }
        push(frames.frame('ADDED', next.value))
        if (sizeBytes >= pieceBytes) return out
      }
    }
    while (sizeBytes < pieceBytes) {
      if (watcher.cursor < cache.history.first) {
        push(frames.failure(new WherryError('Expired', 'the watch fell too far behind; list again and watch from there')))
        watcher.ended = true
        return out
      }
      const change = changeAt(cache.history, watcher.cursor)
      if (change === undefined) break
      watcher.cursor += 1
      // A version that is still to come, as a watch may name after another server's answer, is waited for.
      if (change.revision <= startRevision) continue
      const event = eventOf(kind, query, prefix, change)
      if (event === undefined) continue
      push(sharedFrame(frames, change, event.type, event.item))
      sentRevision = change.revision
    }
    if (pendingBookmark && changeAt(cache.history, watcher.cursor) === undefined && watcher.cursor >= cache.history.first) {
      pendingBookmark = false
      // Everything up to here was looked at, so nothing of it will come later.
      sentRevision = cacher.revision()
      push(frames.bookmark(sentRevision, false))
    }
    return out
  }

  /** Has everything converted that will be looked at next; what is wrong with that ends the watch. */
  async function convertAhead(): Promise<WherryError | undefined> {
    const items: Item[] = state === 'initial' ? [...itemsOf(index, prefix)] : []
    for (let at = watcher.cursor; ; at += 1) {
      const change = changeAt(cache.history, at)
      if (change === undefined) break
      if (!change.key.startsWith(prefix)) continue
      if (change.item !== undefined) items.push(change.item)
      if (change.previous !== undefined) items.push(change.previous)
    }
    try {
      await converting(kind, items)
      return undefined
    } catch (error) {
      if (error instanceof WherryError) return error
      throw error
    }
  }

  /** What is ready and not yet taken, where events go apart. */
  let pieces: readonly Uint8Array[] = []
  let taken = 0

  async function next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (taken < pieces.length && state !== 'ended' && !options.signal?.aborted) return { done: false, value: pieces[taken++]! }
      if (state === 'ended' || watcher.ended || options.signal?.aborted) return finish()
      if (kind.storedAs?.convert !== undefined) {
        const failure = await convertAhead()
        if (failure !== undefined) {
          watcher.ended = true
          return { done: false, value: frames.failure(failure) }
        }
      }
      const out = ready()
      if (out.length > 0) {
        options.onSent?.(out)
        if (options.apart === true) {
          pieces = out
          taken = 0
          continue
        }
        return { done: false, value: out.length === 1 ? out[0]! : Buffer.concat(out) }
      }
      if (!watcher.ended) await new Promise<void>((resolve) => (watcher.waiting = resolve))
    }
  }

  return { [Symbol.asyncIterator]: () => ({ next, return: async () => finish() }) }
}

/** The event that a change is to this watch: a selector turns changes into appearances and disappearances. */
function eventOf(
  kind: AnyKind,
  query: ListQuery,
  prefix: string,
  change: Change,
): { readonly type: EventType; readonly item: Item } | undefined {
  if (!change.key.startsWith(prefix)) return undefined
  const item = change.item && itemAs(kind, change.item)
  const previous = change.previous && itemAs(kind, change.previous)
  const now = item !== undefined && selects(kind, query, item)
  const before = previous !== undefined && selects(kind, query, previous)
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', item }
  // What is gone is shown as it last was, but as of its end, so that the watch can be resumed after it.
  if (before) return { type: 'DELETED', item: atRevision(previous, change.revision) }
  return undefined
}

function sharedFrame(frames: Frames, change: Change, type: EventType, item: Item): Uint8Array {
  if (frames.representation === '') return frames.frame(type, item)
  const name = `${frames.representation}/${type}/${item.kind.group}/${item.kind.version}`
  const known = change.frames.get(name)
  if (known !== undefined) return known
  const made = frames.frame(type, item)
  change.frames.set(name, made)
  return made
}

function* initialItems(
  kind: AnyKind,
  namespace: string,
  query: ListQuery,
  index: Parameters<typeof itemsOf>[0],
  prefix: string,
): Generator<Item> {
  const name = requiredValue(query.fields, 'metadata.name')
  if (name !== undefined && (kind.scope === 'Cluster' || namespace !== '')) {
    const item = getItem(index, keyOf(kind, namespace, name))
    if (item !== undefined && selects(kind, query, itemAs(kind, item))) yield itemAs(kind, item)
    return
  }
  for (const item of itemsOf(index, prefix)) if (selects(kind, query, itemAs(kind, item))) yield itemAs(kind, item)
}

function scopeFor(kind: AnyKind, namespace: string, query: ListQuery): WatchScope {
  const name = requiredValue(query.fields, 'metadata.name') ?? ''
  const scope = { namespace: kind.scope === 'Namespaced' ? namespace : '', name }
  if (name !== '') return scope
  // Of a kind that somebody else has to be asked for, no field can be read at the moment of a change.
  if (kind.storedAs?.convert !== undefined) return scope
  const fields: Readonly<Record<string, (object: never) => string>> = kind.rules.selectableFields ?? {}
  for (const [field, read] of Object.entries(fields)) {
    const value = requiredValue(query.fields, field)
    // Kinds that share storage may give one name to different fields.
    if (value !== undefined)
      return {
        ...scope,
        field: { name: `${kind.group}/${kind.version}/${field}`, value, read: (item) => read(objectOf(itemAs(kind, item)) as never) },
      }
  }
  return scope
}

/** A watch that cannot begin: it says why, and ends. */
export function failedWatch({ frames, onEnd }: Pick<WatchOptions, 'frames' | 'onEnd'>, error: WherryError): AsyncIterable<Uint8Array> {
  onEnd?.()
  return only(frames.failure(error))
}

async function* only(frame: Uint8Array): AsyncGenerator<Uint8Array> {
  yield frame
}

/** The object of a bookmark: nothing but a version. */
export const bookmarkOf = (kind: AnyKind, revision: Revision, initialEventsEnd: boolean): KubeObject =>
  ({
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { resourceVersion: `${revision}`, ...(initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) },
  }) as unknown as KubeObject

const pieceBytes = 256 * 1024
