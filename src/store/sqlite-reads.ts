import type { DatabaseSync } from 'node:sqlite'
import { WherryError } from '#lib/errors.ts'
import { compareKeys, prefixEnd } from './key.ts'
import { lastId, prepare, revisionOf } from './sqlite-database.ts'
import { type HistoryAnswer, type PackedEntries, packEntries, type RangeAnswer } from './sqlite-messages.ts'
import type { Entry, Revision } from './store.ts'
import { expired } from './watch-hub.ts'

/** All that is read from the file. Everything runs to its end before the thread does something else, so each read is of one moment. */
export interface Reads {
  meta(name: 'revision' | 'compacted'): number
  get(key: string): Entry | undefined
  /** Hands out entries page by page. `revision` -1: the present. */
  range(prefix: string, from: string, limit: number, revision: Revision, page: (entries: PackedEntries) => void): RangeAnswer
  history(prefix: string, after: Revision, upTo: Revision): HistoryAnswer
}

/** Above every key: U+10FFFF is no character. */
const noEnd = '\u{10ffff}'
const pageBytes = 1024 * 1024
const historyEvents = 2_000
const historyBytes = 4 * 1024 * 1024

/** Over one connection, whose statements are prepared once. */
export function createReads(database: DatabaseSync): Reads {
  const meta = prepare(database, 'SELECT value FROM meta WHERE name = ?')
  const one = prepare(
    database,
    'SELECT p.key, c.value, c.create_revision, c.id FROM present p JOIN change c ON c.id = p.change WHERE p.key = ?',
  )
  const many = prepare(
    database,
    'SELECT p.key, c.value, c.create_revision, c.id FROM present p JOIN change c ON c.id = p.change WHERE p.key >= ? AND p.key < ? ORDER BY p.key LIMIT ?',
  )
  const count = prepare(database, 'SELECT count(*) FROM present WHERE key > ? AND key < ?')
  const keys = prepare(database, 'SELECT key, change FROM present WHERE key >= ? AND key < ?')
  const newer = prepare(database, 'SELECT key, previous FROM change WHERE id > ? AND key >= ? AND key < ? ORDER BY id')
  const byId = prepare(database, 'SELECT key, value, create_revision, id FROM change WHERE id = ?')
  const changes = prepare(
    database,
    `SELECT c.id, c.key, c.value, c.create_revision, b.id, b.value, b.create_revision FROM change c LEFT JOIN change b ON b.id = c.previous
      WHERE c.id > ? AND c.id <= ? AND c.key >= ? AND c.key < ? ORDER BY c.id`,
  )

  const reads: Reads = {
    meta: (name) => (meta.get(name) as unknown as [number])[0],
    get(key) {
      const row = one.get(key) as unknown as Row | undefined
      return row && entryOf(row)
    },
    range(prefix, from, limit, revision, page) {
      const present = reads.meta('revision')
      const compacted = reads.meta('compacted')
      if (revision > present) throw new WherryError('InternalError', `revision ${revision} is in the future; the present one is ${present}`)
      if (revision >= 0 && revision < compacted) throw expired(revision, compacted)
      const start = compareKeys(from, prefix) > 0 ? from : prefix
      const end = prefixEnd(prefix) ?? noEnd
      if (revision >= 0 && revision !== present) return rangeThen(start, end, limit, revision, page)
      const pages = paged(page)
      let last: string | undefined
      let found = 0
      // -1: without limit.
      for (const row of many.iterate(start, end, limit === Infinity ? -1 : limit) as Iterable<unknown>) {
        const entry = entryOf(row as Row)
        last = entry.key
        found += 1
        pages.add(entry)
      }
      pages.end()
      const remaining = found < limit ? 0 : (count.get(last ?? start, end) as unknown as [number])[0]
      // Without a last key (limit 0) the first one is past it, too, where it is one of the range's.
      const first = last === undefined && found >= limit && compareKeys(start, end) < 0 && one.get(start) !== undefined ? 1 : 0
      return { revision: present, remaining: remaining + first }
    },
    history(prefix, after, upTo) {
      const end = prefixEnd(prefix) ?? noEnd
      const entries: (Entry | undefined)[] = []
      const revisions: Revision[] = []
      let sizeBytes = 0
      for (const row of changes.iterate(lastId(after), lastId(upTo), prefix, end) as Iterable<unknown>) {
        const [id, key, value, created, previousId, previousValue, previousCreated] = row as ChangeRow
        const revision = revisionOf(id)
        // A long past is handed out in pieces, but never a commit in two.
        if ((revisions.length >= historyEvents || sizeBytes >= historyBytes) && revision !== revisions.at(-1))
          return { revisions, entries: packEntries(entries), upTo: revisions.at(-1)! }
        revisions.push(revision)
        // A deletion has no value, but its key has to be told.
        entries.push({ key, value: value ?? empty, createRevision: created === 0 ? -1 : created, modRevision: revision })
        const known = previousId !== null && previousCreated !== null && previousCreated !== 0 && previousValue !== null
        entries.push(
          known ? { key, value: previousValue, createRevision: previousCreated, modRevision: revisionOf(previousId) } : undefined,
        )
        sizeBytes += (value?.byteLength ?? 0) + (previousValue?.byteLength ?? 0)
      }
      return { revisions, entries: packEntries(entries), upTo }
    },
  }

  /** The present state with everything after `revision` undone. */
  function rangeThen(start: string, end: string, limit: number, revision: Revision, page: (entries: PackedEntries) => void): RangeAnswer {
    const then = new Map<string, number>()
    for (const row of keys.iterate(start, end) as Iterable<unknown>) then.set(...(row as [string, number]))
    const undone = new Set<string>()
    for (const row of newer.iterate(lastId(revision), start, end) as Iterable<unknown>) {
      const [key, previous] = row as [string, number]
      // The first change after the revision replaced what was there at the revision.
      if (undone.has(key)) continue
      undone.add(key)
      if (previous === 0) then.delete(key)
      else then.set(key, previous)
    }
    const sorted = [...then.keys()].sort(compareKeys)
    const pages = paged(page)
    let found = 0
    let remaining = 0
    for (const key of sorted) {
      const row = byId.get(then.get(key)!) as unknown as Row | undefined
      // What was deleted before the revision, and created again after it, was absent at it.
      if (row === undefined || row[2] === 0) continue
      if (found < limit) {
        found += 1
        pages.add(entryOf(row))
      } else remaining += 1
    }
    pages.end()
    return { revision, remaining }
  }

  return reads
}

type Row = [key: string, value: Uint8Array | null, createRevision: number, id: number]
type ChangeRow = [
  id: number,
  key: string,
  value: Uint8Array | null,
  createRevision: number,
  previousId: number | null,
  previousValue: Uint8Array | null,
  previousCreateRevision: number | null,
]

const empty = new Uint8Array(0)

const entryOf = ([key, value, createRevision, id]: Row): Entry => ({
  key,
  // SQLite may give an empty value back as NULL.
  value: value ?? empty,
  createRevision,
  modRevision: revisionOf(id),
})

/** Collects entries into blocks of about a megabyte. */
function paged(page: (entries: PackedEntries) => void): { add(entry: Entry): void; end(): void } {
  let entries: Entry[] = []
  let sizeBytes = 0
  const end = () => {
    if (entries.length > 0) page(packEntries(entries))
    entries = []
    sizeBytes = 0
  }
  return {
    add(entry) {
      entries.push(entry)
      sizeBytes += entry.value.byteLength + entry.key.length
      if (sizeBytes >= pageBytes) end()
    },
    end,
  }
}
