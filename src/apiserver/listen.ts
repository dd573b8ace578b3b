import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Random } from '#lib/random.ts'
import { boundSession } from './bound-session.ts'
import type { ExchangeOptions } from './http/exchange.ts'
import { refuseRaw } from './http/raw-answer.ts'
import { refuseMethod, serveMessage, serveUpgrade } from './http/serve-message.ts'
import { serveStream } from './http/serve-stream.ts'

/** PEM. */
export interface ServingPair {
  readonly certificate: string | Buffer
  readonly key: string | Buffer
}

/** Where a server listens, and what a connection may take. */
export interface ListenOptions extends ServingPair, ExchangeOptions {
  /** Address to bind; absent: all of the machine's. */
  readonly host?: string | undefined
  /** 0: any free one. */
  readonly port: number
  /** PEM of the authorities whose client certificates are believed; absent: none. */
  readonly clientCa?: string | Buffer
  /** Connections at a time; more are refused. */
  readonly connectionsMax?: number
  /** How long a client may take to agree on a TLS connection. Default 10 s. */
  readonly handshakeTimeoutMs?: number
  /** How long a client may take to send the headers of an HTTP/1.1 request, from its connection on. Default 10 s. */
  readonly headersTimeoutMs?: number
  /** An HTTP/2 connection without open streams is closed after this. Default 90 s, as with HTTP/1.1. */
  readonly idleTimeoutMs?: number
  /**
   * How often an HTTP/2 client is told to open a new connection, between 0 (never, the default) and 1: behind a load balancer, so that
   * long-lived connections spread over servers that came later. What runs on the old one may end.
   */
  readonly goaway?: { readonly chance: number; readonly random: Random }
}

/** A server that listens, at the address and port that it got. */
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
    handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
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
    boundSession(session, clock, options.idleTimeoutMs ?? 90_000)
  })
  server.on('clientError', (error: Error & { readonly code?: string }, socket: Duplex) => {
    const { code = '' } = error
    // Where no TLS came to be there is nothing to answer on: what is written would wait for the handshake that did not come.
    if (!socket.writable || !/^(?:HPE|ERR_HTTP)_/.test(code)) socket.destroy()
    // Methods that nobody knows end in Node's parser, before any route.
    else if (code === 'HPE_INVALID_METHOD') void refuseMethod(socket)
    else refuseRaw(socket, refusals[code] ?? '400 Bad Request')
  })
  const run = (exchange: Promise<void>, breakOff: () => void): void => {
    const caught = exchange.catch((error: unknown) => {
      log.warn('an exchange broke off', { error })
      breakOff()
    })
    exchanges.add(caught)
    void caught.then(() => exchanges.delete(caught))
  }
  // Else Node wraps every stream in the classes of HTTP/1 once somebody listens for requests; those are here for HTTP/1 alone.
  server.removeAllListeners('newListener')
  server.on('stream', (stream: ServerHttp2Stream, headers, _flags, rawHeaders) => {
    run(serveStream(options, stream, headers, rawHeaders), () => stream.destroy())
    if (isToGo(options.goaway)) stream.session?.close()
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    run(serveMessage(options, request, response), () => response.destroy())
    if (closing) response.shouldKeepAlive = false
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

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
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
