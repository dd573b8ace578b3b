import * as fs from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

let writes = 0

/** Replaces a file: a reader, or whoever comes after a crash, finds the old content or the new. On the disk once this resolves. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const folder = dirname(path)
  await fs.mkdir(folder, { recursive: true, mode: 0o750 })
  writes += 1
  const temporary = join(folder, `.${process.pid}-${writes}`)
  try {
    const file = await fs.open(temporary, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await fs.rename(temporary, join(folder, basename(path)))
  } catch (error) {
    await fs.rm(temporary, { force: true })
    throw error
  }
  const directory = await fs.open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
