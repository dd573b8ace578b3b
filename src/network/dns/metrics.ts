import type { Registry } from '#lib/metrics/registry.ts'
import type { ForwarderMetrics } from './forwarder.ts'
import { rcodeName, typeName } from './numbers.ts'

/** One question and its answer, as they are counted. */
export interface Served {
  readonly isCluster: boolean
  readonly transport: 'udp' | 'tcp'
  readonly isV6: boolean
  readonly type: number
  readonly isDnssecOk: boolean
  readonly requestBytes: number
  readonly responseBytes: number
  readonly rcode: number
  readonly seconds: number
}

export interface DnsMetrics {
  served(served: Served): void
  readonly forwarder: ForwarderMetrics
}

/** Types that are counted by name, as CoreDNS does; all others are `other`. */
const countedTypes = new Set([1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 35, 43, 46, 47, 48, 65, 255])
/** CoreDNS' buckets. */
const secondsBuckets = Array.from({ length: 16 }, (_, i) => 0.00025 * 2 ** i)
const bytesBuckets = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000]

/**
 * Names, labels and buckets are those of CoreDNS 1.11 (its plugins metrics, cache and forward), since that is what dashboards and alerts for
 * cluster DNS are written for. Some 300 series; counting one question is a handful of additions.
 */
export function createDnsMetrics(
  registry: Registry,
  domain: string,
  sizes: () => { readonly cached: number; readonly own: number },
): DnsMetrics {
  const server = 'dns://:53'
  const view = ''
  const of = (name: string, help: string, labels: readonly string[]) => ({
    name: `coredns_${name}`,
    help,
    stability: 'ALPHA' as const,
    labels,
  })
  const requests = registry.counter(
    of('dns_requests_total', 'Counter of DNS requests made per zone, protocol and family.', [
      'server',
      'zone',
      'view',
      'proto',
      'family',
      'type',
    ]),
  )
  const responses = registry.counter(
    of('dns_responses_total', 'Counter of response status codes.', ['server', 'zone', 'view', 'rcode', 'plugin']),
  )
  const withDo = registry.counter(
    of('dns_do_requests_total', 'Counter of DNS requests with DO bit set per zone.', ['server', 'zone', 'view']),
  )
  const seconds = registry.histogram({
    ...of('dns_request_duration_seconds', 'Histogram of the time (in seconds) each request took per zone.', ['server', 'zone', 'view']),
    buckets: secondsBuckets,
  })
  const requestBytes = registry.histogram({
    ...of('dns_request_size_bytes', 'Size of requests in bytes.', ['server', 'zone', 'view', 'proto']),
    buckets: bytesBuckets,
  })
  const responseBytes = registry.histogram({
    ...of('dns_response_size_bytes', 'Size of the returned response in bytes.', ['server', 'zone', 'view', 'proto']),
    buckets: bytesBuckets,
  })
  const hits = registry.counter(of('cache_hits_total', 'The count of cache hits.', ['server', 'type', 'zones', 'view']))
  const cacheRequests = registry
    .counter(of('cache_requests_total', 'The count of cache requests.', ['server', 'zones', 'view']))
    .of(server, '.', view)
  const misses = registry.counter(of('cache_misses_total', 'The count of cache misses.', ['server', 'zones', 'view'])).of(server, '.', view)
  const stale = registry
    .counter(of('cache_served_stale_total', 'The number of requests served from stale cache entries.', ['server', 'zones', 'view']))
    .of(server, '.', view)
  registry.observed(
    {
      ...of('cache_entries', 'The number of elements in the cache; type success: of other servers, cluster: made here.', [
        'server',
        'type',
        'zones',
        'view',
      ]),
      type: 'gauge',
    },
    () => [
      { labels: [server, 'success', '.', view], value: sizes().cached },
      { labels: [server, 'cluster', `${domain}.`, view], value: sizes().own },
    ],
  )
  const forwardSeconds = registry.histogram({
    ...of('proxy_request_duration_seconds', 'Histogram of the time each request took.', ['proxy_name', 'to', 'rcode']),
    buckets: secondsBuckets,
  })
  const failures = registry.counter(
    of('proxy_healthcheck_failures_total', 'Counter of the number of questions that an upstream server left unanswered.', [
      'proxy_name',
      'to',
    ]),
  )
  const rejected = registry
    .counter(of('forward_max_concurrent_rejects_total', 'Counter of questions refused because too many were waiting.', []))
    .of()

  // What `of` finds by text is kept by number, since this is counted for every question.
  const known = new Map<number, ReturnType<typeof seriesOf>>()
  const rcodes = new Map<number, { inc(): void }>()
  const hitSuccess = hits.of(server, 'success', '.', view)
  const hitDenial = hits.of(server, 'denial', '.', view)

  function seriesOf(isCluster: boolean, transport: string, isV6: boolean, type: number) {
    const zone = isCluster ? `${domain}.` : '.'
    const name = countedTypes.has(type) ? (moreNames.get(type) ?? typeName(type)) : 'other'
    return {
      requests: requests.of(server, zone, view, transport, isV6 ? '2' : '1', name),
      withDo: withDo.of(server, zone, view),
      seconds: seconds.of(server, zone, view),
      requestBytes: requestBytes.of(server, zone, view, transport),
      responseBytes: responseBytes.of(server, zone, view, transport),
    }
  }

  return {
    served({ isCluster, transport, isV6, type, isDnssecOk, requestBytes: asked, responseBytes: answered, rcode, seconds: took }) {
      const shown = countedTypes.has(type) ? type : 0
      const index = (shown << 3) | (isCluster ? 4 : 0) | (transport === 'tcp' ? 2 : 0) | (isV6 ? 1 : 0)
      let series = known.get(index)
      if (series === undefined) known.set(index, (series = seriesOf(isCluster, transport, isV6, shown)))
      series.requests.inc()
      if (isDnssecOk) series.withDo.inc()
      series.seconds.observe(took)
      series.requestBytes.observe(asked)
      series.responseBytes.observe(answered)
      const code = (rcode << 1) | (isCluster ? 1 : 0)
      let counted = rcodes.get(code)
      if (counted === undefined) {
        counted = responses.of(server, isCluster ? `${domain}.` : '.', view, rcodeName(rcode), isCluster ? 'kubernetes' : 'forward')
        rcodes.set(code, counted)
      }
      counted.inc()
    },
    forwarder: {
      cacheHit(type) {
        cacheRequests.inc()
        ;(type === 'success' ? hitSuccess : hitDenial).inc()
      },
      cacheMiss() {
        cacheRequests.inc()
        misses.inc()
      },
      servedStale: () => stale.inc(),
      answered: (to, rcode, took) => forwardSeconds.of('forward', to, rcodeName(rcode)).observe(took),
      failed: (to) => failures.of('forward', to).inc(),
      rejected: () => rejected.inc(),
    },
  }
}

const moreNames = new Map([
  [35, 'NAPTR'],
  [43, 'DS'],
  [46, 'RRSIG'],
  [47, 'NSEC'],
  [48, 'DNSKEY'],
  [65, 'HTTPS'],
  [255, 'ANY'],
])
