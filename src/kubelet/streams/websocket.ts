import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import { WherryError } from '#lib/errors.ts'

/** One message; the reference's server allows as much (golang.org/x/net/websocket). A message is held whole while it arrives. */
const maxMessageBytes = 32 << 20

/** Whether the request asks to become a WebSocket. */
export const wantsWebSocket = (request: IncomingMessage): boolean => /^websocket$/i.test(request.headers.upgrade ?? '')

/**
 * The sub-protocol to use: the first of the client's that is known; `''` when the client names none. Undefined: no common one.
 */
export function negotiateWebSocket(request: IncomingMessage, known: readonly string[]): string | undefined {
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '')
  if (offered.length === 0) return ''
  return offered.find((protocol) => known.includes(protocol))
}

/**
 * Answers the handshake and gives the connection to `use` in the same turn: a message may follow at once. Rejects when the handshake is
 * malformed or the client leaves; the client has its answer then.
 */
export function acceptWebSocket<T>(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  protocol: string,
  use: (webSocket: WebSocket) => T,
): Promise<T> {
  const server = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false })
  // `SPDY/3.1+portforward.k8s.io` is no token in the sense of RFC 6455, so `ws` would refuse the client; it is chosen and answered here.
  delete request.headers['sec-websocket-protocol']
  server.on('headers', (headers) => {
    if (protocol !== '') headers.push(`Sec-WebSocket-Protocol: ${protocol}`)
  })
  return new Promise((resolve, reject) => {
    const left = () => reject(new WherryError('ServiceUnavailable', 'client left during the WebSocket handshake'))
    socket.once('close', left)
    server.once('wsClientError', (error) => {
      // With a listener, answering is ours.
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      reject(error)
    })
    server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      socket.off('close', left)
      // A broken connection shows as `close`; without a listener the error would end the process.
      webSocket.on('error', () => webSocket.terminate())
      resolve(use(webSocket))
    })
  })
}
