import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { writeAtomically } from './pki/write-atomically.ts'

/**
 * Who this machine's server is among those that want to lead: host name and a number, kept in `file` beside the store. A server that follows
 * a killed one thus takes its own lease back at once, where a stranger would wait out its 15 s. To be asked only by the process that holds
 * the store: its lock is what keeps two processes from being the same one.
 */
export async function serverIdentity(file: string): Promise<string> {
  try {
    const kept = (await readFile(file, 'utf8')).trim()
    if (kept !== '') return kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const identity = `${hostname()}_${randomUUID()}`
  await writeAtomically(file, `${identity}\n`)
  return identity
}
