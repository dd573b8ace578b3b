import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CheckpointFile } from '#kubelet/plugins/checkpoint.ts'
import { WherryError } from '#lib/errors.ts'
import { orMissing } from '../files.ts'

/** JSON with a check sum over its data, written beside and renamed into place. Nobody but root may read it. */
export function checkpointFile(path: string): CheckpointFile {
  return {
    async read() {
      const text = await orMissing(readFile(path, 'utf8'))
      if (text === undefined) return undefined
      let parsed: { data?: unknown; checksum?: unknown }
      try {
        parsed = JSON.parse(text)
      } catch (cause) {
        throw new WherryError('InternalError', `checkpoint ${path} is no JSON`, { cause })
      }
      if (parsed.checksum !== checksum(parsed.data)) throw new WherryError('InternalError', `checkpoint ${path} is corrupted`)
      return parsed.data
    },
    async write(data) {
      await mkdir(dirname(path), { recursive: true, mode: 0o750 })
      const beside = `${path}.tmp`
      const file = await open(beside, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify({ data, checksum: checksum(data) }))
        await file.datasync()
      } finally {
        await file.close()
      }
      await rename(beside, path)
    },
  }
}

const checksum = (data: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(data) ?? '')
    .digest('hex')
