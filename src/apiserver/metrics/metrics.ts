import type { Clock } from '#lib/clock.ts'
import { createRegistry, type Registry } from '#lib/metrics/registry.ts'
import { type AccessMetrics, createAccessMetrics } from './access-metrics.ts'
import { type AdmissionMetrics, createAdmissionMetrics } from './admission-metrics.ts'
import { createInflightMetrics, type InflightMetrics } from './inflight-metrics.ts'
import { createRequestMetrics, type RequestMetrics } from './request-metrics.ts'
import { createWatchMetrics, type WatchMetrics } from './watch-metrics.ts'

/** What the API server counts; names, labels and buckets are the reference's. */
export interface Metrics {
  /** Further metrics of the process go here, and out by the same `/metrics`. */
  readonly registry: Registry
  readonly requests: RequestMetrics
  readonly inflight: InflightMetrics
  readonly watches: WatchMetrics
  readonly access: AccessMetrics
  readonly admission: AdmissionMetrics
}

/** Registers all series of the request path; `registry` absent: one of the server's own. */
export function createMetrics(clock: Clock, registry: Registry = createRegistry()): Metrics {
  return {
    registry,
    requests: createRequestMetrics(registry),
    inflight: createInflightMetrics(registry, clock),
    watches: createWatchMetrics(registry),
    access: createAccessMetrics(registry),
    admission: createAdmissionMetrics(registry),
  }
}
