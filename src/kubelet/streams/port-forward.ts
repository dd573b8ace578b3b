import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '#lib/clock.ts'
import { endOf } from './relay.ts'
import { dialSpdy } from './spdy-client.ts'
import type { SpdyConnection } from './spdy-connection.ts'

/** One connection that a client of port-forward wants to a port of the pod. */
export interface ForwardRequest {
  readonly port: number
  readonly requestId: string
  /** What the client sends, and what it receives: two sides of one stream, or two channels. */
  readonly incoming: Readable
  readonly outgoing: Writable
  /** Gets a message when the port cannot be reached, and is ended when the connection is over. */
  readonly error: Writable
}

/** Carries each request to the pod. */
export interface Forwarder {
  forward(request: ForwardRequest): Promise<void>
  close(): void
}

export const portForwardProtocol = 'portforward.k8s.io'
const maxErrorBytes = 64 << 10

/**
 * Connects to a URL that `Runtime.portForward` gave. containerd (since 1.5) enters the pod's network namespace and dials `localhost:<port>`
 * by itself, so that services which listen on the pod's loopback only are reached too, with no helper program.
 */
export async function connectForwarder(
  url: string,
  options: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<Forwarder & { readonly closed: AbortSignal }> {
  const { connection } = await dialSpdy(url, [portForwardProtocol], options)
  let lastId = 0
  return {
    closed: connection.closed,
    forward: (request) => forwardOne(connection, `${(lastId += 1)}`, request),
    close: () => connection.close(),
  }
}

/** Resolves when the forwarded connection is over, in whatever way; what went wrong is told on the error stream. */
async function forwardOne(connection: SpdyConnection, requestId: string, request: ForwardRequest): Promise<void> {
  const { port, incoming, outgoing, error } = request
  if (connection.closed.aborted) {
    incoming.destroy()
    outgoing.destroy()
    return endOf(error, `error forwarding port ${port} to pod: the connection to the container runtime ended`)
  }
  const headers = { port: `${port}`, requestid: requestId }
  // The runtime waits for both; the error stream comes first by custom (client-go).
  const backError = connection.open({ ...headers, streamtype: 'error' })
  backError.end()
  const backData = connection.open({ ...headers, streamtype: 'data' })
  const message = collect(backError)
  const cut = () => {
    for (const stream of [incoming, outgoing, backData]) stream.destroy()
  }
  // The client may end its direction first and still get an answer. When the pod's side has ended, the connection is over.
  pipeline(incoming, backData).catch(cut)
  await pipeline(backData, outgoing).catch(cut)
  const text = await message
  await endOf(error, text || undefined)
  cut()
}

async function collect(stream: Readable): Promise<string> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.on('data', (part: Buffer) => {
    if (sizeBytes < maxErrorBytes) parts.push(part)
    sizeBytes += part.length
  })
  stream.once('end', resolve)
  stream.once('close', resolve)
  await promise
  return Buffer.concat(parts).toString()
}
