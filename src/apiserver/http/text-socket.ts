import { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Clock } from '#lib/clock.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { Caller } from '../contract.ts'
import { answerOverWebSocket, endingWith, wantsWebSocket } from './web-socket-answer.ts'

/**
 * Carries a text that comes piece by piece, a log, over a WebSocket where the client asked for one: binary messages, or base64 in text messages
 * in the protocol `base64.binary.k8s.io`. The first message is empty: it says that the log was found (apiserver `wsstream.Reader`). Answers
 * 101 then; any other request, and an answer that is no such text, is answered as it is.
 */
export function textOverWebSocket(answer: HttpResponse, request: HttpRequest, caller: Caller, clock: Clock): HttpResponse {
  if (!wantsWebSocket(request, caller) || answer.status !== 200 || answer.body instanceof Uint8Array) return answer
  return answerOverWebSocket(answer.body, request, caller, clock, { handleProtocols, writer: messages })
}

function messages(webSocket: WebSocket): Writable {
  const isBase64 = webSocket.protocol === base64Protocol
  webSocket.send('', { binary: !isBase64 })
  const out = new Writable({
    write(piece: Buffer, _encoding, done) {
      const said = (error: Error | null | undefined): void => done(error ?? null)
      if (isBase64) webSocket.send(piece.toString('base64'), { binary: false }, said)
      else webSocket.send(piece, { binary: true }, said)
    },
    ...endingWith(webSocket),
  })
  webSocket.once('close', () => out.destroy())
  return out
}

const base64Protocol = 'base64.binary.k8s.io'

const handleProtocols = (offered: Set<string>): string | false =>
  [...offered].find((protocol) => protocol === 'binary.k8s.io' || protocol === base64Protocol) ?? false
