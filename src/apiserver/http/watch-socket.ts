import type { IncomingMessage } from 'node:http'
import { Writable } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '#lib/clock.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { Caller } from '../contract.ts'
import { notAcceptable, watchTypes } from './negotiate.ts'
import { abandonBody, sendBody } from './send-body.ts'

/**
 * Carries a watch over a WebSocket where the client asked for one, each event a text message, as browsers and some Java clients watch.
 * Answers 101 then; any other request gets the watch as it is.
 */
export function overWebSocket(answer: HttpResponse, request: HttpRequest, caller: Caller, clock: Clock): HttpResponse {
  if (caller.upgrade === undefined || !/^websocket$/i.test(request.headers['upgrade'] ?? '')) return answer
  if (answer.body instanceof Uint8Array) return answer
  const { body } = answer
  if (answer.headers['content-type'] !== 'application/json') {
    void abandonBody(body)
    throw notAcceptable(watchTypes)
  }
  const { socket, head } = caller.upgrade
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
      // Whatever breaks the connection closes it, and that is what ends the watch.
      webSocket.on('error', () => webSocket.terminate())
      // The events' own source has no failure but its end; one more would find nobody to tell.
      sendBody(messages(webSocket), body, clock).catch(() => webSocket.terminate())
    })
  return { status: 101, headers: {}, body: new Uint8Array() }
}

/** Takes pieces of whole lines; is as full as the connection behind it. */
function messages(webSocket: WebSocket): Writable {
  const out = new Writable({
    write(piece: Buffer, _encoding, done) {
      let sent = 0
      for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, sent)) {
        const isLast = end + 1 === piece.length
        webSocket.send(piece.subarray(sent, end + 1), { binary: false }, isLast ? (error) => done(error ?? null) : undefined)
        sent = end + 1
      }
    },
    final(done) {
      webSocket.close(1000)
      done()
    },
    destroy(error, done) {
      if (error !== null) webSocket.terminate()
      done(null)
    },
  })
  webSocket.once('close', () => out.destroy())
  return out
}

/** A bearer token may come as a protocol; it is none that could be spoken. */
const handleProtocols = (offered: Set<string>): string | false =>
  [...offered].find((protocol) => !protocol.startsWith('base64url.bearer.authorization.k8s.io.')) ?? false

const newline = 10
// Watchers have nothing to say.
const receivedBytes = 64 * 1024
