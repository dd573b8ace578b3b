import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Takes the file for this process alone and returns how to let it go; undefined while another process has it. The kernel lets go of it when
 * the process ends, however it ends: SQLite's exclusive lock is a file lock (https://sqlite.org/lockingv3.html), which Node itself does not
 * offer. Nothing is written to the file.
 */
export function tryLock(file: string): (() => void) | undefined {
  mkdirSync(dirname(file), { recursive: true, mode: 0o711 })
  // Only where there is none: closing a file lets go of every lock that this process has on it (fcntl(2)).
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return () => database.close()
  } catch (error) {
    database.close()
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === busy) return undefined
    throw error
  }
}

/** SQLITE_BUSY (https://sqlite.org/rescode.html). */
const busy = 5
