import type { Revision } from '#store/store.ts'
import { type Index, putItem, removeItem } from './index.ts'
import type { Item } from './item.ts'

/** One change of one object. `item` is absent after a delete, `previous` before a creation. */
export interface Change {
  readonly key: string
  readonly revision: Revision
  readonly item: Item | undefined
  readonly previous: Item | undefined
  /** Encoded watch frames by representation, shared by every watcher that shows the change in the same way. */
  readonly frames: Map<string, Uint8Array>
}

/**
 * The latest changes of a kind, in order: what watches resume from and older snapshots are made of. Bounded in number and bytes; the
 * oldest go first. Positions (`sequence`) never repeat, so a reader that fell behind can tell.
 */
export interface History {
  changes: Change[]
  /** Sequence of `changes[0]`. */
  first: number
  sizeBytes: number
  /** Changes at or below this revision are no longer all here. */
  floor: Revision
}

/** An empty history: changes up to `floor` are not in it. */
export const historyFrom = (floor: Revision): History => ({ changes: [], first: 0, sizeBytes: 0, floor })

/** Sequence of the change that comes next. */
export const nextSequence = (history: History): number => history.first + history.changes.length

/** Adds the latest change, in place, and drops the oldest ones where there are too many. */
export function append(history: History, change: Change): void {
  history.changes.push(change)
  history.sizeBytes += sizeOf(change)
  // Watchers are rarely this far behind; whoever is makes the frames again.
  history.changes.at(-framesKept)?.frames.clear()
  // Trimming in batches keeps the cost of moving the array per change constant.
  if (history.changes.length > limitChanges + trimBatch || history.sizeBytes > limitBytes * 1.25) trim(history)
}

/** Sequence of the first change above `revision`; undefined when that part of history is gone. */
export function sequenceAfter(history: History, revision: Revision): number | undefined {
  if (revision < history.floor) return undefined
  let low = 0
  let high = history.changes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (history.changes[middle]!.revision <= revision) low = middle + 1
    else high = middle
  }
  return history.first + low
}

/** The change at a position; undefined where it was dropped, or is still to come. */
export const changeAt = (history: History, sequence: number): Change | undefined => history.changes[sequence - history.first]

/** The index as it was at `revision`, made from the present one by undoing what came after; undefined when history is too short. */
export function rewind(present: Index, history: History, revision: Revision): Index | undefined {
  const from = sequenceAfter(history, revision)
  if (from === undefined) return undefined
  let index = present
  for (let at = history.changes.length - 1; at >= from - history.first; at -= 1) {
    const change = history.changes[at]!
    index = change.previous === undefined ? removeItem(index, change.key) : putItem(index, change.previous)
  }
  return index
}

function trim(history: History): void {
  let count = 0
  let sizeBytes = history.sizeBytes
  while (count < history.changes.length && (history.changes.length - count > limitChanges || sizeBytes > limitBytes)) {
    sizeBytes -= sizeOf(history.changes[count]!)
    count += 1
  }
  if (count === 0) return
  // A commit's changes share a revision: the floor stands at the last one dropped, so no half commit is offered.
  history.floor = history.changes[count - 1]!.revision
  history.changes = history.changes.slice(count)
  history.first += count
  history.sizeBytes = sizeBytes
}

const sizeOf = (change: Change): number => (change.previous?.value.byteLength ?? change.item?.value.byteLength ?? 0) + 200

// About five minutes of a busy kind; a watcher or a page older than this starts anew (410).
const limitChanges = 8_192
const trimBatch = 1_024
const framesKept = 512
const limitBytes = 16 * 1024 * 1024
