import type { IncomingMessage } from 'node:http'
import type { Writable, WritableOptions } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '#lib/clock.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { Caller } from '../contract.ts'
import { abandonBody, sendBody } from './send-body.ts'

/** How a body becomes messages. */
export interface Spoken {
  /** Of the protocols that the client offers, the one to speak. */
  readonly handleProtocols: (offered: Set<string>) => string | false
  /** Takes the body's pieces; is as full as the connection behind it. */
  readonly writer: (webSocket: WebSocket) => Writable
}

export const wantsWebSocket = (request: HttpRequest, caller: Caller): boolean =>
  caller.upgrade !== undefined && /^websocket$/i.test(request.headers['upgrade'] ?? '')

/** Takes the client's connection and sends the body over it in messages; the answer is 101. Only where the client `wantsWebSocket`. */
export function answerOverWebSocket(
  body: AsyncIterable<Uint8Array>,
  request: HttpRequest,
  caller: Caller,
  clock: Clock,
  { handleProtocols, writer }: Spoken,
): HttpResponse {
  const { socket, head } = caller.upgrade!
  const server = new WebSocketServer({ noServer: true, maxPayload: receivedBytes, perMessageDeflate: false, handleProtocols })
  server.once('wsClientError', () => {
    // With a listener, answering is ours.
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    void abandonBody(body)
  })
  const handshake = { method: request.method, headers: request.headers, url: request.path } as unknown as IncomingMessage
  if (socket.destroyed) void abandonBody(body)
  else
    server.handleUpgrade(handshake, socket, Buffer.from(head), (webSocket) => {
      // Whatever breaks the connection closes it, and that is what ends the source.
      webSocket.on('error', () => webSocket.terminate())
      // The source has no failure but its end; one more would find nobody to tell.
      sendBody(writer(webSocket), body, clock).catch(() => webSocket.terminate())
    })
  return { status: 101, headers: {}, body: new Uint8Array() }
}

/** The end of the body is a normal close. */
export const endingWith = (webSocket: WebSocket): Pick<WritableOptions, 'final' | 'destroy'> => ({
  final(done) {
    webSocket.close(1000)
    done()
  },
  destroy(error, done) {
    if (error !== null) webSocket.terminate()
    done(null)
  },
})

// Who only listens has nothing to say.
const receivedBytes = 64 * 1024
