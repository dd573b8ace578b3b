import type { Clock } from '#lib/clock.ts'
import { registerBuildInfo } from '#lib/metrics/build-info.ts'
import { createRegistry, type Registry } from '#lib/metrics/registry.ts'
import { kubernetesVersion } from '#lib/version.ts'
import type { PodLookup } from '../interfaces.ts'
import { createKubeletMetrics, secondsBuckets } from '../metrics/kubelet-metrics.ts'
import { observePods } from '../metrics/pod-counts.ts'
import { observeProcess, type ProcessFigures } from '../metrics/process-metrics.ts'
import { cadvisorMetrics } from '../stats/cadvisor-metrics.ts'
import { metricText } from '../stats/metric-text.ts'
import { resourceMetrics } from '../stats/resource-metrics.ts'
import type { StatsProvider } from '../stats/stats-provider.ts'
import { volumeMetrics } from '../stats/volume-metrics.ts'

/** The server's share of the metrics, and the text of all of them. */
export interface Metrics {
  /** Counts a request from its beginning; the function returned ends it. */
  begin(method: string, path: string): (status: number) => void
  /** A health check has run: for `/metrics/slis`, which shows how each went last and how often it went how (KEP-3466). */
  checked(name: string, isFine: boolean): void
  /** Of `/metrics` and what is below it, in Prometheus' text format 0.0.4; undefined for a path that is none of ours. */
  text(path: string): Promise<string | undefined>
}

export interface MetricsOptions {
  readonly pods: PodLookup
  readonly nodeName: string
  readonly clock: Clock
  /** Those of the whole kubelet. Absent: the server's own alone. */
  readonly metrics?: { readonly registry: Registry; readonly probeRegistry: Registry }
  /** Absent: nothing is known of what the kubelet itself uses. */
  readonly processFigures?: () => ProcessFigures
  /** Absent: nothing is known of what pods use. */
  readonly stats?: StatsProvider
}

/** Names and labels as the reference's kubelet, so that dashboards made for it show this one too. */
export function createMetrics(options: MetricsOptions): Metrics {
  const { pods, nodeName, clock, stats } = options
  const { registry, probeRegistry } = options.metrics ?? createKubeletMetrics(clock)
  const labels = ['method', 'path', 'server_type', 'long_running']
  const family = (name: string, help: string) => ({ name: `kubelet_http_${name}`, help, stability: 'ALPHA' as const, labels })
  const total = registry.counter(family('requests_total', 'Number of the http requests received since the server started'))
  const inFlight = registry.gauge(family('inflight_requests', 'Number of the inflight http requests'))
  const seconds = registry.histogram({
    ...family('requests_duration_seconds', 'Duration in seconds to serve http requests'),
    buckets: secondsBuckets,
  })
  observePods(registry, pods, nodeName)
  if (options.processFigures !== undefined) observeProcess(registry, options.processFigures)
  registerBuildInfo(registry, { gitVersion: kubernetesVersion, gitCommit: '', buildDate: BUILT_AT })

  const levels = createRegistry()
  const health = (name: string, help: string) => ({ name: `kubernetes_${name}`, help, stability: 'STABLE' as const })
  const lastCheck = levels.gauge({
    ...health('healthcheck', 'Result of a health check the last time that it ran: 1 when all was well.'),
    labels: ['name', 'type'],
  })
  const checks = levels.counter({ ...health('healthchecks_total', 'Health checks by result.'), labels: ['name', 'type', 'status'] })

  const texts: Readonly<Record<string, () => Promise<string>>> = {
    '/metrics': async () => registry.text() + (stats === undefined ? '' : metricText(volumeMetrics(await stats.pods()))),
    '/metrics/probes': async () => probeRegistry.text(),
    '/metrics/slis': async () => levels.text(),
    '/metrics/resource': async () => metricText(resourceMetrics(await stats?.resources())),
    '/metrics/cadvisor': async () =>
      stats === undefined ? createRegistry().text() : metricText(cadvisorMetrics(await stats.groups(), await stats.machine(), clock.now())),
  }
  return {
    begin(method, path) {
      const of = [known(methods, method), pathOf(path), 'readwrite', String(longRunning.includes(path.split('/')[1] ?? ''))]
      const startedMs = clock.monotonicMs()
      total.of(...of).inc()
      inFlight.of(...of).add(1)
      return () => {
        inFlight.of(...of).add(-1)
        seconds.of(...of).observe((clock.monotonicMs() - startedMs) / 1000)
      }
    },
    checked(name, isFine) {
      lastCheck.of(name, 'healthz').set(isFine ? 1 : 0)
      checks.of(name, 'healthz', isFine ? 'success' : 'error').inc()
    },
    text: async (path) => texts[path.length > 1 ? path.replace(/\/$/, '') : path]?.(),
  }
}

/** Nothing is built here: what runs is the source. */
const BUILT_AT = '1970-01-01T00:00:00Z'
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const longRunning = ['exec', 'attach', 'portForward', 'debug']
const paths = [
  'attach',
  'checkpoint',
  'configz',
  'containerLogs',
  'exec',
  'flagz',
  'healthz',
  'logs',
  'metrics',
  'pods',
  'portForward',
  'run',
  'runningpods',
  'stats',
  'statusz',
]
const known = (names: readonly string[], name: string): string => (names.includes(name) ? name : 'other')

/** The first part only, of known ones, for names in a path would make a series each; the metrics' own are told apart. */
export function pathOf(path: string): string {
  const [, first = '', second = ''] = path.split('/')
  return first === 'metrics' && ['cadvisor', 'probes', 'resource', 'slis'].includes(second) ? `metrics/${second}` : known(paths, first)
}
