import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { ApiHandler, Caller } from './contract.ts'
import { requestMs } from './http/handler.ts'
import { longRunning } from './http/long-running.ts'
import { writeRawAnswer } from './http/raw-answer.ts'
import { parseRequest } from './http/request-info.ts'
import { errorAnswer, methodNotAllowed } from './http/respond.ts'
import { sendBody } from './http/send-body.ts'

/** PEM. */
export interface ServingPair {
  readonly certificate: string | Buffer
  readonly key: string | Buffer
}

export interface ListenOptions extends ServingPair {
  readonly handler: ApiHandler
  readonly clock: Clock
  readonly log: Log
  /** Address to bind; absent: all of the machine's. */
  readonly host?: string | undefined
  /** 0: any free one. */
  readonly port: number
  /** PEM of the authorities whose client certificates are believed; absent: none. */
  readonly clientCa?: string | Buffer
  /** Connections at a time; more are refused. */
  readonly connectionsMax?: number
  /** How long a client may take to send the headers of an HTTP/1.1 request. Default 10 s. */
  readonly headersTimeoutMs?: number
  /** An HTTP/2 connection without open streams is closed after this. Default 90 s, as with HTTP/1.1. */
  readonly idleTimeoutMs?: number
  /**
   * How often an HTTP/2 client is told to open a new connection, between 0 (never, the default) and 1: behind a load balancer, so that
   * long-lived connections spread over servers that came later. What runs on the old one may end.
   */
  readonly goaway?: { readonly chance: number; readonly random: Random }
}

export interface Listening {
  readonly host: string
  readonly port: number
  /** New connections get the new certificate; old ones stay. */
  setCertificate(pair: ServingPair): void
  /** Takes nothing new, lets what runs finish for `graceMs`, then cuts it off. */
  close(graceMs?: number): Promise<void>
}

/**
 * Serves the handler over TLS, HTTP/2 and HTTP/1.1 on one port. Client certificates are asked for, not demanded; one that does not verify
 * counts as none. Everything a client can spend of ours is bounded: connections, streams, headers, bodies, time, and unread answers.
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { clock, log } = options
  const server = createSecureServer({
    ...secureContextOf(options, options.clientCa),
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 10_000,
    maxSessionMemory: 64,
    maxHeaderListPairs: 256,
    maxSendHeaderBlockLength: 64 * 1024,
    // A client that opens and resets streams in a loop (CVE-2023-44487) is cut off.
    streamResetBurst: 500,
    streamResetRate: 100,
    settings: { maxConcurrentStreams: 250, maxHeaderListSize: 64 * 1024, initialWindowSize: 256 * 1024, enablePush: false },
    ...http1Limits(options.headersTimeoutMs ?? 10_000),
  } as Parameters<typeof createSecureServer>[0])
  server.maxConnections = options.connectionsMax ?? 10_000
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<TLSSocket>()
  const exchanges = new Set<Promise<void>>()
  let closing = false

  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    // Who a connection belongs to is settled by its handshake.
    socket.disableRenegotiation()
    // Finds peers that vanished without a word; costs nothing while packets flow.
    socket.setKeepAlive(true, 30_000)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
    closeWhenIdle(session, options.idleTimeoutMs ?? 90_000)
  })
  server.on('clientError', (error: Error & { readonly code?: string }, socket: Duplex) => {
    // Methods that nobody knows end in Node's parser, before any route.
    if (socket.writable && error.code === 'HPE_INVALID_METHOD') void refuseMethod(socket)
    else if (socket.writable && error.code === 'HPE_HEADER_OVERFLOW')
      socket.end('HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n')
    else if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    else socket.destroy()
  })
  server.on('request', (request, response) => {
    const exchange = serve(options, request, response).catch((error: unknown) => {
      log.warn('an exchange broke off', { error })
      response.destroy?.()
    })
    exchanges.add(exchange)
    if ('stream' in request && isToGo(options.goaway)) request.stream.session?.close()
    void exchange.finally(() => exchanges.delete(exchange))
    if (closing && 'shouldKeepAlive' in response) response.shouldKeepAlive = false
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void serveUpgrade(options, request, socket, head)
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port, ...(options.host !== undefined && { host: options.host }) }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', (error) => log.error('the listener met a failure', { error }))
  const { port, address } = server.address() as AddressInfo

  return {
    host: address,
    port,
    setCertificate: (pair) => server.setSecureContext(secureContextOf(pair, options.clientCa)),
    async close(graceMs = 5_000) {
      closing = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.close()
      const grace = Promise.withResolvers<void>()
      const forget = clock.schedule(clock.now() + graceMs, grace.resolve)
      // A handler that never ends shall not keep the server from ending.
      await Promise.race([Promise.allSettled([...exchanges]), grace.promise])
      // Connections that carry nothing now would only be waited for.
      destroyAll(sockets)
      await closed
      forget()
    },
  }
}

type AnyRequest = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse

async function serve(options: ListenOptions, incoming: AnyRequest, outgoing: AnyResponse): Promise<void> {
  const { clock, handler } = options
  const aborter = new AbortController()
  const abort = () => aborter.abort(exchangeOver)
  outgoing.once('close', abort)
  incoming.on('error', abort)
  outgoing.on('error', abort)
  const request = requestOf(incoming, aborter.signal)
  const late = lateness(clock, request)
  try {
    const read = await Promise.race([readRequestBody(incoming), late.passed])
    if (read === 'late') return await send(options, outgoing, timedOut(), request.method)
    if (read === 'broken') return
    if (read === 'tooLarge') {
      // The rest of the body is not waited for, so the connection cannot be used again.
      if (!('stream' in outgoing)) outgoing.setHeader('connection', 'close')
      return await send(options, outgoing, errorAnswer(tooLarge()), request.method)
    }
    const whole: HttpRequest = read.byteLength === 0 ? request : { ...request, body: read }
    const answer = await Promise.race([handler(whole, callerOf(incoming)), late.passed])
    await send(options, outgoing, answer === 'late' ? timedOut() : answer, request.method)
  } finally {
    late.forget()
  }
}

async function serveUpgrade(options: ListenOptions, incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const aborter = new AbortController()
  socket.once('close', () => aborter.abort(exchangeOver))
  socket.on('error', () => socket.destroy())
  try {
    const answer = await options.handler(requestOf(incoming, aborter.signal), { ...callerOf(incoming), upgrade: { socket, head } })
    if (answer.status === 101) return
    await writeRawAnswer(socket, answer)
  } catch (error) {
    options.log.warn('an upgraded exchange broke off', { error })
    socket.destroy()
  }
}

async function refuseMethod(socket: Duplex): Promise<void> {
  try {
    await writeRawAnswer(socket, methodNotAllowed())
  } catch {
    // Whoever sent it is gone.
    socket.destroy()
  }
}

async function send(options: ListenOptions, outgoing: AnyResponse, answer: HttpResponse, method: string): Promise<void> {
  if (outgoing.destroyed || outgoing.writableEnded) {
    if (!(answer.body instanceof Uint8Array)) await answer.body[Symbol.asyncIterator]().return?.()
    return
  }
  for (const [name, value] of Object.entries(answer.headers)) outgoing.setHeader(name, value as string)
  outgoing.statusCode = answer.status
  if (method === 'HEAD' || answer.status === 304 || answer.status === 204) {
    outgoing.end()
    return
  }
  if (answer.body instanceof Uint8Array) {
    outgoing.setHeader('content-length', answer.body.byteLength)
    outgoing.end(answer.body)
    return
  }
  // Watchers wait for the headers, though the first event may be far.
  if ('flushHeaders' in outgoing) outgoing.flushHeaders()
  else outgoing.writeHead(answer.status)
  await sendBody(outgoing, answer.body, options.clock)
}

function requestOf(incoming: AnyRequest, signal: AbortSignal): HttpRequest {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value === undefined || name.startsWith(':')) continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return { method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers, rawHeaders: incoming.rawHeaders, signal }
}

/** Every request ends with it: made once, since an error with its stack for each would be a tenth of the work of a small request. */
const exchangeOver = new WherryError('ServiceUnavailable', 'the exchange is over')

function callerOf(incoming: AnyRequest): Caller {
  const session = 'stream' in incoming ? incoming.stream.session : undefined
  // Of HTTP/2 this is a stand-in, the same for all requests of a connection.
  const socket = ('stream' in incoming ? session?.socket : incoming.socket) as TLSSocket | undefined
  if (socket === undefined) return { remoteAddress: '' }
  const known = callers.get(session ?? socket)
  if (known !== undefined) return known
  const remoteAddress = socket.remoteAddress ?? ''
  const raw = socket.authorized ? socket.getPeerCertificate().raw : undefined
  const caller = raw === undefined ? { remoteAddress } : { remoteAddress, certificate: raw }
  callers.set(session ?? socket, caller)
  return caller
}

/** Node reads a certificate anew, field by field, each time it is asked; it stays the same as long as the connection does. */
const callers = new WeakMap<object, Caller>()

function readRequestBody(incoming: AnyRequest): Promise<Uint8Array | 'tooLarge' | 'broken'> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  if (announced > bodyBytes) return Promise.resolve('tooLarge')
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let sizeBytes = 0
    incoming.on('data', (part: Buffer) => {
      sizeBytes += part.byteLength
      if (sizeBytes <= bodyBytes) parts.push(part)
      else {
        incoming.pause()
        resolve('tooLarge')
      }
    })
    incoming.once('end', () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)))
    incoming.once('error', () => resolve('broken'))
    incoming.once('close', () => resolve('broken'))
  })
}

/** Resolves when an ordinary request has taken too long; for a watch or a stream it never does. */
function lateness(clock: Clock, request: HttpRequest): { readonly passed: Promise<'late'>; readonly forget: () => void } {
  let forget = (): void => {}
  const passed = new Promise<'late'>((resolve) => {
    forget = clock.schedule(clock.now() + requestMs, () => {
      if (!longRunning(parseRequest(request.method, request.path))) resolve('late')
    })
  })
  return { passed, forget }
}

const timedOut = (): HttpResponse =>
  errorAnswer(new WherryError('Timeout', 'Timeout: request did not complete within the allotted timeout', {}))
const tooLarge = (): WherryError => new WherryError('RequestEntityTooLarge', `Request entity too large: limit is ${bodyBytes}`)

function destroyAll(sockets: ReadonlySet<TLSSocket>): void {
  for (const socket of sockets) socket.destroy()
}

function secureContextOf(
  { key, certificate }: ServingPair,
  clientCa: string | Buffer | undefined,
): Parameters<Http2SecureServer['setSecureContext']>[0] {
  // Without authorities of our own Node would believe those of the public web.
  return { key, cert: certificate, ca: clientCa ?? [] }
}

/** A client that asks nothing any more, or never did, holds no connection for ever. A silent watch is a stream, and stays. */
function closeWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  let streams = 0
  session.on('stream', (stream) => {
    streams += 1
    stream.once('close', () => {
      streams -= 1
    })
  })
  session.setTimeout(idleMs, () => streams === 0 && session.close())
}

const isToGo = (goaway: ListenOptions['goaway']): boolean => goaway !== undefined && goaway.random.next() < goaway.chance

/** Who trickles in headers or a body byte by byte is cut off. */
const http1Limits = (headersTimeoutMs: number) => ({
  maxHeaderSize: 64 * 1024,
  headersTimeout: headersTimeoutMs,
  requestTimeout: 60_000,
  keepAliveTimeout: 90_000,
  // Node looks after late clients in rounds.
  connectionsCheckingInterval: Math.min(15_000, headersTimeoutMs),
})
// The body limit of the reference's resource handlers.
const bodyBytes = 3 * 1024 * 1024
