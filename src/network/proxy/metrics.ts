import type { Instant } from '#lib/clock.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { type Family, familyNames } from './family.ts'

/** What a service proxy counts of itself. */
export interface ProxyMetrics {
  /** A Service or a slice changed. `triggeredAt`: when what the slice tells of happened, where it says so. */
  changed(
    of: 'service' | 'endpoint',
    now: Instant,
    slice?: { readonly key: string; readonly family: Family; readonly triggeredAt: Instant },
  ): void
  /** A transaction carried all that had come, or everything there is. `isAll`: nothing has come since. */
  synced(kind: 'full' | 'partial', seconds: number, now: Instant, isAll: boolean): void
  failed(): void
  /** A balancer was answered. */
  probed(path: string, status: number): void
}

/** The reference's buckets: half a minute counts by seconds, minutes by five. */
const programmingBuckets = [0.25, 0.5, ...range(1, 1, 59), ...range(60, 5, 12), ...range(120, 30, 7)]

/**
 * Names, labels and buckets are those of the reference's proxy in nftables mode, which dashboards and alerts are written for. One transaction
 * carries both families, so both count it.
 */
export function createProxyMetrics(registry: Registry, families: readonly Family[], startedAt: Instant): ProxyMetrics {
  const of = (name: string, help: string, labels: readonly string[] = ['ip_family']) => ({
    name: `kubeproxy_${name}`,
    help,
    stability: 'ALPHA' as const,
    labels,
  })
  const buckets = exponentialBuckets(0.001, 2, 15)
  const duration = (name: string, help: string) => {
    const histogram = registry.histogram({ ...of(name, help), buckets })
    return families.map((family) => histogram.of(familyNames[family]))
  }
  const durations = {
    all: duration('sync_proxy_rules_duration_seconds', 'How long writing rules took.'),
    full: duration('sync_full_proxy_rules_duration_seconds', 'How long writing all rules took.'),
    partial: duration('sync_partial_proxy_rules_duration_seconds', 'How long writing differences took.'),
  }
  const instant = (name: string, help: string) => {
    const gauge = registry.gauge(of(name, help))
    return families.map((family) => gauge.of(familyNames[family]))
  }
  const syncedAt = instant('sync_proxy_rules_last_timestamp_seconds', 'When rules were written the last time.')
  const queuedAt = instant('sync_proxy_rules_last_queued_timestamp_seconds', 'When something to be written came the last time.')
  const failures = registry.counter(of('sync_proxy_rules_nftables_sync_failures_total', 'Transactions that nft refused.'))
  const failed = families.map((family) => failures.of(familyNames[family]))
  const programming = registry.histogram({
    ...of('network_programming_duration_seconds', 'From a change of a Service or pod until its rules were written.'),
    buckets: programmingBuckets,
  })
  const changes = (kind: string) => ({
    total: registry.counter(of(`sync_proxy_rules_${kind}_changes_total`, `Changes of ${kind}s that came.`, [])).of(),
    pending: registry.gauge(of(`sync_proxy_rules_${kind}_changes_pending`, `Changes of ${kind}s that are not written yet.`, [])).of(),
  })
  const counts = { service: changes('service'), endpoint: changes('endpoint') }
  const probes = {
    '/healthz': registry.counter(of('proxy_healthz_total', 'Answers to questions for health, by HTTP status.', ['code'])),
    '/livez': registry.counter(of('proxy_livez_total', 'Answers to questions for life, by HTTP status.', ['code'])),
  }
  /** The oldest of each slice: no more than there are slices, however long nft refuses. */
  const waiting = new Map<string, { readonly family: Family; readonly triggeredAt: Instant }>()

  return {
    changed(kind, now, slice) {
      for (const gauge of queuedAt) gauge.set(now / 1000)
      counts[kind].total.inc()
      counts[kind].pending.add(1)
      // What happened before the start waited for something else.
      if (slice !== undefined && slice.triggeredAt >= startedAt && !waiting.has(slice.key)) waiting.set(slice.key, slice)
    },
    synced(kind, seconds, now, isAll) {
      for (const series of [...durations.all, ...durations[kind]]) series.observe(seconds)
      for (const gauge of syncedAt) gauge.set(now / 1000)
      if (!isAll) return
      for (const { pending } of Object.values(counts)) pending.set(0)
      for (const { family, triggeredAt } of waiting.values())
        programming.of(familyNames[family]).observe(Math.max(0, now - triggeredAt) / 1000)
      waiting.clear()
    },
    failed() {
      for (const counter of failed) counter.inc()
    },
    probed(path, status) {
      if (path === '/healthz' || path === '/livez') probes[path].of(String(status)).inc()
    },
  }
}

/** `count` numbers from `start`, each `step` more than the one before. */
function range(start: number, step: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => start + i * step)
}
