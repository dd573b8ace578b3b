import type { LogManager } from '#kubelet/interfaces.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { LogFiles } from './files.ts'
import { readLog } from './read-log.ts'
import { planRotation } from './rotation.ts'

export interface LogManagerOptions {
  readonly files: LogFiles
  readonly runtime: { reopenLog(containerId: string): Promise<void> }
  readonly clock: Clock
  /** A rotation that failed; the next is tried 10 s later. */
  readonly report: (error: unknown, logPath: string) => void
  /** KubeletConfiguration.containerLogMaxSize, default 10Mi. */
  readonly maxBytes?: number
  /** KubeletConfiguration.containerLogMaxFiles, default 5, the present one included. */
  readonly maxFiles?: number
  /** KubeletConfiguration.containerLogMonitorInterval, default 10 s. */
  readonly intervalMs?: number
}

/** A log that fills up sooner than the next look would come is looked at sooner, but not more often than this. */
const leastIntervalMs = 500

interface Tracked {
  readonly path: string
  sizeBytes: number
  seenAt: Instant
  /** What is being compressed: another rotation leaves it alone. */
  busy: string | undefined
  isCompressing: boolean
  rotating: Promise<void> | undefined
  /** What is to be compressed yet, by path. */
  waiting: string[]
  /** Ends whichever of watch and deadline is set. */
  stop: () => void
  ended: boolean
}

/**
 * Rotates container logs by size. A log that grows is looked at once in 10 s; one that stays the same is left to a kernel watch on its folder,
 * which the first write ends. So a silent container costs nothing, and a loud one a `stat` in 10 s instead of an event a line. One that floods
 * is looked at as often as it fills up, at most twice a second, and rotated before anything is compressed: what compression cannot keep
 * up with is dropped as the surplus that it becomes. So the disk holds no more than the files allowed, each over its size by what is
 * written between two looks.
 */
export function createLogManager(options: LogManagerOptions): LogManager {
  const { files, runtime, clock, report, maxBytes = 10 << 20, maxFiles = 5, intervalMs = 10_000 } = options
  const tracked = new Map<string, Tracked>()
  const working = new Set<Promise<void>>()

  const look = (id: string, entry: Tracked): void => {
    const work = lookNow(id, entry)
      .catch((error: unknown) => {
        // A container that ended meanwhile reopens nothing, and its log grows no more.
        if (entry.ended) return
        report(error, entry.path)
        lookLater(id, entry)
      })
      .finally(() => working.delete(work))
    working.add(work)
  }
  const lookLater = (id: string, entry: Tracked, afterMs = intervalMs): void => {
    if (!entry.ended) entry.stop = clock.schedule(clock.now() + afterMs, () => look(id, entry))
  }
  const lookNow = async (id: string, entry: Tracked): Promise<void> => {
    const [before, seenAt] = [entry.sizeBytes, entry.seenAt]
    entry.sizeBytes = (await files.stat(entry.path))?.sizeBytes ?? 0
    entry.seenAt = clock.now()
    if (entry.ended) return
    const bytesPerMs = before < 0 ? 0 : Math.max(0, entry.sizeBytes - before) / Math.max(1, entry.seenAt - seenAt)
    if (entry.sizeBytes > maxBytes) {
      entry.rotating = rotate(id, entry).finally(() => (entry.rotating = undefined))
      await entry.rotating
      entry.sizeBytes = 0
    } else if (entry.sizeBytes === before) return watch(id, entry)
    const fullInMs = (maxBytes - entry.sizeBytes) / bytesPerMs
    lookLater(id, entry, Math.max(leastIntervalMs, Math.min(intervalMs, fullInMs)))
  }
  const watch = async (id: string, entry: Tracked): Promise<void> => {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
    let stop: () => void
    try {
      stop = files.watch(directoryOf(entry.path), (file) => {
        if (file !== name && file !== '') return
        entry.stop()
        lookLater(id, entry)
      })
    } catch (error) {
      // Without its folder nothing is written; the pod is about to go, or its folder about to come.
      if (!isError(error, 'NotFound')) throw error
      return lookLater(id, entry)
    }
    entry.stop = stop
    // What was written between the look and the watch made no event.
    const now = await files.stat(entry.path)
    if (entry.stop !== stop || entry.ended || (now?.sizeBytes ?? 0) === entry.sizeBytes) return
    stop()
    lookLater(id, entry)
  }

  const rotate = async (id: string, entry: Tracked): Promise<void> => {
    const { path, busy } = entry
    const directory = directoryOf(path)
    const plan = planRotation(path.slice(directory.length + 1), await files.list(directory), clock.now(), maxFiles, busy)
    for (const name of plan.remove) await files.remove(`${directory}/${name}`)
    const moved = `${directory}/${plan.moveTo}`
    await files.rename(path, moved)
    try {
      await runtime.reopenLog(id)
    } catch (error) {
      // The runtime goes on writing to the moved file: give it back its name, or its lines would be lost to readers.
      await files.rename(moved, path)
      throw error
    }
    entry.waiting = plan.compress.map((name) => `${directory}/${name}`)
    if (!entry.isCompressing) compress(entry)
  }
  /** Beside the looks that follow; one file after another. */
  const compress = (entry: Tracked): void => {
    entry.isCompressing = true
    const work = compressAll(entry)
      .catch((error: unknown) => {
        // A pod that goes takes its logs along.
        if (!entry.ended) report(error, entry.path)
      })
      .finally(() => working.delete(work))
    working.add(work)
  }
  const compressAll = async (entry: Tracked): Promise<void> => {
    try {
      for (let path = entry.waiting.shift(); path !== undefined && !entry.ended; path = entry.waiting.shift()) {
        // A rotation under way has decided already what goes; it may be this very file. Its failure is reported where it was begun.
        while (entry.rotating !== undefined) await entry.rotating.catch(() => {})
        if ((await files.stat(path)) === undefined || entry.rotating !== undefined) continue
        entry.busy = path.slice(path.lastIndexOf('/') + 1)
        await files.compress(path)
        entry.busy = undefined
      }
    } finally {
      entry.busy = undefined
      entry.isCompressing = false
    }
  }

  return {
    track(containerId, logPath) {
      if (tracked.get(containerId)?.path === logPath) return
      this.forget(containerId)
      const entry: Tracked = {
        path: logPath,
        sizeBytes: -1,
        seenAt: clock.now(),
        busy: undefined,
        isCompressing: false,
        rotating: undefined,
        waiting: [],
        stop: () => {},
        ended: false,
      }
      tracked.set(containerId, entry)
      look(containerId, entry)
    },
    forget(containerId) {
      const entry = tracked.get(containerId)
      if (!entry) return
      entry.ended = true
      entry.stop()
      tracked.delete(containerId)
    },
    async remove(logPath) {
      const directory = directoryOf(logPath)
      const name = logPath.slice(directory.length + 1)
      for (const file of await files.list(directory)) {
        if (file === name || file.startsWith(`${name}.`)) await files.remove(`${directory}/${file}`)
      }
    },
    async tail(logPath, { lines, bytes }) {
      const parts: Uint8Array[] = []
      const query = { follow: false, timestamps: false, stream: 'All', tailLines: lines } as const
      try {
        for await (const part of readLog(files, logPath, query, ended, new AbortController().signal)) parts.push(part)
      } catch (error) {
        if (isError(error, 'NotFound')) return ''
        throw error
      }
      return Buffer.concat(parts).subarray(-bytes).toString()
    },
    async close() {
      for (const id of [...tracked.keys()]) this.forget(id)
      await Promise.all(working)
    },
  }
}

const ended = { isRunning: () => false, onChange: () => () => {} }
const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
