import { type FSWatcher, watch } from 'node:fs'
import { lstat, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SocketFolder } from '#kubelet/plugins/plugin-watcher.ts'
import { codeOf } from '../files.ts'

/**
 * Follows the sockets below a folder by the kernel's notes (inotify). A note only says where to look: each folder is listed anew, and what is
 * there is compared with what was, so that a note that came late or not at all for a change in between does no harm.
 */
export const socketFolder: SocketFolder = {
  async watch(directory, listener) {
    await mkdir(directory, { recursive: true, mode: 0o755 })
    const folders = new Map<string, Folder>()
    let isClosed = false

    async function follow(path: string): Promise<void> {
      if (folders.has(path) || isClosed) return
      const watcher = watch(path, { persistent: false }, () => void look(path))
      watcher.on('error', (error) => {
        if (!isClosed && path === directory) listener.failed(error)
      })
      folders.set(path, { watcher, sockets: new Map(), isLooking: false, isAsked: false })
      await look(path)
    }

    /** One look at a time for each folder; whatever comes meanwhile asks for one more. */
    async function look(path: string): Promise<void> {
      const folder = folders.get(path)
      if (folder === undefined) return
      folder.isAsked = true
      if (folder.isLooking) return
      folder.isLooking = true
      try {
        while (folder.isAsked && !isClosed) {
          folder.isAsked = false
          await compare(path, folder)
        }
      } catch (error) {
        if (!isClosed) listener.failed(error)
      } finally {
        folder.isLooking = false
      }
    }

    async function compare(path: string, folder: Folder): Promise<void> {
      const { sockets, folders: inside } = await read(path)
      if (isClosed) return
      for (const name of folder.sockets.keys()) {
        if (sockets.has(name)) continue
        folder.sockets.delete(name)
        listener.gone(join(path, name))
      }
      for (const [name, identity] of sockets) {
        if (folder.sockets.get(name) === identity) continue
        folder.sockets.set(name, identity)
        listener.found(join(path, name), identity)
      }
      for (const below of [...folders.keys()]) {
        // Directly below only: what is deeper goes with its own parent.
        const name = below.startsWith(`${path}/`) ? below.slice(path.length + 1) : '/'
        if (!name.includes('/') && !inside.has(name)) leave(below)
      }
      for (const name of inside) await follow(join(path, name))
    }

    /** The folder is gone, and so is all in it. */
    function leave(path: string): void {
      for (const [below, folder] of folders) {
        if (below !== path && !below.startsWith(`${path}/`)) continue
        folder.watcher.close()
        folders.delete(below)
        for (const name of folder.sockets.keys()) listener.gone(join(below, name))
      }
    }

    await follow(directory)
    return () => {
      isClosed = true
      for (const { watcher } of folders.values()) watcher.close()
    }
  },
}

interface Folder {
  readonly watcher: FSWatcher
  /** Identities by name. */
  readonly sockets: Map<string, string>
  isLooking: boolean
  isAsked: boolean
}

/** Nothing, where the folder went meanwhile. */
async function read(path: string): Promise<{ sockets: ReadonlyMap<string, string>; folders: ReadonlySet<string> }> {
  const sockets = new Map<string, string>()
  const folders = new Set<string>()
  for (const name of (await orGone(readdir(path))) ?? []) {
    if (name.startsWith('.')) continue
    const found = await orGone(stat(join(path, name), { bigint: true }))
    // A link to a folder is not followed: it may lead round in a circle, or to half of the machine.
    if (found?.isDirectory()) {
      if ((await orGone(lstat(join(path, name))))?.isDirectory()) folders.add(name)
    }
    // A number of an inode is given out again at once: only with the time of birth it tells two sockets apart.
    else if (found?.isSocket()) sockets.set(name, `${found.ino}:${found.birthtimeNs}`)
  }
  return { sockets, folders }
}

async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
}
