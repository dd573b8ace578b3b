import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'

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

/** Answers the handshake. Rejects with the socket's error when the handshake is malformed; `ws` has then answered 400 itself. */
export function acceptWebSocket(request: IncomingMessage, socket: Duplex, head: Uint8Array, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: () => (protocol === '' ? false : protocol),
  })
  return new Promise((resolve, reject) => {
    const failed = () => reject(new Error('WebSocket handshake failed'))
    socket.once('close', failed)
    server.once('wsClientError', (error) => {
      // With a listener, answering is ours.
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      reject(error)
    })
    server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      socket.off('close', failed)
      // A broken connection shows as `close`; without a listener the error would end the process.
      webSocket.on('error', () => webSocket.terminate())
      resolve(webSocket)
    })
  })
}
