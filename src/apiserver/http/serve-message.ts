import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '#lib/clock.ts'
import type { HttpResponse } from '#lib/http.ts'
import { callerOf } from './caller-of.ts'
import {
  type Deadline,
  deadlineOf,
  discardBody,
  type ExchangeOptions,
  readRequestBody,
  requestUntil,
  timedOut,
  tooLarge,
} from './exchange.ts'
import { requestMs } from './handler.ts'
import { writeRawAnswer } from './raw-answer.ts'
import { methodNotAllowed } from './respond.ts'
import { abandonBody, sendBody } from './send-body.ts'

/** One exchange over HTTP/1.1. Resolves when the answer is on its way, of a lasting one when it is over. */
export async function serveMessage(options: ExchangeOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  // A failure of either is the exchange's end, which those who wait for it hear of as 'close'.
  incoming.on('error', ignore)
  outgoing.on('error', ignore)
  const { method = 'GET', url: path = '/' } = incoming
  const deadline = deadlineOf(options.clock, method, path, () => outgoing.destroy())
  outgoing.once('close', deadline.forget)
  const read = await deadline.within(readRequestBody(incoming, incoming.headers['content-length']))
  if (read === 'broken') return
  if (read === 'late' || read === 'tooLarge') {
    if (read === 'tooLarge') await discardBody(incoming, options.clock)
    // The rest of the body, if there still is one, is not waited for, so the connection cannot be used again.
    outgoing.setHeader('connection', 'close')
    return send(options.clock, deadline, outgoing, read === 'late' ? timedOut() : tooLarge(), method)
  }
  const request = requestUntil(outgoing, method, path, plainHeaders(incoming), incoming.rawHeaders, read)
  const answer = await deadline.answer(options.handler(request, callerOf(incoming.socket, incoming.socket as TLSSocket)))
  return send(options.clock, deadline, outgoing, answer, method)
}

/** A request that takes its connection along, where the handler lets it. */
export async function serveUpgrade(options: ExchangeOptions, incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on('error', () => socket.destroy())
  const { method = 'GET', url: path = '/' } = incoming
  const request = requestUntil(socket, method, path, plainHeaders(incoming), incoming.rawHeaders, undefined)
  try {
    const caller = callerOf(incoming.socket, incoming.socket as TLSSocket)
    const answer = await options.handler(request, { ...caller, upgrade: { socket, head } })
    if (answer.status === 101) return
    await writeRawAnswer(socket, answer)
    const forget = options.clock.schedule(options.clock.now() + requestMs, () => socket.destroy())
    socket.once('close', forget)
  } catch (error) {
    options.log.warn('an upgraded exchange broke off', { error })
    socket.destroy()
  }
}

/** Says on the raw connection that there is no such method, and ends it. */
export async function refuseMethod(socket: Duplex): Promise<void> {
  try {
    await writeRawAnswer(socket, methodNotAllowed())
  } catch {
    // Whoever sent it is gone.
    socket.destroy()
  }
}

const ignore = (): void => {}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value
  return plain
}

async function send(clock: Clock, deadline: Deadline, outgoing: ServerResponse, answer: HttpResponse, method: string): Promise<void> {
  if (outgoing.destroyed || outgoing.writableEnded) return abandonBody(answer.body)
  for (const [name, value] of Object.entries(answer.headers)) outgoing.setHeader(name, value as string)
  outgoing.statusCode = answer.status
  if (method === 'HEAD' || answer.status === 304 || answer.status === 204) {
    outgoing.end()
    return abandonBody(answer.body)
  }
  if (answer.body instanceof Uint8Array) {
    outgoing.setHeader('content-length', answer.body.byteLength)
    outgoing.end(answer.body)
    return
  }
  // Watchers wait for the headers, though the first event may be far.
  outgoing.flushHeaders()
  deadline.streams()
  await sendBody(outgoing, answer.body, clock)
}
