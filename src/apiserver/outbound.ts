import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpsExchange, HttpsExchangeRequest, HttpsExchangeResponse } from '#lib/https-exchange.ts'
import { quote } from '#schema/go-text.ts'
import type { Objects } from './contract.ts'

/**
 * Calls somebody outside: webhooks, aggregated API servers, issuers. Rejects with `ServiceUnavailable` or `Timeout` where no whole answer came
 * (any status is an answer); the message says why in the words that Go's HTTP client has for it, because answers of the API show them.
 * Redirects are answers as well, unless the caller wants to be sent elsewhere by whom it calls.
 */
export type Outbound = (target: OutboundTarget, options: OutboundOptions, request: OutboundRequest) => Promise<OutboundResponse>

/** Where a request of ours goes: a URL, or a Service in the cluster. */
export type OutboundTarget =
  | { readonly url: string }
  | { readonly service: { readonly namespace: string; readonly name: string; readonly port?: number; readonly path?: string } }

/** Who is trusted, who we are, and how long and how much is waited for. */
export interface OutboundOptions {
  /** PEM, or base64 of it as API objects have it. Absent: the machine's authorities. */
  readonly caBundle?: string
  readonly insecureSkipTlsVerify?: boolean
  /** PEM of the client certificate and its key. */
  readonly certificate?: string
  readonly key?: string
  readonly bearerToken?: string
  readonly serverName?: string
  /** For everything, redirects included. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** An answer above is refused; default 16 MiB, some ten times the largest object that the store takes. */
  readonly bodyMaxBytes?: number
  /** Put after the URL: `timeout=10s`. */
  readonly query?: string
  /** How many redirects are followed, as Go's client would: 307 and 308 send the request again, the others ask for the new place. Default none. */
  readonly redirectsMax?: number
}

/** What is sent. */
export interface OutboundRequest {
  readonly method: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** The whole answer, whatever its status. */
export type OutboundResponse = HttpsExchangeResponse

/** Whole URL of a target as answers of the API name it: a Service by its name in the cluster's DNS, with its port. */
export function outboundUrl(target: OutboundTarget, query = ''): string {
  const base =
    'url' in target
      ? target.url
      : `https://${serverNameOf(target.service)}:${target.service.port ?? 443}${rooted(target.service.path ?? '')}`
  const url = new URL(base)
  // Go writes the port where it was given, and so do we; the URL class drops the one that goes without saying.
  const port = 'service' in target ? `:${target.service.port ?? 443}` : (/^[a-z]+:\/\/[^/?#]*?(:\d+)(?=[/?#]|$)/.exec(base)?.[1] ?? '')
  const search = [url.search.slice(1), query].filter((part) => part !== '').join('&')
  return `${url.protocol}//${url.hostname}${port}${url.pathname}${search === '' ? '' : `?${search}`}`
}

/** Where Services are looked up, and what carries requests. */
export interface CreateOutboundOptions {
  readonly objects: Objects
  readonly exchange: HttpsExchange
  readonly clock: Clock
}

/** Finds Services through `objects`: one of their ready endpoints in turn, else their cluster address. */
export function createOutbound({ objects, exchange, clock }: CreateOutboundOptions): Outbound {
  let turn = 0
  return async (target, options, request) => {
    const { caBundle, bearerToken, serverName, bodyMaxBytes = 16 << 20, query, redirectsMax = 0, ...rest } = options
    const service = 'service' in target ? target.service : undefined
    const name = serverName ?? (service === undefined ? undefined : serverNameOf(service))
    let wanted: HttpsExchangeRequest = {
      ...request,
      ...rest,
      url: outboundUrl(target, query),
      bodyMaxBytes,
      headers: bearerToken === undefined ? request.headers : { ...request.headers, authorization: `Bearer ${bearerToken}` },
      ...(service !== undefined && { connectTo: resolveService(objects, service, (turn += 1)) }),
      ...(name !== undefined && { serverName: name }),
      ...(caBundle !== undefined && { caBundle: asPem(caBundle) }),
    }
    const endMs = clock.monotonicMs() + options.timeoutMs
    for (let left = redirectsMax; ; left -= 1) {
      const response = await exchange(wanted)
      const next = left > 0 ? redirected(wanted, response) : undefined
      if (next === undefined) return response
      // The time is the caller's for all of them together.
      const timeoutMs = endMs - clock.monotonicMs()
      if (timeoutMs <= 0) throw new WherryError('Timeout', 'context deadline exceeded')
      wanted = { ...next, timeoutMs }
    }
  }
}

/** The request that a redirect leads to; undefined where the answer is none. Whoever is elsewhere gets no credentials. */
function redirected(request: HttpsExchangeRequest, { status, headers }: HttpsExchangeResponse): HttpsExchangeRequest | undefined {
  const { location } = headers
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status) || !URL.canParse(location, request.url)) return undefined
  const url = new URL(location, request.url)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined
  const { body, connectTo, certificate, key, ...rest } = request
  // The same host without TLS is elsewhere too: everybody on the way would read the token.
  const stays = url.origin === new URL(request.url).origin
  const { authorization, ...others } = request.headers
  return {
    ...rest,
    url: url.href,
    headers: stays && authorization !== undefined ? request.headers : others,
    ...(stays && connectTo !== undefined && { connectTo }),
    ...(stays && certificate !== undefined && { certificate }),
    ...(stays && key !== undefined && { key }),
    ...(status >= 307 ? body !== undefined && { body } : { method: 'GET' }),
  }
}

interface ServiceTarget {
  readonly namespace: string
  readonly name: string
  readonly port?: number
}

const serverNameOf = ({ name, namespace }: ServiceTarget): string => `${name}.${namespace}.svc`
const rooted = (path: string): string => (path.startsWith('/') ? path : `/${path}`)
const asPem = (bundle: string): string => (bundle.includes('-----BEGIN') ? bundle : Buffer.from(bundle, 'base64').toString())

/** Where the service is reached at present; `turn` chooses among several endpoints. Throws what the reference says of a service that leads nowhere. */
export function resolveService(
  objects: Objects,
  { namespace, name, port = 443 }: ServiceTarget,
  turn: number,
): { readonly host: string; readonly port: number } {
  const service = objects.get(Service, name, namespace) as Service | undefined
  if (service === undefined) throw new WherryError('ServiceUnavailable', `service ${quote(name)} not found`)
  const { type = 'ClusterIP', ports = [], clusterIP = '', externalName = '', ipFamilies } = service.spec
  if (type === 'ExternalName') return { host: externalName, port }
  if (clusterIP === 'None') throw new WherryError('ServiceUnavailable', 'cannot route to service with ClusterIP "None"')
  const found = ports.find((candidate) => candidate.port === port)
  if (found === undefined) throw new WherryError('ServiceUnavailable', `no service port ${port} found for service ${quote(name)}`)
  const slices = (objects.list(EndpointSlice, namespace) as readonly EndpointSlice[]).filter(
    ({ metadata, addressType }) =>
      metadata.labels?.['kubernetes.io/service-name'] === name && (ipFamilies?.[0] === undefined || addressType === ipFamilies[0]),
  )
  const endpoints = slices.flatMap((slice) =>
    (slice.ports ?? [])
      .filter((candidate) => (candidate.name ?? '') === (found.name ?? '') && candidate.port !== undefined)
      .flatMap((candidate) =>
        (slice.endpoints ?? [])
          .filter(({ conditions, addresses }) => conditions?.ready !== false && addresses.length > 0)
          .map(({ addresses }) => ({ host: addresses[0]!, port: candidate.port! })),
      ),
  )
  return endpoints[turn % Math.max(1, endpoints.length)] ?? { host: clusterIP, port }
}
