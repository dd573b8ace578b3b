import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream } from 'ws'
import type { ContainerRecord, PodLookup, PodRecord } from '#kubelet/interfaces.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { connectForwarder, portForwardProtocol } from '#kubelet/streams/port-forward.ts'
import { forwardChannels, forwardSpdy, portsOf, tunnelProtocol, webSocketForwardProtocols } from '#kubelet/streams/port-forward-front.ts'
import { longGone, relay } from '#kubelet/streams/relay.ts'
import { connectRuntimeStreams } from '#kubelet/streams/runtime-streams.ts'
import { negotiate, spdyCommandProtocols, spdyStreams, switchToSpdy, wantsSpdy } from '#kubelet/streams/spdy-front.ts'
import type { Streams, StreamsAsked } from '#kubelet/streams/streams.ts'
import { failure } from '#kubelet/streams/streams.ts'
import { acceptWebSocket, negotiateWebSocket, wantsWebSocket } from '#kubelet/streams/websocket.ts'
import { webSocketCommandProtocols, webSocketStreams } from '#kubelet/streams/websocket-front.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { pathParts } from './path-parts.ts'

export interface UpgradeCall {
  readonly pods: PodLookup
  readonly runtime: Pick<Runtime, 'exec' | 'attach' | 'portForward'>
  readonly clock: Clock
  readonly request: IncomingMessage
  readonly url: URL
  readonly socket: Duplex
  readonly head: Uint8Array
  /** To be called when the upgrade is answered: from then on an error can no longer be told as an HTTP status. */
  readonly taken: () => void
}

/**
 * /exec, /attach and /portForward with an Upgrade, over SPDY or WebSocket; resolves when the connection is over. What is wrong before the
 * upgrade is thrown as `WherryError` for an HTTP answer, with the reference's words.
 */
export async function upgradeRoutes(call: UpgradeCall): Promise<void> {
  const [action, namespace, name, ...rest] = pathParts(call.url)
  const [container, uid] = rest.length === 2 ? [rest[1], rest[0]] : [rest[0], undefined]
  if (namespace === undefined || name === undefined) throw new WherryError('NotFound', '404 page not found')
  if ((action === 'exec' || action === 'attach') && container !== undefined && rest.length <= 2) {
    const record = findPod(call.pods, namespace, name, uid)
    return runCommand(call, action, record, container)
  }
  // Here the part after the name is the pod's uid.
  if (action === 'portForward' && rest.length <= 1) return forwardPorts(call, findPod(call.pods, namespace, name, rest[0]))
  throw new WherryError('NotFound', '404 page not found')
}

function findPod(pods: PodLookup, namespace: string, name: string, uid: string | undefined): PodRecord {
  const record = pods.get(namespace, name)
  if (!record) throw new WherryError('NotFound', 'pod does not exist')
  if (uid !== undefined && record.pod.metadata.uid !== uid) throw new WherryError('NotFound', 'pod not found')
  return record
}

/** The newest attempt, if it runs. */
export function runningContainer(record: PodRecord, name: string): ContainerRecord {
  const container = record.containers.find((one) => one.name === name && one.state === 'running')
  if (!container) throw new WherryError('InternalError', `container not found ("${name}")`)
  return container
}

async function runCommand(call: UpgradeCall, action: 'exec' | 'attach', record: PodRecord, name: string): Promise<void> {
  const { clock, runtime, url } = call
  const client = streamsAsked(url.searchParams)
  const { id: containerId } = runningContainer(record, name)
  // Whether a process has a terminal was settled when it began.
  const tty = action === 'attach' ? hasTty(record, name) : client.tty
  const runtimeAsked = { ...client, tty, stderr: client.stderr && !tty }
  const protocol = chooseProtocol(call, spdyCommandProtocols, webSocketCommandProtocols)
  const runtimeUrl =
    action === 'exec'
      ? await runtime.exec({ containerId, command: url.searchParams.getAll('command'), ...runtimeAsked })
      : await runtime.attach({ containerId, ...runtimeAsked })
  const front = await acceptStreams(call, protocol, client)
  try {
    // A client that sends input may have sent all of it and be gone by now: the command gets it all the same.
    const back = await connectRuntimeStreams(runtimeUrl, runtimeAsked, {
      clock,
      signal: client.stdin ? longGone(front.closed, clock) : front.closed,
    })
    await relay(front, back, clock)
  } catch (error) {
    await front.finish(failure(error instanceof Error ? error.message : String(error)))
  }
}

function acceptStreams(call: UpgradeCall, protocol: string, asked: StreamsAsked): Promise<Streams> {
  const { request, socket, head, clock } = call
  call.taken()
  if (wantsWebSocket(request))
    return acceptWebSocket(request, socket, head, protocol, (webSocket) => webSocketStreams(webSocket, protocol, asked, clock))
  switchToSpdy(socket, protocol)
  return spdyStreams(socket, head, protocol, asked, clock)
}

async function forwardPorts(call: UpgradeCall, record: PodRecord): Promise<void> {
  const { clock, request, runtime, socket, head, url } = call
  if (record.sandboxId === undefined)
    throw new WherryError('InternalError', `pod not found ("${record.pod.metadata.name}_${record.pod.metadata.namespace}")`)
  const ports = portsOf(url.searchParams)
  const protocol = chooseProtocol(call, [portForwardProtocol], webSocketForwardProtocols)
  const channels = wantsWebSocket(request) && protocol !== tunnelProtocol
  if (!ports || (channels && ports.length === 0)) throw new WherryError('BadRequest', 'query parameter "port" is required')
  const forwarder = await connectForwarder(await runtime.portForward(record.sandboxId, ports), { clock })
  call.taken()
  try {
    if (!wantsWebSocket(request)) {
      switchToSpdy(socket, protocol)
      await forwardSpdy(socket, head, forwarder, clock)
    } else {
      await acceptWebSocket(request, socket, head, protocol, (webSocket) =>
        channels
          ? forwardChannels(webSocket, protocol, ports, forwarder, clock)
          : forwardSpdy(createWebSocketStream(webSocket), new Uint8Array(), forwarder, clock),
      )
    }
  } finally {
    forwarder.close()
  }
}

/** Throws before anything is answered when the client knows none of our protocols. */
function chooseProtocol({ request }: UpgradeCall, spdy: readonly string[], webSocket: readonly string[]): string {
  const isWebSocket = wantsWebSocket(request)
  if (!isWebSocket && !wantsSpdy(request))
    throw new WherryError('BadRequest', `unable to upgrade: missing upgrade headers in request: ${request.headers.upgrade ?? 'none'}`)
  const known = isWebSocket ? webSocket : spdy
  const chosen = isWebSocket ? negotiateWebSocket(request, known) : negotiate(request, known)
  if (chosen === undefined) throw new WherryError('Forbidden', `unable to negotiate protocol: server accepts [${known.join(' ')}]`)
  return chosen
}

/** The kubelet's own names (`input`, `output`, `error`) and those of the API (`stdin` …), since the API server may relay a request as it is. */
function streamsAsked(query: URLSearchParams): StreamsAsked {
  const flag = (...names: readonly string[]) => names.some((name) => ['1', 'true'].includes((query.get(name) ?? '').toLowerCase()))
  const tty = flag('tty')
  const asked = {
    stdin: flag('input', 'stdin'),
    stdout: flag('output', 'stdout'),
    // A terminal has one output.
    stderr: flag('error', 'stderr') && !tty,
    tty,
  }
  if (!asked.stdin && !asked.stdout && !asked.stderr)
    throw new WherryError('BadRequest', 'you must specify at least 1 of stdin, stdout, stderr')
  return asked
}

function hasTty({ pod }: PodRecord, name: string): boolean {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec
  return [...containers, ...initContainers, ...ephemeralContainers].find((one) => one.name === name)?.tty === true
}
