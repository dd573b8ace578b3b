import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '#lib/clock.ts'
import type { HttpResponse } from '#lib/http.ts'
import { callerOf } from './caller-of.ts'
import { type Deadline, deadlineOf, type ExchangeOptions, readRequestBody, requestUntil, timedOut, tooLarge } from './exchange.ts'
import { abandonBody, sendBody } from './send-body.ts'

/**
 * One exchange over HTTP/2, on the stream itself: Node's classes that make it look like HTTP/1 cost a quarter of a small request. Resolves when
 * the answer is on its way, of a lasting one when it is over.
 */
export async function serveStream(
  options: ExchangeOptions,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): Promise<void> {
  // A stream's failure is its end, which those who wait for it hear of as 'close'.
  stream.on('error', ignore)
  const method = headers[':method'] ?? 'GET'
  const path = headers[':path'] ?? '/'
  if (method === 'CONNECT') return refuse(stream, 405)
  if (headers.expect !== undefined) {
    if (headers.expect !== '100-continue') return refuse(stream, 417)
    stream.additionalHeaders({ ':status': 100 })
  }
  const deadline = deadlineOf(options.clock, method, path, () => stream.close(constants.NGHTTP2_CANCEL))
  stream.once('close', deadline.forget)
  let body: Uint8Array | undefined
  if (!stream.endAfterHeaders) {
    const read = await deadline.within(readRequestBody(stream, headers['content-length']))
    if (read === 'broken') return
    if (read === 'late') return send(options.clock, deadline, stream, timedOut(), method)
    if (read === 'tooLarge') return send(options.clock, deadline, stream, tooLarge(), method)
    body = read
  }
  const request = requestUntil(stream, method, path, plainHeaders(headers), rawHeaders, body)
  const { session } = stream
  // The session's socket is a stand-in, the same for all requests of a connection.
  const answer = await deadline.answer(options.handler(request, callerOf(session, session?.socket as TLSSocket | undefined)))
  return send(options.clock, deadline, stream, answer, method)
}

const ignore = (): void => {}

function refuse(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ ':status': status }, { endStream: true })
  leaveRest(stream)
}

function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || name.startsWith(':')) continue
    plain[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return plain
}

async function send(clock: Clock, deadline: Deadline, stream: ServerHttp2Stream, answer: HttpResponse, method: string): Promise<void> {
  if (stream.destroyed || stream.closed) return abandonBody(answer.body)
  const { body } = answer
  const isBare = method === 'HEAD' || answer.status === 304 || answer.status === 204
  const isWhole = body instanceof Uint8Array
  stream.respond(headersOf(answer, !isBare && isWhole ? body.byteLength : undefined), isBare ? endStream : undefined)
  if (isBare) await abandonBody(answer.body)
  else if (isWhole) stream.end(body)
  else {
    deadline.streams()
    await sendBody(stream, body, clock)
  }
  leaveRest(stream)
}

/**
 * A request that is answered before its body has come is over (RFC 9113, section 8.1): else whoever never ends it would hold the stream, and
 * with it the connection, for as long as it likes.
 */
function leaveRest(stream: ServerHttp2Stream): void {
  if (stream.endAfterHeaders || stream.readableEnded || stream.destroyed) return
  const close = (): void => {
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
  }
  // The reset would overtake headers that stand alone and go out at the end of this turn.
  const closeAfterHeaders = (): void => void setImmediate(close)
  if (stream.writableFinished) closeAfterHeaders()
  else stream.once('finish', closeAfterHeaders)
}

/** Names and values in turn, the form that Node needs not copy. */
function headersOf({ status, headers }: HttpResponse, length: number | undefined): string[] {
  const list = [':status', `${status}`]
  for (const name in headers) {
    // Connections belong to the hop, and HTTP/2 has no word for them.
    if (name === 'connection' || (name === 'content-length' && length !== undefined)) continue
    const value = headers[name]!
    if (typeof value === 'string') list.push(name, value)
    else for (const each of value) list.push(name, each)
  }
  if (length !== undefined) list.push('content-length', `${length}`)
  return list
}

const endStream = { endStream: true }
