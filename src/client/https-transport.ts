import { isIP } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse, Transport } from '#lib/http.ts'
import type { Random } from '#lib/random.ts'
import { createHttp1Exchange } from './http1-exchange.ts'
import { createHttp2Exchange } from './http2-exchange.ts'
import type { RequestObserver } from './request-metrics.ts'

/** Which server, who we are, and how long is waited, in milliseconds. */
export interface HttpsTransportOptions {
  /**
   * `https://host:port`; a path is put before that of each request. Of several, the first is connected to; when a connection cannot be made, the next
   * one's turn comes, and after the last the first's.
   */
  readonly server: string | readonly string[]
  /** PEM of the authorities that the server's certificate is trusted by; absent: the machine's. */
  readonly ca?: string
  /** PEM of the client certificate and its key. A function is asked anew for each connection, so that both may rotate. */
  readonly certificate?: string | (() => string)
  readonly key?: string | (() => string)
  /** Bearer token. A function is asked anew for each request. */
  readonly token?: string | (() => string | Promise<string>)
  /** The name in the server's certificate, where it is not the one in `server`. */
  readonly serverName?: string
  readonly clock: Clock
  readonly random: Random
  /** Until an answer begins; default 65 s, a little more than the server takes for any request. */
  readonly requestTimeoutMs?: number
  /** A connection with requests on it that is silent for so long is asked for a sign of life; default 30 s. */
  readonly silenceMs?: number
  /** Absent: nobody hears of requests. */
  readonly observe?: RequestObserver
}

/**
 * HTTPS to one server at a time: HTTP/2 on one connection for everything, HTTP/1.1 where the server knows no better. A lost connection fails the
 * requests on it with `ServiceUnavailable`; the next request connects anew, after a back-off when the last try failed.
 */
export function createHttpsTransport(options: HttpsTransportOptions): Transport & {
  /** Requests from now on go over a new connection, as who the certificate says by then. What is under way goes on. */
  reconnect(): void
  close(): Promise<void>
} {
  const { clock, random, token, requestTimeoutMs = 65_000, silenceMs = 30_000, observe } = options
  const servers = [options.server].flat().map(serverOf)
  let turn = 0
  /** Whose turn it is. */
  const current = (): URL => servers[turn % servers.length]!
  const closing = new AbortController()
  const active = new Set<AbortController>()
  let connection: Promise<Connected> | undefined
  let open: Connected | undefined
  let failures = 0

  /** The present connection, or a new one; all who ask meanwhile share it. */
  function connect(): Promise<Connected> {
    if (open !== undefined && !open.exchange.usable) {
      open = undefined
      connection = undefined
    }
    connection ??= begin().catch((error) => {
      connection = undefined
      failures += 1
      turn += 1
      throw error
    })
    return connection
  }

  async function begin(): Promise<Connected> {
    // Each has its chance before the first is asked again.
    const rounds = Math.floor(failures / servers.length)
    if (rounds > 0) await sleep(clock, backoff(reconnect, rounds - 1, random), closing.signal)
    const server = current()
    const socket = await secure(server, options, clock)
    if (closing.signal.aborted) {
      socket.destroy()
      throw closing.signal.reason
    }
    failures = 0
    const isHttp2 = socket.alpnProtocol === 'h2'
    if (!isHttp2) socket.destroy()
    const exchange = isHttp2
      ? createHttp2Exchange({ socket, authority: server.host, clock, silenceMs })
      : createHttp1Exchange({ server, tls: tlsOptions(server, options) })
    open = { exchange, server, basePath: server.pathname.replace(/\/$/, '') }
    return open
  }

  async function transport(request: HttpRequest): Promise<HttpResponse> {
    const { signal } = request
    signal?.throwIfAborted()
    if (closing.signal.aborted) throw unavailable('the transport is closed')
    // The caller's signal, the transport's end and a late answer stop an exchange alike.
    const stop = new AbortController()
    const abort = () => stop.abort(signal?.reason)
    active.add(stop)
    signal?.addEventListener('abort', abort, { once: true })
    const forget = clock.schedule(clock.now() + requestTimeoutMs, () =>
      stop.abort(
        new WherryError(
          'Timeout',
          `${current().host} did not begin to answer ${request.method} ${request.path} within ${requestTimeoutMs} ms`,
        ),
      ),
    )
    const startedMs = clock.monotonicMs()
    let { host } = current()
    const done = () => {
      signal?.removeEventListener('abort', abort)
      active.delete(stop)
      observe?.done(request, host, (clock.monotonicMs() - startedMs) / 1000)
    }
    try {
      const bearer = typeof token === 'function' ? await token() : token
      const headers = bearer === undefined ? request.headers : { ...request.headers, authorization: `Bearer ${bearer}` }
      const { exchange, server, basePath } = await unless(connect(), stop.signal)
      host = server.host
      const response = await exchange.send({ ...request, headers, path: basePath + request.path, signal: stop.signal })
      observe?.answered(request, host, response.status)
      if (response.body instanceof Uint8Array) done()
      return {
        ...response,
        body: response.body instanceof Uint8Array ? response.body : guarded(response.body, stop.signal, done, server.host),
      }
    } catch (error) {
      observe?.answered(request, host, undefined)
      done()
      throw failureOf(error, stop.signal, current().host)
    } finally {
      forget()
    }
  }

  return Object.assign(transport, {
    reconnect: () => open?.exchange.retire(),
    async close() {
      closing.abort(unavailable('the transport was closed'))
      for (const stop of active) stop.abort(closing.signal.reason)
      open?.exchange.close()
      // A connection that is only now being made ends by itself.
      await connection?.then(
        ({ exchange }) => exchange.close(),
        () => {},
      )
    },
  })
}

/** A way to one of the servers. */
interface Connected {
  readonly exchange: Exchange
  readonly server: URL
  readonly basePath: string
}

function serverOf(text: string): URL {
  const server = new URL(text)
  if (server.protocol !== 'https:') throw new WherryError('BadRequest', `the server ${text} has to begin with https://`)
  return server
}

/** One server connection (or, for HTTP/1.1, several) that requests are sent on. */
export interface Exchange {
  /** False once it is lost or the server said goodbye. */
  readonly usable: boolean
  send(request: HttpRequest & { readonly signal: AbortSignal }): Promise<HttpResponse>
  /** Not usable from now on; what is under way ends by itself. */
  retire(): void
  close(): void
}

/** A server on this machine restarts within a second; a whole cluster's agents may not come back in one moment. */
const reconnect: BackoffOptions = { initialMs: 100, factor: 2, maxMs: 5_000, jitter: 1 }
const connectTimeoutMs = 10_000

/** Names are those of Node's `tls.connect`. */
export interface TlsOptions {
  readonly host: string
  readonly port: number
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
}

function tlsOptions(server: URL, { ca, certificate, key, serverName }: HttpsTransportOptions): TlsOptions {
  const host = server.hostname.replace(/^\[|\]$/g, '')
  const name = serverName ?? (isIP(host) === 0 ? host : undefined)
  const cert = typeof certificate === 'function' ? certificate() : certificate
  const privateKey = typeof key === 'function' ? key() : key
  return {
    host,
    port: Number(server.port || 443),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(privateKey !== undefined && { key: privateKey }),
    ...(name !== undefined && { servername: name }),
  }
}

function secure(server: URL, options: HttpsTransportOptions, clock: Clock): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ ...tlsOptions(server, options), ALPNProtocols: ['h2', 'http/1.1'], minVersion: 'TLSv1.2' })
    const forget = clock.schedule(clock.now() + connectTimeoutMs, () =>
      socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
    )
    const fail = (error: Error) => {
      forget()
      reject(unavailable(`cannot connect to ${server.host}: ${error.message}`, error))
    }
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      forget()
      socket.off('error', fail)
      socket.setNoDelay(true)
      resolve(socket)
    })
  })
}

function unless<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** The body with errors in our terms. */
async function* guarded(body: AsyncIterable<Uint8Array>, signal: AbortSignal, done: () => void, host: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body
    // Some ways of aborting a stream end it as if it were complete.
    if (signal.aborted) throw signal.reason
  } catch (error) {
    throw failureOf(error, signal, host)
  } finally {
    done()
  }
}

function failureOf(error: unknown, signal: AbortSignal, host: string): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof WherryError) return error
  return unavailable(`the connection to ${host} failed: ${error instanceof Error ? error.message : String(error)}`, error)
}

const unavailable = (message: string, cause?: unknown): WherryError =>
  new WherryError('ServiceUnavailable', message, cause === undefined ? {} : { cause })
