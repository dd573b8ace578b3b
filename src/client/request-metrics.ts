import type { HttpRequest } from '#lib/http.ts'
import type { Registry } from '#lib/metrics/registry.ts'

/** Hears of requests to the API server: `host` as in its URL. */
export interface RequestObserver {
  /** The status of the answer; undefined: there is none. */
  answered(request: HttpRequest, host: string, status: number | undefined): void
  /** The whole answer is here, or it is given up. */
  done(request: HttpRequest, host: string, seconds: number): void
}

/** Counts them under the names that every client of the reference has. */
export function requestMetrics(registry: Registry): RequestObserver {
  const total = registry.counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    stability: 'ALPHA',
    labels: ['code', 'method', 'host'],
  })
  const seconds = registry.histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds. Broken down by verb, and host.',
    stability: 'ALPHA',
    labels: ['verb', 'host'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
  })
  return {
    answered: ({ method }, host, status) => total.of(String(status ?? '<error>'), method, host).inc(),
    done({ method, path }, host, took) {
      // How long somebody watches says nothing of how fast the server is.
      if (!/[?&]watch=(true|1)\b/.test(path)) seconds.of(method, host).observe(took)
    },
  }
}
