import type { IncomingMessage } from 'node:http'
import type { Duplex, Writable } from 'node:stream'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { endOf } from './relay.ts'
import { SpdyConnection } from './spdy-connection.ts'
import type { SpdyStream } from './spdy-stream.ts'
import type { Streams, StreamsAsked } from './streams.ts'
import { encodeOutcome, versionOf } from './streams.ts'

/** The reference's `remotecommand` protocols over SPDY. Version 5 differs from 4 only on WebSocket. */
export const spdyCommandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
] as const

/** The reference's `streamCreationTimeout`. */
const creationMs = 30_000

/** Whether the request asks to become SPDY. */
export const wantsSpdy = (request: IncomingMessage): boolean => /^spdy\/3\.1$/i.test(request.headers.upgrade ?? '')

/**
 * The protocol to use: the first of the client's that is known. A client that names none means the first version, `''`. Undefined: no
 * common one.
 */
export function negotiate(request: IncomingMessage, known: readonly string[]): string | undefined {
  const header = request.headers['x-stream-protocol-version']
  const offered = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '')
  if (offered.length === 0) return ''
  return offered.find((protocol) => known.includes(protocol))
}

/** Answers the Upgrade. From here on the socket speaks SPDY. */
export function switchToSpdy(socket: Duplex, protocol: string): void {
  const chosen = protocol === '' ? '' : `X-Stream-Protocol-Version: ${protocol}\r\n`
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${chosen}\r\n`)
}

/**
 * The client's streams of an exec or attach over SPDY, once it has opened them all: `error`, and what it asked for. Throws `Timeout` after
 * 30 s and `ServiceUnavailable` when the client leaves before.
 */
export async function spdyStreams(socket: Duplex, head: Uint8Array, protocol: string, asked: StreamsAsked, clock: Clock): Promise<Streams> {
  const version = versionOf(protocol)
  const expected = ['error']
  if (asked.stdin) expected.push('stdin')
  if (asked.stdout) expected.push('stdout')
  if (asked.stderr && !asked.tty) expected.push('stderr')
  if (asked.tty && version >= 3) expected.push('resize')

  const opened = new Map<string, SpdyStream>()
  const complete = Promise.withResolvers<void>()
  const accept = (stream: SpdyStream): boolean => {
    const type = stream.headers['streamtype'] ?? ''
    if (!expected.includes(type) || opened.has(type)) return false
    opened.set(type, stream)
    // Nothing is expected from the client on these; unread they would never end.
    if (type !== 'stdin' && type !== 'resize') stream.resume()
    if (opened.size === expected.length) complete.resolve()
    return true
  }
  const connection = new SpdyConnection(socket, { side: 'server', clock, accept }, head)
  const left = () => complete.reject(new WherryError('ServiceUnavailable', 'client left before it opened its streams'))
  if (connection.closed.aborted) left()
  connection.closed.addEventListener('abort', left, { once: true })
  const forget = clock.schedule(clock.now() + creationMs, () =>
    complete.reject(new WherryError('Timeout', 'timed out waiting for client to create streams')),
  )
  try {
    await complete.promise
  } catch (error) {
    connection.destroy()
    throw error
  } finally {
    forget()
    connection.closed.removeEventListener('abort', left)
  }

  const [error, stdin, stdout, stderr, resize] = ['error', 'stdin', 'stdout', 'stderr', 'resize'].map((type) => opened.get(type))
  return {
    ...(stdin && { stdin }),
    ...(stdout && { stdout: stdout as Writable }),
    ...(stderr && { stderr: stderr as Writable }),
    ...(resize && { resize }),
    closed: connection.closed,
    finish: async (outcome) => {
      await Promise.all([endOf(stdout), endOf(stderr)])
      await endOf(error, encodeOutcome(outcome, version))
      connection.close()
    },
  }
}
