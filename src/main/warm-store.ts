import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '#store/sqlite.ts'

/** Opens an empty store and closes it, so that the files of its thread are compiled as well. */
export async function warmStore(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-warm-'))
  try {
    const store = await openSqliteStore({ path: join(directory, 'store.db') })
    await store.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
