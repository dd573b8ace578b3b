import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readLog } from '#kubelet/container-log/read-log.ts'
import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { expositionType } from '#lib/metrics/exposition.ts'
import { checkpoint } from './checkpoint.ts'
import { type HealthCheck, serveHealth } from './health.ts'
import type { KubeletServerOptions } from './kubelet-server.ts'
import { chooseLog } from './log-choice.ts'
import { parseLogQuery } from './log-query.ts'
import type { Metrics } from './metrics.ts'
import { serveNodeLogs } from './node-logs.ts'
import { pathParts } from './path-parts.ts'
import { statsSummary } from './stats-summary.ts'
import { runningContainer } from './upgrade.ts'
import { serveZPage } from './z-pages.ts'

export interface Call extends Omit<KubeletServerOptions, 'metrics'> {
  readonly metrics: Metrics
  /** When the server was made. */
  readonly startedMs: Instant
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
}
type Route = (call: Call) => Promise<void> | void

/** Plain requests, by method and first part of the path. */
const routes: Readonly<Record<string, Route>> = {
  'GET healthz': (call) => serveHealth(healthChecks, call),
  'GET metrics': async ({ response, metrics, url }) => {
    const shown = await metrics.text(url.pathname)
    if (shown === undefined) throw notFound()
    text(response, shown, expositionType)
  },
  'GET pods': ({ response, pods }) => json(response, podList(pods.list().map(({ withStatus }) => withStatus))),
  'GET runningpods': ({ response, pods }) =>
    json(
      response,
      podList(
        pods
          .list()
          .filter(({ containers }) => containers.some(({ state }) => state === 'running'))
          .map(({ pod: { metadata, spec } }) => ({ metadata, spec, status: {} })),
      ),
    ),
  'GET configz': ({ response, configuration = {} }) => json(response, { kubeletconfig: configuration }),
  'GET statusz': (call) => zPageOf('/statusz', call),
  'GET flagz': (call) => zPageOf('/flagz', call),
  'GET debug': ({ response, spans, url }) => {
    if (url.pathname !== '/debug/spans' || spans === undefined) throw notFound()
    json(response, { pods: spans() })
  },
  'GET stats': async ({ response, stats, url }) => json(response, await statsSummary(stats, url)),
  'POST stats': async ({ response, stats, url }) => json(response, await statsSummary(stats, url)),
  'GET containerLogs': containerLogs,
  'GET logs': (call) => {
    const { nodeLogs, serving } = call
    if (serving?.enableSystemLogHandler === false) throw new WherryError('MethodNotAllowed', 'logs endpoint is disabled.')
    if (nodeLogs === undefined) throw notFound()
    return serveNodeLogs({ ...call, nodeLogs, isQueryEnabled: serving?.enableSystemLogQuery === true })
  },
  'POST run': run,
  'POST checkpoint': checkpoint,
}
/** What `enableDebuggingHandlers` turns off. */
const debugging = [
  'run',
  'exec',
  'attach',
  'portForward',
  'containerLogs',
  'runningpods',
  'logs',
  'checkpoint',
  'configz',
  'debug',
  'statusz',
  'flagz',
]
/** Everything runs on one thread: where this is answered at all, nothing is stuck, and a log line would be written. */
export const healthChecks: readonly HealthCheck[] = ['log', 'syncloop'].map((name) => ({ name, check() {} }))
const upgradeOnly = ['exec', 'attach', 'portForward']

/** Throws `NotFound` for what the kubelet does not serve, `BadRequest` for what it serves only over an upgrade. */
export function routeOf(method: string, path: string, serving: KubeletServerOptions['serving']): Route {
  const first = path.split('/')[1] ?? ''
  refuseDebugging(first, serving)
  const route = routes[`${method === 'HEAD' ? 'GET' : method} ${first}`]
  if (route) return route
  if (upgradeOnly.includes(first)) throw new WherryError('BadRequest', 'Upgrade request required')
  throw notFound()
}

/** Throws `MethodNotAllowed` for what an operator turned off. */
export function refuseDebugging(first: string, serving: KubeletServerOptions['serving']): void {
  if (serving?.enableDebuggingHandlers === false && debugging.includes(first))
    throw new WherryError('MethodNotAllowed', 'Debug endpoints are disabled.')
}

const notFound = () => new WherryError('NotFound', '404 page not found')

function zPageOf(path: '/statusz' | '/flagz', { request, response, url, clock, startedMs, flags = {} }: Call): void {
  if (url.pathname !== path) throw notFound()
  serveZPage(path, { response, accept: request.headers.accept ?? '', startedMs, nowMs: clock.now(), flags })
}

async function containerLogs(call: Call): Promise<void> {
  const { pods, logFiles, clock, response, url } = call
  const [, namespace, name, containerName, more] = pathParts(url)
  if (!namespace || !name || !containerName || more) throw notFound()
  const query = parseLogQuery(url.searchParams, clock.now())
  const record = pods.get(namespace, name)
  if (!record) throw new WherryError('NotFound', `pod "${name}" does not exist`)
  const { containers, initContainers = [], ephemeralContainers = [] } = record.pod.spec
  if (![...containers, ...initContainers, ...ephemeralContainers].some((one) => one.name === containerName))
    throw new WherryError('NotFound', `container "${containerName}" not found in pod "${name}"`)
  const { uid } = record.pod.metadata
  const id = chooseLog(record, containerName, query.previous)
  const find = () => pods.byUid(uid)?.containers.find((one) => one.id === id)
  const container = find()
  if (!container) throw new WherryError('BadRequest', `unable to retrieve container logs for containerd://${id}`)

  const left = new AbortController()
  response.once('close', () => left.abort())
  const source = {
    isRunning: () => find()?.state === 'running',
    onChange: (listener: () => void) =>
      pods.onChange((changed) => {
        if (changed === uid) listener()
      }),
  }
  // A followed log may be silent for long: the client has to know now that it stands.
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  response.flushHeaders()
  try {
    await pipeline(Readable.from(readLog(logFiles, container.logPath, query, source, left.signal), { objectMode: true }), response)
  } catch (error) {
    // A client that leaves is no failure.
    if (!left.signal.aborted) throw error
  }
}

async function run(call: Call): Promise<void> {
  const [, namespace, name, ...rest] = pathParts(call.url)
  const containerName = rest.at(-1)
  if (!namespace || !name || !containerName || rest.length > 2) throw notFound()
  const record = call.pods.get(namespace, name)
  if (!record || (rest.length === 2 && record.pod.metadata.uid !== rest[0])) throw new WherryError('NotFound', 'pod does not exist')
  const { id } = runningContainer(record, containerName)
  const command = (call.url.searchParams.get('cmd') ?? '').split(' ')
  const { exitCode, stdout, stderr } = await call.runtime.execSync(id, command, 0)
  if (exitCode !== 0)
    throw new WherryError('InternalError', `command '${command.join(' ')}' exited with ${exitCode}: ${Buffer.from(stderr)}`)
  // The reference calls any output this.
  call.response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.concat([stdout, stderr]))
}

const podList = (items: readonly object[]) => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items })

function text(response: ServerResponse, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(200, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body)
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
