import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { WherryError } from '#lib/errors.ts'

/**
 * The file: every change since the last compaction in the order of revisions, and for each present key which change made it what it is.
 * A value is written once; a change knows the one before it, so an older state is the present one with the newer changes undone.
 */
const schema = `
  CREATE TABLE change (
    id INTEGER PRIMARY KEY,            -- revision * 1024 + position within the commit
    key TEXT NOT NULL,
    create_revision INTEGER NOT NULL,  -- 0: the key was deleted
    previous INTEGER NOT NULL,         -- id of the change that this one replaced; 0: the key was absent
    value BLOB
  );
  CREATE TABLE present (
    key TEXT PRIMARY KEY,
    change INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO meta VALUES ('revision', 1), ('compacted', 0);
`

/** 'whry' */
const applicationId = 0x77687279
const schemaVersion = 1

/** Room for the changes of one commit, which `checkCommit` bounds. A part of the file's format. */
export const idsPerRevision = 1024
/** The lowest id that a change of this revision may have. */
export const firstId = (revision: number): number => revision * idsPerRevision
/** The highest id that a change of this revision may have. */
export const lastId = (revision: number): number => revision * idsPerRevision + idsPerRevision - 1
/** The revision of a change, by its id. */
export const revisionOf = (id: number): number => Math.floor(id / idsPerRevision)

/** Opens or creates the file, readable by its owner only, and takes it for this process alone. */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    // SQLite would create it with the umask's permissions; the write-ahead log inherits what stands here.
    closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path, { timeout: 0 })
    // Two servers on one file would not hear of each other's changes. Held alone, the log needs no shared memory file, either.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    if (pragma(database, 'application_id') === 0 && isEmpty(database)) create(database, path)
    check(database, path)
    database.exec('PRAGMA journal_mode = WAL')
    // A commit is acknowledged when the log is on the disk, not in its cache.
    database.exec('PRAGMA synchronous = FULL')
    database.exec('PRAGMA cache_size = -4096')
    database.exec('PRAGMA wal_autocheckpoint = 2000')
    database.exec('PRAGMA journal_size_limit = 16777216')
    database.exec('BEGIN IMMEDIATE; COMMIT')
    return database
  } catch (error) {
    database?.close()
    throw openError(path, error)
  }
}

/** What SQLite says of one of its settings that are numbers. */
export const pragma = (database: DatabaseSync, name: string): number =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] as number

const isEmpty = (database: DatabaseSync): boolean => database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] === 0

function create(database: DatabaseSync, path: string): void {
  database.exec('PRAGMA auto_vacuum = INCREMENTAL')
  database.exec('PRAGMA journal_mode = WAL')
  database.exec(`BEGIN; ${schema} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`)
  // The new name has to survive a power failure as well as what is in the file.
  const directory = openSync(dirname(path), 'r')
  fsyncSync(directory)
  closeSync(directory)
}

/** Quick sanity only: a full check reads the whole file. */
function check(database: DatabaseSync, path: string): void {
  if (pragma(database, 'application_id') !== applicationId)
    throw new WherryError('InternalError', `${path} is no store of Wherry; name another file`)
  const version = pragma(database, 'user_version')
  if (version !== schemaVersion)
    throw new WherryError(
      'InternalError',
      `${path} has format ${version}, and this program knows format ${schemaVersion}; use the program that wrote it`,
    )
  const newest = database.prepare('SELECT max(id) AS id FROM change').get()?.['id'] as number | null
  const revision = database.prepare("SELECT value FROM meta WHERE name = 'revision'").get()?.['value'] as number | undefined
  if (revision === undefined || (newest !== null && revisionOf(newest) > revision))
    throw new WherryError('InternalError', `${path} is damaged: its newest change is later than its revision; restore it from a backup`)
}

function openError(path: string, error: unknown): WherryError {
  if (error instanceof WherryError) return error
  const code = sqliteCode(error)
  const cause = { cause: error }
  if (code === 5) return new WherryError('ServiceUnavailable', `${path} is in use by another process; stop that one first`, cause)
  if (code === 11 || code === 26)
    return new WherryError('InternalError', `${path} is damaged or no SQLite file; restore it from a backup`, cause)
  return new WherryError('ServiceUnavailable', `cannot open ${path}: ${(error as Error).message}`, cause)
}

/** Primary result code (https://sqlite.org/rescode.html); 0: no SQLite error. */
export function sqliteCode(error: unknown): number {
  const code = (error as { errcode?: unknown }).errcode
  return typeof code === 'number' ? code & 0xff : 0
}

/** Rows as arrays: objects with names cost more than the row. */
export function prepare(database: DatabaseSync, sql: string): StatementSync {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}
