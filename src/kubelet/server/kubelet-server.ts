import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { KubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import type { LogFiles } from '#kubelet/container-log/files.ts'
import type { PodLookup } from '#kubelet/interfaces.ts'
import type { KubeletMetrics } from '#kubelet/metrics/kubelet-metrics.ts'
import type { ProcessFigures } from '#kubelet/metrics/process-metrics.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import type { Spans } from '#kubelet/spans.ts'
import type { StatsProvider } from '#kubelet/stats/stats-provider.ts'
import type { Clock } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import { isError, statusOf, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { tlsChoice } from '../configuration/tls-suites.ts'
import type { NodeTracer } from '../tracing/node-tracer.ts'
import type { Authenticate } from './authentication.ts'
import type { Authorize } from './authorization.ts'
import { createMetrics } from './metrics.ts'
import type { NodeLogs } from './node-logs.ts'
import { kubeletAttributes } from './request-attributes.ts'
import { refuseDebugging, routeOf } from './routes.ts'
import { tracedRequest } from './traced-request.ts'
import { upgradeRoutes } from './upgrade.ts'

/** PEM. `clientCa` holds every authority whose client certificates are believed. */
export interface ServingCertificate {
  readonly certificate: string
  readonly key: string
  readonly clientCa: string
}

export interface KubeletServerOptions {
  readonly nodeName: string
  readonly pods: PodLookup
  readonly runtime: Pick<Runtime, 'exec' | 'attach' | 'portForward' | 'execSync'> & Partial<Pick<Runtime, 'checkpointContainer'>>
  /** What pods and node use. Absent: nobody measures it, and who asks is told so. */
  readonly stats?: StatsProvider
  /** Those of the whole kubelet. Absent: the server's own alone. */
  readonly metrics?: Pick<KubeletMetrics, 'registry' | 'probeRegistry'>
  readonly logFiles: LogFiles
  /** Logs of the machine itself. Absent: none are shown. */
  readonly nodeLogs?: NodeLogs
  /** Where checkpoints of containers go. Absent: none are made. */
  readonly checkpointDirectory?: string
  /** What is served. Absent: the reference's defaults. */
  readonly serving?: Partial<
    Pick<
      KubeletConfiguration,
      | 'enableDebuggingHandlers'
      | 'enableSystemLogHandler'
      | 'enableSystemLogQuery'
      | 'streamingConnectionIdleTimeout'
      | 'tlsCipherSuites'
      | 'tlsMinVersion'
    >
  >
  /** Most execs, attaches and port-forwards at once; default 1000. One more is told to come again. */
  readonly maxStreams?: number
  readonly authenticate: Authenticate
  readonly authorize: Authorize
  /** The present one, and a way to hear of a new one; connections that stand keep what they began with. */
  readonly certificate: { current(): ServingCertificate; onChange?(listener: () => void): () => void }
  /** Absent: requests are not traced. */
  readonly tracer?: NodeTracer
  /** Shown at /debug/spans: where the time of the last starts went. */
  readonly spans?: Spans['recent']
  /** What this process takes of the machine, for metrics. */
  readonly processFigures?: () => ProcessFigures
  /** Shown at /flagz. */
  readonly flags?: Readonly<Record<string, string>>
  /** Shown at /configz as `kubeletconfig`. */
  readonly configuration?: object
  readonly clock: Clock
  readonly log: Log
}

export interface KubeletServer {
  /** Resolves with the port taken: 10250 by custom, 0 for any free one. */
  listen(port: number, address?: string): Promise<number>
  /** Ends every connection, also exec, attach and port-forward. */
  close(): Promise<void>
}

/** A long command stands in the URL; Go's server takes headers of this size too. */
const maxHeaderBytes = 1 << 20
const headersMs = 30_000
const maxConnections = 4096

/** The node's HTTPS server: what the API server (and who may) asks of a kubelet. */
export function createKubeletServer(options: KubeletServerOptions): KubeletServer {
  const { certificate, maxStreams = 1000 } = options
  const streamIdleMs = durationMs(options.serving?.streamingConnectionIdleTimeout ?? '4h0m0s')
  const log = options.log.with({ server: 'kubelet' })
  const metrics = createMetrics(options)
  const startedMs = options.clock.now()
  const context = () => {
    const { certificate: cert, key, clientCa } = certificate.current()
    return { cert, key, ca: clientCa, ...tlsChoice(options.serving ?? {}) }
  }
  // Whoever comes without a certificate may still have a token: who is let in is decided for each request.
  const server = createServer({
    ...context(),
    requestCert: true,
    rejectUnauthorized: false,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersMs,
    requestTimeout: headersMs,
    keepAlive: true,
    keepAliveInitialDelay: headersMs,
  })
  // Without a bound of connections, whoever opens them without a word would take all of the agent's files.
  server.maxConnections = maxConnections
  const upgraded = new Set<Duplex>()
  let streams = 0
  const stopCertificate = certificate.onChange?.(() => server.setSecureContext(context()))

  const admit = async (request: IncomingMessage, path: string): Promise<void> => {
    const user = await options.authenticate(credentialsOf(request))
    if (!user) throw new WherryError('Unauthorized', 'Unauthorized')
    const attributes = kubeletAttributes(request.method ?? '', path)
    if (await options.authorize(user, attributes)) return
    const { verb, subresources } = attributes
    throw new WherryError(
      'Forbidden',
      `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])`,
    )
  }

  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    const url = urlOf(request)
    const done = metrics.begin(request.method ?? '', url.pathname)
    response.once('close', () => done(response.statusCode))
    try {
      await admit(request, url.pathname)
      const route = routeOf(request.method ?? '', url.pathname, options.serving)
      const statusOf = (error: unknown) => (error === undefined ? response.statusCode : codeOf(error))
      await tracedRequest(options.tracer, { request, url, statusOf }, () =>
        route({ ...options, metrics, startedMs, request, response, url }),
      )
    } catch (error) {
      report(error, url.pathname)
      if (response.headersSent) response.destroy()
      else response.writeHead(codeOf(error), { 'content-type': 'text/plain; charset=utf-8' }).end(`${messageOf(error)}\n`)
    }
  })

  server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const url = urlOf(request)
    const done = metrics.begin(request.method ?? '', url.pathname)
    upgraded.add(socket)
    let counted = 0
    socket.once('close', () => {
      upgraded.delete(socket)
      streams -= counted
      done(101)
    })
    // A connection that breaks shows as its close; unheard, the error would end the process.
    socket.on('error', () => socket.destroy())
    ;(socket as TLSSocket).setNoDelay?.(true)
    ;(socket as TLSSocket).setTimeout?.(0)
    endWhenIdle(socket as TLSSocket, streamIdleMs, options.clock)
    let taken = false
    try {
      await admit(request, url.pathname)
      refuseDebugging(url.pathname.split('/')[1] ?? '', options.serving)
      if (socket.destroyed) return
      if (streams >= maxStreams) throw new WherryError('TooManyRequests', `this node serves ${maxStreams} streams already, try again later`)
      counted = 1
      streams += 1
      const statusOf = (error: unknown) => (error === undefined ? 101 : codeOf(error))
      await tracedRequest(options.tracer, { request, url, statusOf }, () =>
        upgradeRoutes({ ...options, request, url, socket, head, taken: () => (taken = true) }),
      )
    } catch (error) {
      report(error, url.pathname)
      if (taken) socket.destroy()
      else refuse(socket, codeOf(error), messageOf(error))
    }
  })

  const report = (error: unknown, path: string): void => {
    if (isError(error) && codeOf(error) < 500) log.debug('request refused', { path, error: error.message })
    else log.warn('request failed', { path, error: messageOf(error) })
  }

  return {
    listen: (port, address) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, address, () => {
          server.off('error', reject)
          server.on('error', (error) => log.error('server failed', { error: error.message }))
          const bound = server.address()
          log.info('listening', { port: typeof bound === 'object' ? bound?.port : bound })
          resolve(typeof bound === 'object' && bound ? bound.port : port)
        })
      }),
    close: () =>
      new Promise((resolve) => {
        stopCertificate?.()
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of upgraded) socket.destroy()
      }),
  }
}

/** A stream that nothing went over for so long is one that somebody forgot. It may live up to twice as long: one look serves both. */
function endWhenIdle(socket: TLSSocket, idleMs: number, clock: Clock): void {
  const total = () => socket.bytesRead + socket.bytesWritten
  let before = total()
  let forget = () => {}
  const lookLater = (): void => {
    forget = clock.schedule(clock.now() + idleMs, () => {
      if (total() === before) socket.destroy()
      else {
        before = total()
        lookLater()
      }
    })
  }
  socket.once('close', () => forget())
  lookLater()
}

/** Whatever stands in the request line is a path: read as an address, one such as `//` would be an error that nobody catches. */
const urlOf = ({ url = '/' }: IncomingMessage): URL => new URL(`https://kubelet${url.startsWith('/') ? '' : '/'}${url}`)

function credentialsOf(request: IncomingMessage) {
  const socket = request.socket as TLSSocket
  const subject = socket.authorized ? socket.getPeerCertificate()?.subject : undefined
  const bearerToken = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const organizations = subject?.O as string | string[] | undefined
  return {
    ...(subject && {
      certificate: {
        commonName: [subject.CN as string | string[] | undefined].flat()[0] ?? '',
        organizations: organizations === undefined ? [] : [organizations].flat(),
      },
    }),
    ...(bearerToken !== undefined && { bearerToken }),
  }
}

const codeOf = (error: unknown): number => (isError(error) ? (error.details.status ?? statusOf[error.code]) : 500)
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
}

/** An answer on the raw connection of an upgrade that is not to be. */
function refuse(socket: Duplex, code: number, message: string): void {
  const body = `${message}\n`
  const head = `HTTP/1.1 ${code} ${reasons[code] ?? 'Internal Server Error'}\r\nContent-Type: text/plain; charset=utf-8\r\n`
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}
