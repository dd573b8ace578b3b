import { createReadStream, createWriteStream, watch } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { LogFiles } from '#kubelet/container-log/files.ts'
import type { Files } from '#kubelet/interfaces.ts'
import { WherryError } from '#lib/errors.ts'
import { readInside } from './read-inside.ts'

/** Made so far: several are made at once in one folder, and none may take another's place. */
let links = 0

/** The kubelet's small files. */
export const nodeFiles: Files = {
  async read(path, limitBytes) {
    const file = await orMissing(fs.open(path, 'r'))
    if (!file) return undefined
    try {
      const parts: Buffer[] = []
      for (let left = limitBytes; left > 0; ) {
        const buffer = Buffer.allocUnsafe(Math.min(left, 64 << 10))
        const { bytesRead } = await file.read(buffer, 0, buffer.length)
        if (bytesRead === 0) break
        parts.push(buffer.subarray(0, bytesRead))
        left -= bytesRead
      }
      return Buffer.concat(parts)
    } finally {
      await file.close()
    }
  },
  async write(path, content, mode) {
    await fs.mkdir(dirname(path), { recursive: true })
    const file = await fs.open(path, fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_TRUNC | fs.constants.O_NOFOLLOW, mode)
    try {
      // Mode first: between open and chmod an older, wider mode would show a secret.
      await file.chmod(mode)
      await file.writeFile(content)
    } finally {
      await file.close()
    }
  },
  async makeDirectory(path, mode) {
    await fs.mkdir(path, { recursive: true })
    await fs.chmod(path, mode)
  },
  readInside,
  list: async (path) => (await orMissing(fs.readdir(path)))?.toSorted() ?? [],
  remove: (path) => fs.rm(path, { recursive: true, force: true }),
  async link(path, target) {
    await fs.mkdir(dirname(path), { recursive: true })
    const temporary = join(dirname(path), `.${process.pid}.${(links += 1)}.link.tmp`)
    await fs.rm(temporary, { force: true })
    await fs.symlink(target, temporary)
    await fs.rename(temporary, path)
  },
}

/** Container logs. */
export const logFiles: LogFiles = {
  async open(path) {
    const file = await orMissing(fs.open(path, 'r'))
    if (!file) return undefined
    const { ino } = await file.stat()
    return {
      inode: ino,
      sizeBytes: async () => (await file.stat()).size,
      read: async (buffer, position) => (await file.read(buffer, 0, buffer.length, position)).bytesRead,
      close: () => file.close(),
    }
  },
  async stat(path) {
    const stat = await orMissing(fs.stat(path))
    return stat && { inode: stat.ino, sizeBytes: stat.size }
  },
  list: nodeFiles.list,
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.rm(path, { force: true }),
  async compress(path) {
    const temporary = `${path}.gz.tmp`
    const { mode } = await fs.stat(path)
    await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: mode & 0o777 }))
    await fs.rename(temporary, `${path}.gz`)
    await fs.rm(path)
  },
  watch(directory, changed) {
    try {
      // Kernel watches end by themselves with the process; they must not keep it alive.
      const watcher = watch(directory, { persistent: false }, (_event, name) => changed(name ?? ''))
      watcher.on('error', () => changed(''))
      return () => watcher.close()
    } catch (cause) {
      throw codeOf(cause) === 'ENOENT' ? new WherryError('NotFound', `no directory ${directory} to watch`, { cause }) : cause
    }
  },
}

/** Undefined for what is not there; every other failure stays one. */
export async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** The errno's name of a Node error. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
