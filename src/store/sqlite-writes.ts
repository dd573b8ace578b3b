import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { WherryError } from '#lib/errors.ts'
import { firstId, idsPerRevision, lastId, pragma, prepare, revisionOf, sqliteCode } from './sqlite-database.ts'
import { type Commit, type CommitsAnswer, packEntries } from './sqlite-messages.ts'
import type { Reads } from './sqlite-reads.ts'
import type { Entry, Operation, Revision } from './store.ts'

/** All that changes the file. */
export interface Writes {
  /** One transaction for all, each with a revision and conditions of its own, in order. Returns after it is durable. */
  commitAll(commits: readonly Commit[]): CommitsAnswer
  /** One step of forgetting, short enough not to hold up commits for long. Answers the revision reached. */
  compact(upTo: Revision): Revision
  /** Gives freed pages back to the disk and empties the log. */
  tidy(): void
}

/** Changes looked at in one step of a compaction. */
const compactStep = 2_000
/** Pages kept for what comes next; what is freed beyond goes back to the disk. */
const spareShare = 0.25
const sparePages = 256
/** Moved in one step of a vacuum: two megabytes of log. */
const vacuumPages = 512

/** Over one connection. `path` names the file in errors, and the reserve beside it. */
export function createWrites(database: DatabaseSync, reads: Reads, path: string): Writes {
  const find = prepare(database, 'SELECT change FROM present WHERE key = ?')
  const replaced = prepare(database, 'SELECT key, value, create_revision, id FROM change WHERE id = ?')
  const insert = prepare(database, 'INSERT INTO change (id, key, create_revision, previous, value) VALUES (?, ?, ?, ?, ?)')
  const set = prepare(database, 'INSERT INTO present (key, change) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET change = excluded.change')
  const unset = prepare(database, 'DELETE FROM present WHERE key = ?')
  const setMeta = prepare(database, 'UPDATE meta SET value = ? WHERE name = ?')
  const stretch = prepare(database, 'SELECT id, previous, create_revision FROM change WHERE id > ? AND id <= ? ORDER BY id LIMIT ?')
  const forget = prepare(database, 'DELETE FROM change WHERE id = ?')
  const reserve = createReserve(`${path}-reserve`)
  /** Set by a failed write whose outcome on the disk nobody knows. */
  let broken: WherryError | undefined

  function transaction<T>(run: () => T): T {
    if (broken !== undefined) throw broken
    database.exec('BEGIN IMMEDIATE')
    try {
      const value = run()
      database.exec('COMMIT')
      return value
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (database.isTransaction) database.exec('ROLLBACK')
      if (sqliteCode(error) === ioError) {
        // After a failed fsync the kernel may call pages clean that never reached the disk: trying again would acknowledge what is lost.
        broken = new WherryError(
          'ServiceUnavailable',
          `writing to ${path} failed (${(error as Error).message}); nothing more is written until the server has been restarted`,
          { cause: error },
        )
        throw broken
      }
      throw error
    }
  }

  function present(key: string): Entry | undefined {
    const id = find.get(key) as unknown as [number] | undefined
    if (id === undefined) return undefined
    const [, value, createRevision] = replaced.get(id[0]) as unknown as [string, Uint8Array | null, number]
    return { key, value: value ?? new Uint8Array(0), createRevision, modRevision: revisionOf(id[0]) }
  }

  function modRevisionOf(key: string): Revision {
    const id = find.get(key) as unknown as [number] | undefined
    return id === undefined ? 0 : revisionOf(id[0])
  }

  /** `deletesOnly`: the disk is full, and only what shrinks may use the reserve. */
  function write(commits: readonly Commit[], deletesOnly: string | undefined): CommitsAnswer {
    const revisions: Revision[] = []
    const checkedAt: Revision[] = []
    const failed: { commit: number; key: string; present: Entry | undefined }[] = []
    const previous: (Entry | undefined)[] = []
    let revision = reads.meta('revision')
    const before = revision
    commits.forEach(({ operations, conditions, follows }, commit) => {
      checkedAt.push(revision)
      const leader = follows ? revisions.at(-1)! : revision
      // What follows shares the lot of the one before it.
      if (leader <= 0) {
        for (const _ of operations) previous.push(undefined)
        revisions.push(leader)
        return
      }
      const unmet = conditions.filter((condition) => modRevisionOf(condition.key) !== condition.modRevision)
      const refused = deletesOnly !== undefined && !isOnlyDeletes(operations, commits[commit + 1])
      if (unmet.length > 0 || refused) {
        for (const { key } of unmet) failed.push({ commit, key, present: present(key) })
        for (const _ of operations) previous.push(undefined)
        revisions.push(unmet.length > 0 ? 0 : -1)
        return
      }
      const next = revision + 1
      let id = firstId(next)
      for (const operation of operations) {
        const known = present(operation.key)
        previous.push(known)
        if (operation.do === 'delete' && known === undefined) continue
        const previousId = known === undefined ? 0 : (find.get(operation.key) as unknown as [number])[0]
        if (operation.do === 'put') {
          insert.run(id, operation.key, known?.createRevision ?? next, previousId, operation.value)
          set.run(operation.key, id)
        } else {
          insert.run(id, operation.key, 0, previousId, null)
          unset.run(operation.key)
        }
        id += 1
      }
      if (id > firstId(next)) revision = next
      revisions.push(revision)
    })
    if (revision > before) setMeta.run(revision, 'revision')
    return { revisions, checkedAt, failed, previous: packEntries(previous), ...(deletesOnly !== undefined && { fullMessage: deletesOnly }) }
  }

  return {
    commitAll(commits) {
      if (reserve.inUse() && !reserve.restore()) return transaction(() => write(commits, fullMessage(path)))
      try {
        return transaction(() => write(commits, undefined))
      } catch (error) {
        if (sqliteCode(error) !== diskFull) throw error
        reserve.release()
        try {
          return transaction(() => write(commits, fullMessage(path)))
        } catch (again) {
          throw sqliteCode(again) === diskFull ? new WherryError('ServiceUnavailable', fullMessage(path), { cause: again }) : again
        }
      }
    },
    compact(upTo) {
      return transaction(() => {
        const from = reads.meta('compacted')
        if (upTo <= from) return from
        // Whole revisions only, so that a step ends where a reader may stand.
        const rows = stretch.all(lastId(from), lastId(upTo), compactStep + idsPerRevision) as unknown as [number, number, number][]
        let reached = upTo
        for (const [i, [id, previous, createRevision]] of rows.entries()) {
          if (i >= compactStep && revisionOf(id) !== revisionOf(rows[i - 1]![0])) {
            reached = revisionOf(rows[i - 1]![0])
            break
          }
          if (previous !== 0) forget.run(previous)
          if (createRevision === 0) forget.run(id)
        }
        setMeta.run(reached, 'compacted')
        return reached
      })
    },
    tidy() {
      try {
        // The log first: what it holds is then in its place, and on a full disk the vacuum has room to write.
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
        const keep = Math.max(sparePages, Math.floor(pragma(database, 'page_count') * spareShare))
        for (let free = pragma(database, 'freelist_count'); free > keep; free -= vacuumPages) {
          database.prepare(`PRAGMA incremental_vacuum(${Math.min(free - keep, vacuumPages)})`).all()
          database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
        }
      } catch (error) {
        // Without room the file stays as large as it is, and the next tidying tries again; nothing is lost or wrong by that.
        if (sqliteCode(error) !== diskFull) throw error
      }
    },
  }
}

/** Whether nothing stays of what is put, once what follows is done as well: an object is marked before it goes. */
function isOnlyDeletes(operations: readonly Operation[], next: Commit | undefined): boolean {
  const following = next?.follows === true ? next.operations : []
  const gone = new Set(following.flatMap((operation) => (operation.do === 'delete' ? [operation.key] : [])))
  return operations.every(({ do: what, key }) => what === 'delete' || gone.has(key)) && following.every(({ do: what }) => what === 'delete')
}

/** https://sqlite.org/rescode.html */
const diskFull = 13
const ioError = 10

const fullMessage = (path: string): string =>
  `the disk that holds ${path} is full: nothing new can be stored until space is freed there; deleting objects still works`

/**
 * Space held back, because deleting, too, has to write before it frees anything. Given up when the disk is full; taken again when
 * the disk has room for it and as much again.
 */
function createReserve(path: string): { inUse(): boolean; release(): void; restore(): boolean } {
  const sizeBytes = 8 * 1024 * 1024
  let released = !fill()

  function fill(): boolean {
    try {
      if (statSync(path, { throwIfNoEntry: false })?.size === sizeBytes) return true
      const room = statfsSync(dirname(path))
      if (room.bavail * room.bsize < 2 * sizeBytes) return false
      const file = openSync(path, 'w', 0o600)
      try {
        // Written, not only sized: a hole would reserve nothing.
        const block = new Uint8Array(1024 * 1024)
        for (let i = 0; i < sizeBytes; i += block.byteLength) writeSync(file, block)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      return true
    } catch {
      // No room for a reserve is what being full means; the answer says so.
      rmSync(path, { force: true })
      return false
    }
  }

  return {
    inUse: () => released,
    release() {
      rmSync(path, { force: true })
      released = true
    },
    restore() {
      released = !fill()
      return !released
    },
  }
}
