import { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Clock } from '#lib/clock.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { Caller } from '../contract.ts'
import { notAcceptable, watchTypes } from './negotiate.ts'
import { abandonBody } from './send-body.ts'
import { answerOverWebSocket, endingWith, wantsWebSocket } from './web-socket-answer.ts'

/**
 * Carries a watch over a WebSocket where the client asked for one, each event a text message, as browsers and some Java clients watch.
 * Answers 101 then; any other request gets the watch as it is.
 */
export function overWebSocket(answer: HttpResponse, request: HttpRequest, caller: Caller, clock: Clock): HttpResponse {
  if (!wantsWebSocket(request, caller) || answer.body instanceof Uint8Array) return answer
  if (answer.headers['content-type'] !== 'application/json') {
    void abandonBody(answer.body)
    throw notAcceptable(watchTypes)
  }
  return answerOverWebSocket(answer.body, request, caller, clock, { handleProtocols, writer: messages })
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
    ...endingWith(webSocket),
  })
  webSocket.once('close', () => out.destroy())
  return out
}

/** A bearer token may come as a protocol; it is none that could be spoken. */
const handleProtocols = (offered: Set<string>): string | false =>
  [...offered].find((protocol) => !protocol.startsWith('base64url.bearer.authorization.k8s.io.')) ?? false

const newline = 10
