import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { answeredHeaders, forwardedHeaders, upgradeHeaders } from '../connect/headers.ts'
import { refuseUpgrade, relay } from '../connect/relay.ts'
import type { Caller, UserInfo } from '../contract.ts'
import { text } from '../http/respond.ts'
import { type ExtensionRequest, type Extensions, hostOf, type Place } from './extension.ts'
import type { Registration } from './registrations.ts'

/** A request that an extension API server is to answer, past authentication and authorization. */
export interface Relayed {
  readonly request: HttpRequest
  readonly caller: Caller
  readonly user: UserInfo
  /** `Audit-Id` of the request, which the extension uses too. */
  readonly auditId: string
}

/**
 * Hands a request to the server behind its group version and gives back what that says, as it comes. Who asks has been authenticated and
 * authorized; the extension believes it by our certificate. What cannot be handed on is answered in plain text, as by the reference.
 */
export async function relayed(extensions: Extensions, clock: Clock, registration: Registration, asked: Relayed): Promise<HttpResponse> {
  if (!registration.isAvailable) return unavailable()
  let place: Place
  try {
    place = extensions.resolve(registration)
  } catch (error) {
    if (!(error instanceof WherryError)) throw error
    return unavailable()
  }
  const { request, caller } = asked
  if (caller.upgrade !== undefined) return upgraded(extensions, registration, place, asked)
  const deadline = discoveryDeadline(clock, request)
  const body = request.body !== undefined && request.body.byteLength > 0 ? request.body : undefined
  try {
    const answer = await extensions.send(registration, place, asked.user, {
      method: request.method,
      path: request.path,
      headers: { ...forwardedHeaders(request.headers, caller.remoteAddress), ...hopHeaders(asked, place) },
      ...(body !== undefined && { body }),
      signal: deadline.signal,
    })
    if (answer.upgraded) {
      answer.socket.destroy()
      return failed(new WherryError('ServiceUnavailable', 'the server changed the protocol unasked'))
    }
    const { statusCode: status = 502, headers: answered } = answer.response
    const headers = { 'cache-control': 'no-cache, private', ...answeredHeaders(answered) }
    if (request.method === 'HEAD' || status === 204 || status === 304) {
      // There is no body to read, and an answer that nobody reads would hold the connection.
      answer.response.resume()
      deadline.forget()
      return { status, headers, body: new Uint8Array() }
    }
    answer.response.once('close', deadline.forget)
    return { status, headers, body: answer.response as AsyncIterable<Buffer> }
  } catch (error) {
    deadline.forget()
    return failed(error)
  }
}

/** The client's connection and the extension's become one. */
async function upgraded(extensions: Extensions, registration: Registration, place: Place, asked: Relayed): Promise<HttpResponse> {
  const { request, caller, user } = asked
  const { socket: client, head } = caller.upgrade!
  // The client may leave while we dial; an error event that nobody hears would end the process.
  client.on('error', () => client.destroy())
  const left = new AbortController()
  const leave = (): void => left.abort(new WherryError('ServiceUnavailable', 'the client left'))
  client.once('close', leave)
  const wanted: ExtensionRequest = {
    method: request.method,
    path: request.path,
    headers: { ...upgradeHeaders(request.headers, caller.remoteAddress), 'audit-id': asked.auditId },
    signal: left.signal,
  }
  try {
    const answer = await extensions.send(registration, place, user, wanted)
    if (answer.upgraded) {
      if (client.destroyed) answer.socket.destroy()
      else relay(client, head, answer.socket, answer.head, answer.response)
      return took
    }
    const { statusCode = 0 } = answer.response
    if (statusCode < 400) {
      answer.response.destroy()
      return failed(new WherryError('ServiceUnavailable', `invalid upgrade response: status code ${statusCode}`), '')
    }
    await refuseUpgrade(client, answer.response)
    return took
  } catch (error) {
    return failed(error, '')
  } finally {
    client.off('close', leave)
  }
}

/** Says that the connection was taken and answered. */
const took: HttpResponse = { status: 101, headers: {}, body: new Uint8Array() }

/** What a proxy tells of itself and of what it was asked. */
function hopHeaders({ request, auditId }: Relayed, place: Place): Record<string, string> {
  const mark = request.path.indexOf('?')
  const path = mark < 0 ? request.path : request.path.slice(0, mark)
  return {
    'audit-id': auditId,
    'x-forwarded-host': hostOf(place),
    'x-forwarded-proto': 'https',
    'x-forwarded-uri': path,
  }
}

/** Whoever asks for a group version's resources wants to know soon: clients ask for all of them, one after the other. */
function discoveryDeadline(
  clock: Clock,
  { method, path, signal }: HttpRequest,
): { readonly signal: AbortSignal; readonly forget: () => void } {
  const ended = new AbortController()
  const end = (): void => ended.abort(signal?.reason)
  if (signal?.aborted === true) end()
  signal?.addEventListener('abort', end, { once: true })
  const isDiscovery = method === 'GET' && /^\/apis\/[^/?]+\/[^/?]+\/?(?:\?|$)/.test(path)
  const late = () => ended.abort(new WherryError('Timeout', 'context deadline exceeded'))
  const forgetLate = isDiscovery ? clock.schedule(clock.now() + discoveryMs, late) : () => {}
  return {
    signal: ended.signal,
    forget() {
      forgetLate()
      signal?.removeEventListener('abort', end)
    },
  }
}

const discoveryMs = 5_000
const unavailable = (): HttpResponse => text('service unavailable\n', 503)
const failed = (error: unknown, prefix = 'error trying to reach service: '): HttpResponse =>
  text(`${prefix}${error instanceof Error ? error.message : String(error)}\n`, 503)
