import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import type { Random } from '#lib/random.ts'
import type { Authorizer, SubresourceCall, SubresourceHandler } from '../contract.ts'
import { badRequest, forbiddenError, notFoundError } from '../http/status.ts'
import { kubeletAddress } from './address.ts'
import { chooseContainer } from './container.ts'
import type { Dialer, DialTarget } from './dialer.ts'
import { type Exchange, type ExchangeResult, exchange } from './exchange.ts'
import { answeredHeaders, forwardedHeaders, upgradeHeaders } from './headers.ts'
import { PlainFailure, plainFailureResponse } from './plain-failure.ts'
import { isSet, logQuery, logResponse } from './pod-log.ts'
import { rawProxyPath, rewriteLocation } from './proxy-path.ts'
import { nodeTarget, podTarget, serviceTarget } from './proxy-target.ts'
import { answerAndClose, refuseUpgrade, relay } from './relay.ts'

/** The way to nodes and pods, and its bounds. */
export interface ConnectOptions {
  readonly dial: Dialer
  readonly random: Random
  readonly authorize: Authorizer
  /** Connections to nodes and pods at one time; above, callers are asked to come again. */
  readonly connectionsMax?: number
}

/**
 * Handlers of what is relayed to a node or a pod, by the names that kinds give them. They find their target through `call.server.objects` and
 * `call.attributes.name`, because a proxy path may name it `scheme:name:port`; the core must not refuse such a name before. A handler that
 * took the client's connection (`caller.upgrade`) answers 101: then everything was said on it already, refusals included.
 */
export function connectHandlers(options: ConnectOptions): Readonly<Record<string, SubresourceHandler>> {
  const link = createLink(options)
  const toKubelet = (path: (call: SubresourceCall, pod: Pod) => string): SubresourceHandler =>
    guarded(async (call) => {
      await mayCreate(call, options.authorize)
      const pod = podOf(call)
      const target = path(call, pod)
      if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
      if (call.caller.upgrade === undefined) throw badRequest('Upgrade request required')
      return link.upgrade(call, kubeletOf(call, pod), target)
    })
  return {
    podLog: guarded(async (call) => {
      const pod = podOf(call)
      const query = logQuery(call.query, pod.metadata.name)
      const container = chooseContainer(pod, call.query.get('container') ?? '')
      if (!pod.spec.nodeName) return { status: 204, headers: {}, body: new Uint8Array() }
      const path = `/containerLogs/${pathOf(pod)}/${container}${query.size === 0 ? '' : `?${query}`}`
      const { response } = await link.request(call, kubeletOf(call, pod), { method: 'GET', path, headers: {} })
      return logResponse(response, pod.metadata.name)
    }),
    podExec: toKubelet(
      (call, pod) => `/exec/${pathOf(pod)}/${chooseContainer(pod, call.query.get('container') ?? '')}${streamQuery(call.query)}`,
    ),
    podAttach: toKubelet(
      (call, pod) => `/attach/${pathOf(pod)}/${chooseContainer(pod, call.query.get('container') ?? '')}${streamQuery(call.query, false)}`,
    ),
    podPortForward: toKubelet((call, pod) => `/portForward/${pathOf(pod)}${portQuery(call.query)}`),
    podProxy: guarded((call) => proxy(call, podTarget(call.attributes.name, call.attributes.namespace, call.server.objects), link)),
    serviceProxy: guarded((call) =>
      proxy(call, serviceTarget(call.attributes.name, call.attributes.namespace, call.server.objects, options.random), link),
    ),
    nodeProxy: guarded((call) => proxy(call, nodeTarget(call.attributes.name, call.server.objects), link)),
  }
}

/** The way out, with its count of open connections. */
interface Link {
  request(call: SubresourceCall, target: DialTarget, what: Outgoing): Promise<ExchangeResult>
  upgrade(call: SubresourceCall, target: DialTarget, path: string): Promise<HttpResponse>
}

type Outgoing = Pick<Exchange, 'method' | 'path' | 'headers' | 'body'>

function createLink({ dial, connectionsMax = 2000 }: ConnectOptions): Link {
  let open = 0
  const connect = async (target: DialTarget) => {
    if (open >= connectionsMax)
      throw new WherryError('TooManyRequests', 'too many open connections to nodes and pods, try again later', { retryAfterSeconds: 1 })
    open += 1
    try {
      const socket = await dial(target)
      socket.once('close', () => {
        open -= 1
      })
      return socket
    } catch (error) {
      open -= 1
      throw new PlainFailure(`error dialing backend: ${error instanceof Error ? error.message : String(error)}`, error)
    }
  }
  const request = async (target: DialTarget, what: Outgoing, signal?: AbortSignal): Promise<ExchangeResult> => {
    const socket = await connect(target)
    try {
      return await exchange(socket, { ...what, host: hostOf(target), ...(signal !== undefined && { signal }) })
    } catch (error) {
      throw new PlainFailure(`error dialing backend: ${error instanceof Error ? error.message : String(error)}`, error)
    }
  }
  return {
    request: (call, target, what) => request(target, what, call.request.signal),
    upgrade: async (call, target, path) => {
      const { socket: client, head } = call.caller.upgrade!
      // The client may leave while we dial; an error event that nobody hears would end the process.
      client.on('error', () => client.destroy())
      const headers = upgradeHeaders(call.request.headers, call.caller.remoteAddress)
      // Not the request's signal: the relay outlives the request, and ends with either side's socket. Until it stands, a client that leaves
      // takes the connection with it, whether the backend ever answers or not.
      const left = new AbortController()
      const leave = () => left.abort(new Error('the client left'))
      if (client.destroyed) leave()
      client.once('close', leave)
      try {
        const result = await request(target, { method: call.request.method, path, headers }, left.signal)
        if (result.upgraded) relay(client, head, result.socket, result.head, result.response)
        else if ((result.response.statusCode ?? 0) >= 400) await refuseUpgrade(client, result.response)
        else {
          result.response.destroy()
          throw new PlainFailure(`invalid upgrade response: status code ${result.response.statusCode}`)
        }
        return took
      } finally {
        client.off('close', leave)
      }
    },
  }
}

/** Says that the connection was taken and answered. */
const took: HttpResponse = { status: 101, headers: {}, body: new Uint8Array() }

async function proxy(call: SubresourceCall, target: DialTarget, link: Link): Promise<HttpResponse> {
  const { request, caller, attributes } = call
  const { rest, query, base } = rawProxyPath(request.path, attributes)
  if (rest === '' && (request.method === 'GET' || request.method === 'HEAD'))
    // Relative links of the page behind it would otherwise lead out of the proxy.
    return { status: 301, headers: { location: `${base}/${query}` }, body: new Uint8Array() }
  const path = `${rest === '' ? '/' : rest}${query}`
  if (caller.upgrade !== undefined) return link.upgrade(call, target, path)
  const headers = {
    ...forwardedHeaders(request.headers, caller.remoteAddress),
    ...(request.body !== undefined && { 'content-length': String(request.body.byteLength) }),
  }
  const { response } = await link.request(call, target, {
    method: request.method,
    path,
    headers,
    ...(request.body && { body: request.body }),
  })
  const answered = answeredHeaders(response.headers)
  const location = response.headers.location
  if (location !== undefined) answered['location'] = rewriteLocation(location, hostOf(target), base)
  const status = response.statusCode ?? 502
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    // There is no body to read, and an answer that nobody reads would hold the connection.
    response.resume()
    return { status, headers: answered, body: new Uint8Array() }
  }
  return { status, headers: answered, body: response as AsyncIterable<Buffer> }
}

/** Bare failures as the reference words them; and on a connection that waits for an upgrade, every refusal is said on it, which is then closed. */
function guarded(handler: (call: SubresourceCall) => Promise<HttpResponse>): SubresourceHandler {
  return async (call) => {
    try {
      return await handler(call)
    } catch (error) {
      if (!(error instanceof PlainFailure)) throw error
      const answer = plainFailureResponse(error)
      const client = call.caller.upgrade?.socket
      if (client === undefined) return answer
      answerAndClose(client, answer.status, 'application/json', answer.body as Uint8Array)
      return took
    }
  }
}

/** A WebSocket opens by GET; what it opens is as mighty as by POST, so the right to create is asked for as well (v1.35: AuthorizePodWebsocketUpgradeCreatePermission). */
async function mayCreate({ attributes, kind }: SubresourceCall, authorize: Authorizer): Promise<void> {
  if (attributes.verb === 'create') return
  const decision = await authorize({ ...attributes, verb: 'create' })
  if (!decision.allowed) throw forbiddenError(kind, attributes.name, decision.reason)
}

function podOf({ attributes, server }: SubresourceCall): Pod {
  const pod = server.objects.get(Pod, attributes.name, attributes.namespace)
  if (pod === undefined) throw notFoundError(Pod, attributes.name)
  return pod as Pod
}

function kubeletOf({ server }: SubresourceCall, pod: Pod): DialTarget {
  const name = pod.spec.nodeName ?? ''
  const node = server.objects.get(Node, name)
  if (node === undefined) throw notFoundError(Node, name)
  return { ...kubeletAddress(node as Node), security: 'kubelet' }
}

const pathOf = (pod: Pod): string => `${encodeURIComponent(pod.metadata.namespace)}/${encodeURIComponent(pod.metadata.name)}`
const hostOf = ({ host, port }: DialTarget): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** The kubelet's names for the streams that a client wants. */
function streamQuery(query: URLSearchParams, hasCommand = true): string {
  const asked = new URLSearchParams()
  for (const [name, param] of [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
    ['tty', 'tty'],
  ] as const)
    if (isSet(query, name)) asked.set(param, '1')
  if (hasCommand) for (const part of query.getAll('command')) asked.append('command', part)
  return asked.size === 0 ? '' : `?${asked}`
}

/** Only WebSocket clients of old name their ports in the query; others name them stream by stream. */
function portQuery(query: URLSearchParams): string {
  const ports = query.getAll('ports').flatMap((value) => value.split(','))
  return ports.length === 0 ? '' : `?${new URLSearchParams({ port: ports.join(',') })}`
}
