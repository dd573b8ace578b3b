import { type FSWatcher, statSync, watch } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PodSource } from '#kubelet/interfaces.ts'
import { staticPod } from '#kubelet/pod/static-pod.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { codeOf } from './files.ts'

export interface StaticPodsOptions {
  /** `staticPodPath`; made by who puts manifests there, whenever that is. */
  readonly directory: string
  readonly nodeName: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * The manifests of a folder as pods: every plain file whose name does not begin with a dot. One that cannot be read or is no pod is left out with a
 * warning, and keeps no other from running; what it asked for before ends, as if the file were gone. A folder that is not there holds none.
 */
export function staticPodSource({ directory, nodeName, clock, log }: StaticPodsOptions): PodSource {
  const listeners = new Set<() => void>()
  let forget = (): void => {}
  let watcher: FSWatcher | undefined
  follow()
  return {
    name: 'file',
    async list() {
      const names = await readdir(directory).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return []
        throw error
      })
      const shown = names.filter((name) => !name.startsWith('.')).toSorted()
      const read = await Promise.all(shown.map((name) => manifest(join(directory, name))))
      return read.flatMap((one) => one ?? [])
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      forget()
      watcher?.close()
    },
  }

  /** Watches the folder, or the nearest one above it as long as it is not there. */
  function follow(): void {
    watcher?.close()
    watcher = undefined
    const at = nearest(directory)
    try {
      watcher = watch(at.path, { persistent: false }, () => {
        const now = nearest(directory)
        const isSame = now.path === at.path && now.identity === at.identity
        if (!isSame) follow()
        // What happens beside the way to the folder is nobody's business.
        if (!isSame || at.path === directory) settle()
      })
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
    watcher?.on('error', (error) => log.warn('the folder of static pods is no longer watched', { directory, error }))
    // It came or went between the look and the watch.
    const { path, identity } = nearest(directory)
    if (watcher === undefined || path !== at.path || identity !== at.identity) follow()
  }

  /** An editor writes in several steps: the file is read when it has been left alone for a moment. */
  function settle(): void {
    forget()
    forget = clock.schedule(clock.now() + SETTLED_MS, () => {
      for (const listener of listeners) listener()
    })
  }

  async function manifest(path: string) {
    try {
      const file = await stat(path)
      if (!file.isFile()) return undefined
      if (file.size > SIZE_LIMIT_BYTES) {
        log.warn('a manifest is too large for a pod', { path, sizeBytes: file.size })
        return undefined
      }
      return staticPod({ path, text: await readFile(path, 'utf8'), seenAt: Math.floor(file.mtimeMs) }, nodeName)
    } catch (error) {
      // It went between the list and the look.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      if (!isError(error, 'Invalid') && (error as NodeJS.ErrnoException).code === undefined) throw error
      log.warn('a manifest is left out', { path, error })
      return undefined
    }
  }
}

/** The folder itself or the first above it that is there, and which one it is: another of the same name has to be watched anew. */
function nearest(path: string): { readonly path: string; readonly identity: string } {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory() || dirname(path) === path) return { path, identity: `${stat?.dev}:${stat?.ino}` }
  return nearest(dirname(path))
}

const SETTLED_MS = 200
/** The reference's bound of a manifest. */
const SIZE_LIMIT_BYTES = 10 << 20
