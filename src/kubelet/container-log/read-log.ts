import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { CriLine } from './cri-line.ts'
import { parseCriLine } from './cri-line.ts'
import type { LogFiles, OpenLog } from './files.ts'
import { tailOffset } from './tail-offset.ts'

/** PodLogOptions (core/v1) without the choice of the container. */
export interface LogQuery {
  readonly follow: boolean
  readonly timestamps: boolean
  readonly stream: 'All' | 'Stdout' | 'Stderr'
  readonly tailLines?: number
  /** Entries from then on. */
  readonly since?: Instant
  readonly limitBytes?: number
}

/** Whether more may come, for a followed log. */
export interface LogSource {
  isRunning(): boolean
  /** Calls back when `isRunning` may have changed; returns how to stop. */
  onChange(listener: () => void): () => void
}

const chunkBytes = 64 << 10
/** containerd cuts lines at 16 KiB. A longer one is no CRI log. */
const maxLineBytes = 1 << 20
const newline = Buffer.from('\n')

/**
 * The text of a container's log. Reads the present file only, as the reference does; a followed log goes on over rotations until the
 * container has ended and all is read, or the signal aborts. Throws `NotFound` when there is no file.
 */
export async function* readLog(
  files: LogFiles,
  path: string,
  query: LogQuery,
  source: LogSource,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  let log = await files.open(path)
  if (!log)
    throw new WherryError('NotFound', `failed to try resolving symlinks in path "${path}": lstat ${path}: no such file or directory`)
  const changes = query.follow ? watchChanges(files, path, source, signal) : undefined
  try {
    const render = createRenderer(query)
    const sizeBytes = await log.sizeBytes()
    let position = query.tailLines === undefined ? 0 : await tailOffset(log, sizeBytes, query.tailLines)
    // Whoever does not follow gets what there is now: a log may well be written faster than it is read.
    const endAt = query.follow ? Infinity : sizeBytes
    let left = query.limitBytes ?? Infinity
    while (left > 0) {
      // Asked before reading: what is written until then is read in this pass.
      const running = source.isRunning()
      const seen = changes?.count() ?? 0
      const next = await files.stat(path)
      const rotated = query.follow && next !== undefined && next.inode !== log.inode
      for await (const { text, end } of readEntries(log, position, endAt, render, signal)) {
        position = end
        if (text.length === 0) continue
        yield text.subarray(0, left)
        left -= text.length
        if (left <= 0) return
      }
      if (!changes || signal.aborted) return
      if (rotated) {
        const following = await files.open(path)
        if (!following) continue
        await log.close()
        log = following
        position = 0
      } else if (running) await changes.after(seen)
      else return
    }
  } finally {
    changes?.stop()
    await log.close()
  }
}

/** Rendered text of the complete entries from `position` to `endAt`, in pieces, each with the place after it. */
async function* readEntries(
  log: OpenLog,
  position: number,
  endAt: number,
  render: (line: CriLine, out: Uint8Array[]) => void,
  signal: AbortSignal,
): AsyncGenerator<{ readonly text: Uint8Array; readonly end: number }> {
  let pending: Buffer = Buffer.alloc(0)
  let readAt = position
  while (!signal.aborted) {
    if (readAt >= endAt) return
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, endAt - readAt))
    const length = await log.read(buffer, readAt)
    if (length === 0) return
    readAt += length
    const bytes = pending.length === 0 ? buffer.subarray(0, length) : Buffer.concat([pending, buffer.subarray(0, length)])
    const out: Uint8Array[] = []
    let from = 0
    for (let at = bytes.indexOf(newline, from); at >= 0; at = bytes.indexOf(newline, from)) {
      const line = parseCriLine(bytes.subarray(from, at))
      // A line that is cut by a crash of the machine is passed over, as the reference does.
      if (line) render(line, out)
      from = at + 1
    }
    pending = bytes.subarray(from)
    if (pending.length > maxLineBytes) throw new WherryError('InternalError', `log has a line longer than ${maxLineBytes} bytes`)
    yield { text: Buffer.concat(out), end: readAt - pending.length }
  }
}

/** Chooses entries and puts them as the client asked. */
function createRenderer(query: LogQuery): (line: CriLine, out: Uint8Array[]) => void {
  const wanted = query.stream === 'All' ? undefined : query.stream === 'Stdout' ? 'stdout' : 'stderr'
  let since = query.since
  // Each stream's lines are cut on their own: a timestamp belongs before the first part only.
  const inLine = { stdout: false, stderr: false }
  return (line, out) => {
    if (wanted !== undefined && line.stream !== wanted) return
    if (since !== undefined) {
      if (Date.parse(line.time) < since) return
      // Entries stand in the order of time: the rest is later too.
      since = undefined
    }
    if (query.timestamps && !inLine[line.stream]) out.push(Buffer.from(`${fixed(line.time)} `, 'latin1'))
    out.push(line.text)
    if (!line.partial) out.push(newline)
    inLine[line.stream] = line.partial
  }
}

/** With all nine digits of the nanoseconds, so that lines sort by their times: runtimes leave zeros at the end away. */
function fixed(time: string): string {
  const [, whole, digits = '', zone] = /^([^.Z+]+[^.Z+-])(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? []
  return whole === undefined ? time : `${whole}.${digits.padEnd(9, '0')}${zone}`
}

interface Changes {
  count(): number
  /** Resolves when something has changed since the count was `seen`, or when it is over. */
  after(seen: number): Promise<void>
  stop(): void
}

/** Everything that can make another pass worthwhile, as one counter. */
function watchChanges(files: LogFiles, path: string, source: LogSource, signal: AbortSignal): Changes {
  let count = 0
  let wake: (() => void) | undefined
  const changed = () => {
    count += 1
    wake?.()
    wake = undefined
  }
  const slash = path.lastIndexOf('/')
  const name = path.slice(slash + 1)
  const stopWatch = files.watch(path.slice(0, slash), (file) => {
    if (file === name || file === '') changed()
  })
  const stopSource = source.onChange(changed)
  signal.addEventListener('abort', changed, { once: true })
  return {
    count: () => count,
    after: (seen) =>
      count !== seen || signal.aborted
        ? Promise.resolve()
        : new Promise((resolve) => {
            wake = resolve
          }),
    stop: () => {
      stopWatch()
      stopSource()
      signal.removeEventListener('abort', changed)
    },
  }
}
