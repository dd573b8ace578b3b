import type { Clock } from '#lib/clock.ts'
import type { AuditBackend } from './audit.ts'
import { createEventBuffer } from './event-buffer.ts'

/** The files of an audit log; `host/audit-files.ts` is the machine's. */
export interface AuditFiles {
  /** Appends text; resolves with the size of the file in bytes. */
  append(path: string, text: string): Promise<number>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Files in the folder of `path`: names without the folder. */
  list(path: string): Promise<readonly string[]>
}

/** Where the log lies, and when it is moved aside. */
export interface LogBackendOptions {
  readonly path: string
  readonly files: AuditFiles
  readonly clock: Clock
  /** Rotated at this size; the reference's default. */
  readonly maxSizeBytes?: number
  /** Rotated files kept, by number and by age; 0: no limit. */
  readonly maxBackups?: number
  readonly maxAgeMs?: number
  readonly onFailure: (error: unknown) => void
}

/**
 * One event a line. Lines that come while one write is under way go out together with the next. Rotated files are named as the reference
 * names them: `audit-2026-01-02T15-04-05.000.log`.
 */
export function createLogBackend(options: LogBackendOptions): AuditBackend {
  const { path, files, clock, onFailure } = options
  const { maxSizeBytes = 100 * 1024 * 1024, maxBackups = 0, maxAgeMs = 0 } = options
  const waiting = createEventBuffer()
  let writing: Promise<void> | undefined
  const [, stem, extension] = /^(.*?)(\.[^./]*)?$/.exec(path) as unknown as [string, string, string | undefined]

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting.take()
      let size = 0
      try {
        size = await files.append(path, `${lines.join('\n')}\n`)
      } catch (error) {
        waiting.lose(lines.length)
        onFailure(error)
      }
      try {
        if (size >= maxSizeBytes) await rotate()
      } catch (error) {
        // Nothing is lost: the file only grows until it can be rotated.
        onFailure(error)
      }
    }
    writing = undefined
  }

  async function rotate(): Promise<void> {
    await files.rename(path, `${stem}-${stampOf(clock.now())}${extension ?? ''}`)
    const base = stem.slice(stem.lastIndexOf('/') + 1)
    const kept = (await files.list(path))
      .filter((name) => name.startsWith(`${base}-`) && name.endsWith(extension ?? '') && timeOf(name.slice(base.length + 1)) !== undefined)
      .toSorted()
      .toReversed()
    const folder = path.slice(0, path.lastIndexOf('/') + 1)
    for (const [i, name] of kept.entries()) {
      const tooOld = maxAgeMs > 0 && timeOf(name.slice(base.length + 1))! < clock.now() - maxAgeMs
      if (tooOld || (maxBackups > 0 && i >= maxBackups)) await files.remove(folder + name)
    }
  }

  return {
    name: 'log',
    get dropped() {
      return waiting.dropped
    },
    send(event) {
      if (waiting.offer(event)) writing ??= write()
    },
    async close() {
      await writing
    },
  }
}

const stampOf = (ms: number): string => new Date(ms).toISOString().slice(0, -1).replaceAll(':', '-')

function timeOf(stamp: string): number | undefined {
  const [, day, hour, minute, rest] = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})/.exec(stamp) ?? []
  return day === undefined ? undefined : Date.parse(`${day}T${hour}:${minute}:${rest}Z`)
}
