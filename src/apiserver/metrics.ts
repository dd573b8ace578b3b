/** Counters of the request path, in Prometheus text on demand; names and labels are the reference's. */
export interface Metrics {
  request(labels: RequestLabels, code: number, seconds: number): void
  watchStarted(labels: Pick<RequestLabels, 'group' | 'version' | 'resource'>): () => void
  inflight(change: 1 | -1, isMutating: boolean): void
  /** Everything, in the text format. */
  text(extra?: readonly string[]): string
}

export interface RequestLabels {
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly scope: string
}

export function createMetrics(): Metrics {
  const requests = new Map<string, number>()
  const durations = new Map<string, { readonly buckets: Float64Array; sum: number; count: number }>()
  const watches = new Map<string, number>()
  const inflight = { readOnly: 0, mutating: 0 }
  return {
    request(labels, code, seconds) {
      const base = labelText(labels)
      const counter = `code="${code}",${base}`
      requests.set(counter, (requests.get(counter) ?? 0) + 1)
      const histogram = durations.get(base) ?? { buckets: new Float64Array(bounds.length + 1), sum: 0, count: 0 }
      durations.set(base, histogram)
      const bucket = bounds.findIndex((bound) => seconds <= bound)
      histogram.buckets[bucket < 0 ? bounds.length : bucket]! += 1
      histogram.sum += seconds
      histogram.count += 1
    },
    watchStarted({ group, version, resource }) {
      const key = `group="${group}",resource="${resource}",version="${version}"`
      watches.set(key, (watches.get(key) ?? 0) + 1)
      return () => void watches.set(key, (watches.get(key) ?? 1) - 1)
    },
    inflight(change, isMutating) {
      inflight[isMutating ? 'mutating' : 'readOnly'] += change
    },
    text(extra = []) {
      const out: string[] = []
      out.push('# HELP apiserver_request_total Requests answered, by what was asked and how.', '# TYPE apiserver_request_total counter')
      for (const [labels, value] of requests) out.push(`apiserver_request_total{${labels}} ${value}`)
      out.push(
        '# HELP apiserver_request_duration_seconds Time from request to answer.',
        '# TYPE apiserver_request_duration_seconds histogram',
      )
      for (const [labels, { buckets, sum, count }] of durations) {
        let total = 0
        bounds.forEach((bound, i) => {
          total += buckets[i]!
          out.push(`apiserver_request_duration_seconds_bucket{${labels},le="${bound}"} ${total}`)
        })
        out.push(`apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} ${count}`)
        out.push(`apiserver_request_duration_seconds_sum{${labels}} ${sum}`, `apiserver_request_duration_seconds_count{${labels}} ${count}`)
      }
      out.push('# HELP apiserver_longrunning_requests Watches open now.', '# TYPE apiserver_longrunning_requests gauge')
      for (const [labels, value] of watches) out.push(`apiserver_longrunning_requests{${labels},verb="WATCH"} ${value}`)
      out.push('# HELP apiserver_current_inflight_requests Requests being answered.', '# TYPE apiserver_current_inflight_requests gauge')
      for (const [kind, value] of Object.entries(inflight)) out.push(`apiserver_current_inflight_requests{request_kind="${kind}"} ${value}`)
      return `${[...out, ...extra].join('\n')}\n`
    },
  }
}

const labelText = ({ verb, group, version, resource, subresource, scope }: RequestLabels): string =>
  `component="apiserver",group="${group}",resource="${resource}",scope="${scope}",subresource="${subresource}",verb="${verb}",version="${version}"`

// The reference's buckets from 5 ms to 60 s, thinned out.
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
