import { watch } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PodSource } from '#kubelet/interfaces.ts'
import { staticPod } from '#kubelet/pod/static-pod.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'

export interface StaticPodsOptions {
  /** `staticPodPath`; made by who puts manifests there, before the agent starts. */
  readonly directory: string
  readonly nodeName: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * The manifests of a folder as pods: every plain file whose name does not begin with a dot. One that cannot be read or is no pod is left out with a
 * warning, and keeps no other from running; what it asked for before ends, as if the file were gone.
 */
export function staticPodSource({ directory, nodeName, clock, log }: StaticPodsOptions): PodSource {
  const listeners = new Set<() => void>()
  let forget = (): void => {}
  const watcher = watch(directory, { persistent: false }, () => {
    forget()
    // An editor writes in several steps: the file is read when it has been left alone for a moment.
    forget = clock.schedule(clock.now() + SETTLED_MS, () => {
      for (const listener of listeners) listener()
    })
  })
  watcher.on('error', (error) => log.warn('the folder of static pods is no longer watched', { directory, error }))
  return {
    name: 'file',
    async list() {
      const names = (await readdir(directory)).filter((name) => !name.startsWith('.')).toSorted()
      const read = await Promise.all(names.map((name) => manifest(join(directory, name))))
      return read.flatMap((one) => one ?? [])
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      forget()
      watcher.close()
    },
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

const SETTLED_MS = 200
/** The reference's bound of a manifest. */
const SIZE_LIMIT_BYTES = 10 << 20
