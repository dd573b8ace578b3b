import type { Readable, Writable } from 'node:stream'
import type { Clock } from '#lib/clock.ts'
import { dialSpdy } from './spdy-client.ts'
import type { SpdyStream } from './spdy-stream.ts'
import type { Outcome, StreamsAsked } from './streams.ts'
import { decodeOutcome } from './streams.ts'

/** The streams of one exec or attach on the runtime's side. */
export interface RuntimeStreams {
  readonly stdin?: Writable
  readonly stdout?: Readable
  readonly stderr?: Readable
  readonly resize?: Writable
  /** How it ended. Never rejects: a broken connection is an outcome too. */
  readonly outcome: Promise<Outcome>
  close(): void
}

const maxOutcomeBytes = 64 << 10
/** containerd 1.6 knows versions 1 to 4 and closes stdin of a running command only over SPDY. */
const protocols = ['v4.channel.k8s.io']

/** Connects to a URL that `Runtime.exec` or `Runtime.attach` gave. */
export async function connectRuntimeStreams(
  url: string,
  asked: StreamsAsked,
  options: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<RuntimeStreams> {
  const { connection } = await dialSpdy(url, protocols, options)
  const open = (type: string): SpdyStream => connection.open({ streamtype: type })
  const error = open('error')
  error.end()
  const stdin = asked.stdin ? open('stdin') : undefined
  stdin?.resume()
  const stdout = asked.stdout ? readOnly(open('stdout')) : undefined
  const stderr = asked.stderr && !asked.tty ? readOnly(open('stderr')) : undefined
  const resize = asked.tty ? open('resize') : undefined
  resize?.resume()
  return {
    ...(stdin && { stdin }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    ...(resize && { resize }),
    outcome: readOutcome(error),
    close: () => connection.close(),
  }
}

function readOnly(stream: SpdyStream): SpdyStream {
  stream.end()
  return stream
}

async function readOutcome(stream: Readable): Promise<Outcome> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.on('data', (part: Buffer) => {
    if (sizeBytes < maxOutcomeBytes) parts.push(part)
    sizeBytes += part.length
  })
  stream.once('close', resolve)
  stream.once('end', resolve)
  await promise
  return decodeOutcome(Buffer.concat(parts).toString())
}
