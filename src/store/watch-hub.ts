import { WherryError } from '#lib/errors.ts'
import type { Revision, Store, StoreEvent } from './store.ts'

/** The events of one commit: all of one revision, at least one. */
export type Change = readonly StoreEvent[]

/**
 * The watching half of a store: leads each watch from the past, which the store reads, into the present, which the store publishes.
 * Both implementations share it, so that no order or gap can differ between them.
 */
export interface WatchHub {
  /** A change that is durable. Changes come in the order of their revisions, none left out. */
  publish(change: Change): void
  readonly watch: Store['watch']
  /** The newest revision whose history no watch has still to read: how far a compaction may go. */
  compactable(): Revision
  /** Ends every watch: quietly, or with this error. */
  close(error?: Error): void
}

/** The past, as the store knows it. */
export interface History {
  /** Revision of the change published last. */
  readonly revision: () => Revision
  readonly compacted: () => Revision
  /**
   * Changes of keys under `prefix` with `after` < revision ≤ `upTo`, oldest first, and the revision up to which they are complete:
   * a long past may be handed out in pieces.
   */
  readonly read: (prefix: string, after: Revision, upTo: Revision) => Promise<{ changes: readonly Change[]; upTo: Revision }>
}

/** What a watch may leave unread: some megabytes of objects, seconds of a busy cluster. */
const defaultBufferedEvents = 10_000

/** Nobody watches at first. */
export function createWatchHub(history: History): WatchHub {
  const watches = new Set<Watch>()
  return {
    publish(change) {
      for (const watch of watches) offer(watch, change)
    },
    watch: (prefix, after, options = {}) => follow(history, watches, prefix, after, options),
    compactable() {
      let revision = Infinity
      for (const watch of watches) revision = Math.min(revision, watch.readUpTo)
      return revision
    },
    close(error) {
      for (const watch of watches) end(watch, error)
    },
  }
}

interface Watch {
  readonly prefix: string
  readonly bufferedEvents: number
  /** Published, not yet taken by the consumer. */
  pending: Change[]
  pendingEvents: number
  /** History is needed after this revision; Infinity once the present is reached. */
  readUpTo: Revision
  state: 'open' | 'overflown' | 'ended'
  /** Why it ended, unless that was asked for. */
  error: Error | undefined
  wake: () => void
}

async function* follow(
  history: History,
  watches: Set<Watch>,
  prefix: string,
  after: Revision,
  { signal, bufferedEvents = defaultBufferedEvents }: { readonly signal?: AbortSignal; readonly bufferedEvents?: number },
): AsyncGenerator<Change> {
  if (signal?.aborted) return
  if (after < history.compacted()) throw expired(after, history.compacted())
  const watch: Watch = {
    prefix,
    bufferedEvents,
    pending: [],
    pendingEvents: 0,
    readUpTo: after,
    state: 'open',
    error: undefined,
    wake: () => {},
  }
  // From here on changes are offered, so what lies between the past and the present is a fixed stretch.
  const present = history.revision()
  watches.add(watch)
  const stop = () => end(watch)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    while (watch.readUpTo < present) {
      const piece = await history.read(prefix, watch.readUpTo, present)
      for (const change of piece.changes) {
        if (hasEnded(watch)) return
        yield change
      }
      watch.readUpTo = piece.upTo
    }
    watch.readUpTo = Infinity
    for (;;) {
      if (hasEnded(watch)) return
      const taken = watch.pending
      watch.pending = []
      for (const change of taken) {
        watch.pendingEvents -= change.length
        if (change[0]!.revision > after) yield change
        if (hasEnded(watch)) return
      }
      if (watch.pending.length === 0 && watch.state === 'open') await new Promise<void>((resolve) => (watch.wake = resolve))
    }
  } finally {
    watches.delete(watch)
    signal?.removeEventListener('abort', stop)
  }
}

function offer(watch: Watch, change: Change): void {
  if (watch.state !== 'open') return
  const seen = change.every((event) => event.key.startsWith(watch.prefix))
    ? change
    : change.filter((event) => event.key.startsWith(watch.prefix))
  if (seen.length === 0) return
  watch.pending.push(seen)
  watch.pendingEvents += seen.length
  if (watch.pendingEvents > watch.bufferedEvents) {
    watch.state = 'overflown'
    watch.pending = []
    // A watch that is given up holds back no compaction, even while its consumer sleeps.
    watch.readUpTo = Infinity
  }
  watch.wake()
}

function end(watch: Watch, error?: Error): void {
  watch.state = 'ended'
  watch.error = error
  watch.pending = []
  watch.readUpTo = Infinity
  watch.wake()
}

/** True when the watch is to end quietly; throws when it ends otherwise. */
function hasEnded(watch: Watch): boolean {
  if (watch.state === 'overflown') throw lagged(watch.bufferedEvents)
  if (watch.error !== undefined) throw watch.error
  return watch.state === 'ended'
}

/** The history after `revision` is forgotten. */
export const expired = (revision: Revision, compacted: Revision): WherryError =>
  new WherryError('Expired', `revision ${revision} has been compacted; the oldest one kept is ${compacted}`)

const lagged = (bufferedEvents: number): WherryError =>
  new WherryError('Expired', `the watch fell more than ${bufferedEvents} events behind; list again and watch from there`)
