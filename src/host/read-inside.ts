import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { WherryError } from '#lib/errors.ts'

/**
 * A file below a directory that somebody else writes to, a container for one. No link is followed on the way and no pipe waited for: each part of
 * the path is opened by itself, in the directory opened before it. Throws `NotFound`, and `Forbidden` for what is no plain file or behind a link.
 */
export async function readInside(directory: string, path: string, limitBytes: number): Promise<Uint8Array> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0 || parts.includes('..')) throw new WherryError('Forbidden', `"${path}" names no file of the volume`)
  let at = await openPart(directory, constants.O_DIRECTORY, path)
  try {
    for (const [index, part] of parts.entries()) {
      const isLast = index === parts.length - 1
      const next = await openPart(`/proc/self/fd/${at.fd}/${part}`, isLast ? 0 : constants.O_DIRECTORY, path)
      await at.close()
      at = next
    }
    if (!(await at.stat()).isFile()) throw new WherryError('Forbidden', `"${path}" is no plain file`)
    const buffer = Buffer.alloc(limitBytes)
    const { bytesRead } = await at.read(buffer, 0, limitBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await at.close()
  }
}

async function openPart(at: string, flags: number, path: string): Promise<FileHandle> {
  try {
    return await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | flags)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new WherryError('NotFound', `there is no file "${path}"`, { cause: error })
    if (code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO')
      throw new WherryError('Forbidden', `"${path}" leads over a link or through something that is no directory`, { cause: error })
    throw error
  }
}
