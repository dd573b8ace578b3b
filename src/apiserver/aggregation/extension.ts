import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { readBody } from '#lib/http.ts'
import type { HttpsStream, HttpsStreamAnswer } from '#lib/https-stream.ts'
import type { Objects, UserInfo } from '../contract.ts'
import { resolveService } from '../outbound.ts'
import type { Registration } from './registrations.ts'
import { userHeaders } from './user-headers.ts'

/** How to reach the servers behind group versions. */
export interface Extensions {
  /** Where its Service leads at present. Throws `ServiceUnavailable` where that is nowhere. */
  resolve(registration: Registration): Place
  /** Sends a request on for the user. `headers` without who asks and without the host: both are set here. */
  send(registration: Registration, place: Place, user: UserInfo, request: ExtensionRequest): Promise<HttpsStreamAnswer>
  /** The whole answer to a question of our own; the body bounded, the time too. */
  ask(registration: Registration, user: UserInfo, question: Question): Promise<Answer>
}

/** Where a connection goes: an address, no name. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** A request as it is sent on; header names in lower case. */
export interface ExtensionRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
}

/** A GET of our own, such as one for discovery. */
export interface Question {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** An answer above is refused. Default 4 MiB. */
  readonly bodyMaxBytes?: number
}

/** A whole answer; header names in lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
}

/** How extension API servers are found and reached. */
export interface ExtensionsOptions {
  readonly objects: Objects
  readonly clock: Clock
  readonly stream: HttpsStream
  /** PEM: who we are towards extension API servers. Asked anew for each request, since it is renewed. */
  readonly identity: () => { readonly certificate: string; readonly key: string }
}

/** Reaches extension API servers through the endpoints of their Services, else by the cluster address. */
export function createExtensions({ objects, clock, stream, identity }: ExtensionsOptions): Extensions {
  let turn = 0
  const resolve = ({ service }: Registration): Place => resolveService(objects, service, (turn += 1))
  const send: Extensions['send'] = (registration, { host, port }, user, request) => {
    const { service, caBundle, insecureSkipTlsVerify } = registration
    const { certificate, key } = identity()
    return stream({
      host,
      port,
      serverName: `${service.name}.${service.namespace}.svc`,
      ...(caBundle !== undefined && { caBundle }),
      insecureSkipTlsVerify,
      certificate,
      key,
      method: request.method,
      path: request.path,
      headers: { ...request.headers, ...userHeaders(user), host: hostOf({ host, port }) },
      ...(request.body !== undefined && { body: request.body }),
      ...(request.signal !== undefined && { signal: request.signal }),
    })
  }
  return {
    resolve,
    send,
    async ask(registration, user, { path, headers = {}, timeoutMs, bodyMaxBytes = 4 << 20 }) {
      const late = new AbortController()
      const forget = clock.schedule(clock.now() + timeoutMs, () => late.abort(new WherryError('Timeout', 'context deadline exceeded')))
      try {
        const answer = await send(registration, resolve(registration), user, { method: 'GET', path, headers, signal: late.signal })
        if (answer.upgraded) {
          answer.socket.destroy()
          throw new WherryError('ServiceUnavailable', 'the server changed the protocol unasked')
        }
        const { statusCode = 502, headers: answered } = answer.response
        return { status: statusCode, headers: answered, body: await readBody(answer.response as AsyncIterable<Buffer>, bodyMaxBytes) }
      } catch (error) {
        throw late.signal.aborted ? late.signal.reason : error
      } finally {
        forget()
      }
    },
  }
}

/** `10.0.0.1:443` and `[::1]:443`. */
export const hostOf = ({ host, port }: Place): string => `${host.includes(':') ? `[${host}]` : host}:${port}`
