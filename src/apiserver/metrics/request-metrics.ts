import type { AnyKind } from '#api/kind.ts'
import { exponentialBuckets, type Histogram } from '#lib/metrics/histogram.ts'
import type { Counter, Gauge, Registry } from '#lib/metrics/registry.ts'
import { isApplyType } from '../registry/patch.ts'
import type { RequestRecord } from '../request-record.ts'

/** Requests and their answers. Series are found by kind, without making a text. */
export interface RequestMetrics {
  /** A request that reached its resource, or a path of our own that is counted, and is over. */
  answered(record: RequestRecord, answer: Answered): void
  /** A watch, an exec or the like has begun; returns how to say that it is over. */
  began(record: RequestRecord): () => void
  /** Refused because there is too much to do, or too late. */
  terminated(record: RequestRecord, code: number): void
}

/** What came of a request, and what it took. */
export interface Answered {
  readonly code: number
  readonly seconds: number
  /** Without the waiting for webhooks and for a seat. */
  readonly ownSeconds: number
  readonly bytes: number
}

/** Registers the reference's `apiserver_request_*` and `apiserver_response_*`. */
export function createRequestMetrics(registry: Registry): RequestMetrics {
  const families = createFamilies(registry)
  const byKind = new WeakMap<AnyKind, Map<string, Series[]>>()
  const byPath = new Map<string, Series>()
  const ended = new Map<string, Labels>()

  /** Undefined for what the reference does not count: all paths of our own but a few. */
  function seriesOf(record: RequestRecord): Series | undefined {
    const { kind, info } = record
    const verb = verbOf(record)
    if (kind === undefined) {
      const counted = countedPath(record)
      if (counted === undefined) return undefined
      const key = `${verb} ${counted}`
      let series = byPath.get(key)
      if (series === undefined)
        byPath.set(key, (series = createSeries([verb, '', '', '', counted, '', discovery.has(counted) ? 'apiserver' : ''])))
      return series
    }
    let parts = byKind.get(kind)
    if (parts === undefined) byKind.set(kind, (parts = new Map()))
    let series = parts.get(info.subresource)
    if (series === undefined) parts.set(info.subresource, (series = []))
    const scope = scopeOf(record)
    const at = verbs.indexOf(verb) * 3 + scopes.indexOf(scope)
    return (series[at] ??= createSeries([verb, kind.group, kind.version, kind.plural, info.subresource, scope, 'apiserver']))
  }

  /** Whatever was refused is told by what was asked for, be it there or not; so only so many of these are told apart. */
  function endedLabels(record: RequestRecord): Labels {
    const { info } = record
    const [group, version, resource, part] = info.isResource
      ? [info.group, info.version, info.resource, info.subresource]
      : ['', '', '', info.path]
    const labels: Labels = [verbOf(record), group, version, resource, part, info.isResource ? scopeOf(record) : '', 'apiserver']
    const key = JSON.stringify(labels)
    const known = ended.get(key)
    if (known !== undefined) return known
    if (ended.size >= endedMax || key.length > endedLengthMax) return [labels[0], '', '', '', '', '', 'apiserver']
    ended.set(key, labels)
    return labels
  }

  return {
    answered(record, { code, seconds, ownSeconds, bytes }) {
      const series = seriesOf(record)
      if (series === undefined) return
      const dryRun = dryRunOf(record)
      if (dryRun === '') {
        countOf(families, series, code).inc()
        series.duration ??= families.duration.of(series.labels[0], '', ...series.labels.slice(1))
        series.duration.observe(seconds)
        // How long somebody watches says nothing of our speed.
        if (series.labels[0] !== 'WATCH') {
          series.ownDuration ??= families.ownDuration.of(...series.labels)
          series.ownDuration.observe(ownSeconds)
        }
      } else {
        const [verb, ...rest] = series.labels
        families.total.of(verb, dryRun, ...rest, `${code}`).inc()
        families.duration.of(verb, dryRun, ...rest).observe(seconds)
      }
      if (reads.has(series.labels[0])) {
        series.sizes ??= families.sizes.of(...series.labels)
        series.sizes.observe(bytes)
      }
      if (record.kind?.deprecation !== undefined) {
        const { group, version, plural } = record.kind
        families.deprecated.of(group, version, plural, record.info.subresource, '').set(1)
      }
    },
    began(record) {
      const series = seriesOf(record)
      if (series === undefined) return () => {}
      const gauge = (series.longRunning ??= families.longRunning.of(...series.labels))
      gauge.add(1)
      return () => gauge.add(-1)
    },
    terminated(record, code) {
      const labels = seriesOf(record)?.labels ?? endedLabels(record)
      families.terminations.of(...labels, `${code}`).inc()
      if (code !== 429) return
      const [verb, ...rest] = labels
      families.total.of(verb, dryRunOf(record), ...rest, '429').inc()
    },
  }
}

type Labels = readonly [
  verb: string,
  group: string,
  version: string,
  resource: string,
  subresource: string,
  scope: string,
  component: string,
]

interface Series {
  readonly labels: Labels
  /** By status. */
  readonly counts: Map<number, Counter>
  duration: Histogram | undefined
  ownDuration: Histogram | undefined
  sizes: Histogram | undefined
  longRunning: Gauge | undefined
}

function createFamilies(registry: Registry) {
  const labels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component']
  const withDryRun = ['verb', 'dry_run', ...labels.slice(1)]
  const slow = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
  return {
    total: registry.counter({
      name: 'apiserver_request_total',
      help: 'Requests answered, by verb, dry run, resource, scope, component and status.',
      stability: 'STABLE',
      labels: [...withDryRun, 'code'],
    }),
    duration: registry.histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'How long answers took, by verb, dry run, resource, scope and component.',
      stability: 'STABLE',
      labels: withDryRun,
      buckets: [0.005, 0.025, 0.05, ...slow],
    }),
    ownDuration: registry.histogram({
      name: 'apiserver_request_sli_duration_seconds',
      help: 'How long answers took without waiting for webhooks and for a seat.',
      stability: 'ALPHA',
      labels,
      buckets: [0.05, ...slow],
    }),
    sizes: registry.histogram({
      name: 'apiserver_response_sizes',
      help: 'Size of answers to reads, in bytes.',
      stability: 'STABLE',
      labels,
      buckets: exponentialBuckets(1000, 10, 7),
    }),
    longRunning: registry.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Requests that last (watches, connections) and are open.',
      stability: 'STABLE',
      labels,
    }),
    terminations: registry.counter({
      name: 'apiserver_request_terminations_total',
      help: 'Requests that the server ended to protect itself.',
      stability: 'ALPHA',
      labels: [...labels, 'code'],
    }),
    deprecated: registry.gauge({
      name: 'apiserver_requested_deprecated_apis',
      help: 'Deprecated APIs that were asked for.',
      stability: 'STABLE',
      labels: ['group', 'version', 'resource', 'subresource', 'removed_release'],
    }),
  }
}

type Families = ReturnType<typeof createFamilies>

const createSeries = (labels: Labels): Series => ({
  labels,
  counts: new Map(),
  duration: undefined,
  ownDuration: undefined,
  sizes: undefined,
  longRunning: undefined,
})

function countOf({ total }: Families, { labels, counts }: Series, code: number): Counter {
  const known = counts.get(code)
  if (known !== undefined) return known
  const [verb, ...rest] = labels
  const made = total.of(verb, '', ...rest, `${code}`)
  counts.set(code, made)
  return made
}

/** Of the paths that are no resources the reference counts health, OpenAPI v3 and aggregated discovery, these under names of its own. */
function countedPath({ info: { path }, request }: RequestRecord): string | undefined {
  if (path === '/healthz' || path === '/livez' || path === '/readyz') return path
  if (path === '/openapi/v3') return 'openapi/v3'
  if (path.startsWith('/openapi/v3/')) return 'openapi/v3/'
  const root = /^\/(apis?)\/?$/.exec(path)?.[1]
  return root !== undefined && request.headers['accept']?.includes('as=APIGroupDiscoveryList') === true ? root : undefined
}

/** The reference's verbs: HTTP's, but for lists, watches, applies and connections. */
function verbOf({ request, info }: RequestRecord): string {
  if (info.isResource) {
    if (connects.has(info.subresource)) return 'CONNECT'
    if (info.verb === 'watch') return 'WATCH'
    if (info.verb === 'list') return 'LIST'
  }
  const { method } = request
  if (method === 'PATCH' && isApplyType(request.headers['content-type'])) return 'APPLY'
  if (method === 'HEAD') return 'GET'
  return verbs.includes(method) ? method : 'other'
}

function scopeOf({ info }: RequestRecord): string {
  // A list whose selector fixes a name is still one of its namespace.
  const isNamed = info.name !== '' && info.verb !== 'list' && info.verb !== 'watch' && info.verb !== 'deletecollection'
  return isNamed || info.verb === 'create' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster'
}

function dryRunOf({ info }: RequestRecord): string {
  if (!info.query.has('dryRun')) return ''
  const values = [...new Set(info.query.getAll('dryRun'))]
  return values.every((value) => value === 'All') ? values.join(',') : 'invalid'
}

const verbs = ['GET', 'LIST', 'WATCH', 'POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'CONNECT', 'other']
const reads = new Set(['GET', 'LIST', 'WATCH'])
const scopes = ['resource', 'namespace', 'cluster']
const connects = new Set(['log', 'exec', 'portforward', 'attach', 'proxy'])
const discovery = new Set(['api', 'apis'])
const endedMax = 1000
/** Longer than what any path of ours comes to: nobody may have a label of the length of a request line kept. */
const endedLengthMax = 512
