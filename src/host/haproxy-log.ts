import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'

/** Where lines come from, where they are kept, and how many. */
export interface LogReceiverOptions {
  /** Made here, for whoever may pass through its folder. */
  readonly socket: string
  readonly file: string
  /** Once the file is larger, it becomes `<file>.1` and a new one begins. */
  readonly limitBytes: number
  readonly onError: (error: unknown) => void
}

/**
 * Keeps the lines that proxies send over a local stream. While nobody receives, a proxy keeps the last ones in a ring of its own and sends them
 * afterwards, so neither a file nor memory ever grows without bound. Lines of several senders (a worker that ends, one that begins) do not mix.
 */
export async function receiveLog({ socket, file, limitBytes, onError }: LogReceiverOptions): Promise<{ close(): Promise<void> }> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // Of one who went before us: nobody listens there any more.
  rmSync(socket, { force: true })
  let descriptor = openSync(file, 'a', 0o600)
  let sizeBytes = fstatSync(descriptor).size
  const senders = new Set<Socket>()

  function append(lines: Uint8Array): void {
    try {
      if (sizeBytes + lines.length > limitBytes && sizeBytes > 0) {
        renameSync(file, `${file}.1`)
        // Opened before the former one is closed: a number that is closed may by then be another file's.
        const next = openSync(file, 'a', 0o600)
        closeSync(descriptor)
        descriptor = next
        sizeBytes = 0
      }
      sizeBytes += writeSync(descriptor, lines)
    } catch (error) {
      onError(error)
    }
  }

  const server = createServer((sender) => {
    let rest: Buffer = Buffer.alloc(0)
    senders.add(sender)
    sender.on('data', (part: Buffer) => {
      const all = rest.length === 0 ? part : Buffer.concat([rest, part])
      const end = all.lastIndexOf(0x0a) + 1
      if (end > 0) append(requestsOf(all.subarray(0, end)))
      // A line without an end is not one of ours.
      rest = all.length - end > longestLineBytes ? Buffer.alloc(0) : Buffer.from(all.subarray(end))
    })
    sender.once('error', onError)
    sender.once('close', () => senders.delete(sender))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: socket, writableAll: true }, resolve)
  })
  server.unref()
  return {
    async close() {
      for (const sender of senders) sender.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      closeSync(descriptor)
    },
  }
}

const longestLineBytes = 64 << 10

/** Without the few lines that a worker says of itself when it ends: requests are JSON, and those are not. */
function requestsOf(lines: Buffer): Uint8Array {
  if (lines[0] === brace && !lines.includes('\nProxy ')) return lines
  const kept = lines
    .toString('latin1')
    .split('\n')
    .filter((line) => line.startsWith('{'))
  return Buffer.from(kept.map((line) => `${line}\n`).join(''), 'latin1')
}

/** `{` */
const brace = 0x7b
