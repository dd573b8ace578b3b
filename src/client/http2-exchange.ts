import { type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '#lib/clock.ts'
import type { HttpResponse } from '#lib/http.ts'
import type { Exchange } from './https-transport.ts'

/** A connection that agreed on `h2`, and how long it may be silent, in milliseconds. */
export interface Http2Options {
  readonly socket: TLSSocket
  readonly authority: string
  readonly clock: Clock
  /** See `HttpsTransportOptions`. */
  readonly silenceMs: number
}

/** All requests as streams of one connection (RFC 9113). */
export function createHttp2Exchange({ socket, authority, clock, silenceMs }: Http2Options): Exchange {
  const session = connect(`https://${authority}`, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: windowBytes },
  })
  // Each stream reports what becomes of it; the session's own error says the same once more.
  session.on('error', () => {})
  session.once('connect', () => session.setLocalWindowSize(connectionWindowBytes))
  let usable = true
  session.once('close', () => (usable = false))
  session.once('goaway', () => {
    usable = false
    // What is under way goes on; the connection ends with it.
    session.close()
  })

  let streams = 0
  /** By what passes: a clock that is set back must not keep a dead connection for as long. */
  let heardMs = clock.monotonicMs()
  let forget: (() => void) | undefined

  /** A half-open connection says nothing, not even goodbye. One deadline, and only while somebody waits for something. */
  function watchSilence(): void {
    forget = clock.schedule(clock.now() + heardMs + silenceMs - clock.monotonicMs(), () => {
      forget = undefined
      if (streams === 0 || session.destroyed) return
      if (clock.monotonicMs() < heardMs + silenceMs) {
        watchSilence()
        return
      }
      const giveUp = clock.schedule(clock.now() + pingTimeoutMs, () => session.destroy(new Error('the server gives no sign of life')))
      const sent = session.ping((error) => {
        giveUp()
        if (error !== null) return
        heardMs = clock.monotonicMs()
        if (streams > 0 && forget === undefined) watchSilence()
      })
      if (!sent) giveUp()
    })
  }

  function opened(stream: ClientHttp2Stream): void {
    streams += 1
    if (streams === 1) heardMs = clock.monotonicMs()
    if (forget === undefined) watchSilence()
    stream.on('data', heard)
    // Reading begins with the iteration, not with listening for signs of life.
    stream.pause()
    stream.once('close', () => {
      streams -= 1
      if (streams > 0 || forget === undefined) return
      forget()
      forget = undefined
    })
  }

  function heard(): void {
    heardMs = clock.monotonicMs()
  }

  return {
    get usable() {
      return usable && !session.closed && !session.destroyed
    },
    send(request) {
      return new Promise((resolve, reject) => {
        request.signal.throwIfAborted()
        const stream = session.request(
          { ...request.headers, ':method': request.method, ':path': request.path },
          { endStream: request.body === undefined },
        )
        opened(stream)
        const abort = () => stream.close(constants.NGHTTP2_CANCEL)
        request.signal.addEventListener('abort', abort, { once: true })
        stream.once('close', () => {
          request.signal.removeEventListener('abort', abort)
          reject(request.signal.aborted ? request.signal.reason : new Error('the connection was closed'))
        })
        // Kept for as long as the stream lives: an error nobody listens for would end the process.
        stream.on('error', reject)
        stream.once('response', (headers) => {
          heard()
          resolve(answer(stream, headers))
        })
        if (request.body !== undefined) stream.end(request.body)
      })
    },
    retire: () => session.close(),
    close() {
      forget?.()
      session.destroy()
    },
  }
}

/** What a server may send of one answer before somebody reads: bounds the memory of a slow consumer. */
const windowBytes = 1024 * 1024
const connectionWindowBytes = 8 * 1024 * 1024
/** As the reference's client waits. */
const pingTimeoutMs = 15_000

function answer(stream: ClientHttp2Stream, headers: IncomingHttpHeaders & IncomingHttpStatusHeader): HttpResponse {
  const plain: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers)) if (!name.startsWith(':') && value !== undefined) plain[name] = value
  return { status: Number(headers[':status']), headers: plain, body: chunks(stream) }
}

async function* chunks(stream: ClientHttp2Stream): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array
    // A reset stream ends like a complete one.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`the server broke the answer off (code ${stream.rstCode})`)
  } finally {
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL)
  }
}
