import { execFile, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { NodeLogFile, NodeLogs } from '#kubelet/server/node-logs.ts'
import { orMissing } from './files.ts'

/** The machine's own logs: a folder, and systemd's journal where there is one. */
export function nodeLogs(directory = '/var/log', journalctl = 'journalctl'): NodeLogs {
  return {
    async open(path) {
      const file = await orMissing(open(join(directory, path), constants.O_RDONLY | constants.O_NONBLOCK))
      if (file === undefined) return undefined
      try {
        // What was opened is looked at, not what the path said a moment ago: a link may lead anywhere.
        const [place, root] = await Promise.all([readlink(`/proc/self/fd/${file.fd}`), realPath(directory)])
        if (place !== root && !place.startsWith(`${root}/`)) return await closed(file)
        const stat = await file.stat()
        if (stat.isDirectory()) {
          const entries = await readdir(`/proc/self/fd/${file.fd}`, { withFileTypes: true })
          await file.close()
          return { entries: entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() })).toSorted(byName) }
        }
        return stat.isFile() ? fileOf(file, stat.size) : await closed(file)
      } catch (error) {
        await file.close()
        throw error
      }
    },
    async journalServices() {
      try {
        const { stdout } = await promisify(execFile)(journalctl, ['--field', '_SYSTEMD_UNIT'], { maxBuffer: 16 << 20, timeout: 30_000 })
        return stdout.split('\n')
      } catch {
        // No systemd here, or no journal that we may read: services are looked for in files.
        return []
      }
    },
    async *journal(args, signal) {
      const child = spawn(journalctl, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 })
      const stop = () => child.kill()
      signal.addEventListener('abort', stop, { once: true })
      const failed = new Promise<string>((resolve) => child.once('error', () => resolve('\nerror: journal output not available\n')))
      const ended = new Promise<string>((resolve) => child.once('close', () => resolve('')))
      try {
        for await (const part of child.stdout) yield part as Uint8Array
        for await (const part of child.stderr) yield part as Uint8Array
        yield Buffer.from(await Promise.race([failed, ended]))
      } finally {
        signal.removeEventListener('abort', stop)
        child.kill()
      }
    },
  }
}

const chunkBytes = 64 << 10

function fileOf(file: FileHandle, sizeBytes: number): NodeLogFile {
  return {
    sizeBytes,
    async *read(first, last) {
      for (let at = first; at <= last; ) {
        const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, last - at + 1))
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) return
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    },
    close: () => file.close(),
  }
}

async function realPath(directory: string): Promise<string> {
  const file = await open(directory, constants.O_RDONLY)
  try {
    return await readlink(`/proc/self/fd/${file.fd}`)
  } finally {
    await file.close()
  }
}

async function closed(file: FileHandle): Promise<undefined> {
  await file.close()
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1)
