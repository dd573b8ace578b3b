import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Clock } from '#lib/clock.ts'
import type { Forwarder } from './port-forward.ts'
import { SpdyConnection } from './spdy-connection.ts'
import type { SpdyStream } from './spdy-stream.ts'
import { webSocketChannels } from './websocket-channels.ts'

/** Sub-protocols of a WebSocket port-forward: SPDY frames inside binary messages (KEP-4006), or channels with the ports in the query. */
export const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io'
export const webSocketForwardProtocols = [
  tunnelProtocol,
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const

/** The reference's `streamCreationTimeout`: the second stream of a pair has to follow the first within it. */
const creationMs = 30_000

/**
 * Port-forward over SPDY: each forwarded connection is a pair of streams, `error` and `data`, that name the port and the same request.
 * Resolves when the client has left.
 */
export function forwardSpdy(socket: Duplex, head: Uint8Array, forwarder: Forwarder, clock: Clock): Promise<void> {
  const half = new Map<string, { readonly stream: SpdyStream; readonly forget: () => void }>()
  const accept = (stream: SpdyStream): boolean => {
    const type = stream.headers['streamtype']
    const port = Number(stream.headers['port'])
    if ((type !== 'error' && type !== 'data') || !isPort(port)) return false
    const id = stream.headers['requestid'] ?? pairOf(stream, type)
    const other = half.get(id)
    if (!other) {
      const forget = clock.schedule(clock.now() + creationMs, () => {
        half.delete(id)
        stream.destroy()
      })
      half.set(id, { stream, forget })
      stream.once('close', () => {
        if (half.get(id)?.stream === stream) half.delete(id)
        forget()
      })
      return true
    }
    if (other.stream.headers['streamtype'] === type) return false
    half.delete(id)
    other.forget()
    const [error, data] = type === 'error' ? [stream, other.stream] : [other.stream, stream]
    // The client only ends its direction of the error stream.
    error.resume()
    void forwarder.forward({ port, requestId: id, incoming: data, outgoing: data, error })
    return true
  }
  const connection = new SpdyConnection(socket, { side: 'server', clock, accept }, head)
  return ended(connection.closed)
}

/** The channels' way: two channels for each port in order, data and error, each opened by the port's number as two bytes. One connection a port. */
export async function forwardChannels(
  socket: WebSocket,
  protocol: string,
  ports: readonly number[],
  forwarder: Forwarder,
  clock: Clock,
): Promise<void> {
  const channels = webSocketChannels(socket, { base64: protocol.includes('base64'), closeSignals: false }, clock)
  await Promise.all(
    ports.map((port, i) => {
      const number = Buffer.from([port & 0xff, port >> 8])
      const [incoming, outgoing, error] = [channels.reader(2 * i), channels.writer(2 * i), channels.writer(2 * i + 1)]
      outgoing.write(number)
      error.write(number)
      return forwarder.forward({ port, requestId: `${i}`, incoming, outgoing, error })
    }),
  )
  channels.close()
  await ended(channels.closed)
}

/** Ports of the query, `port=80,81` (kubelet) or `ports=80&ports=81` (API server). Undefined where one is no port. */
export function portsOf(query: URLSearchParams): readonly number[] | undefined {
  const ports = [...query.getAll('port'), ...query.getAll('ports')].flatMap((text) => text.split(',')).map(Number)
  return ports.every(isPort) ? ports : undefined
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65535

/** Clients before `requestID` open the error stream, then at once its data stream. */
const pairOf = (stream: SpdyStream, type: 'error' | 'data'): string => `stream ${type === 'error' ? stream.id : stream.id - 2}`

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
