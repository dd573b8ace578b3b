import type { Instant } from '#lib/clock.ts'
import { type Family, familyNames } from './family.ts'
import type { HttpAnswer } from './host.ts'

/** Whether the rules keep up with what the API says. */
export interface ProxyHealth {
  /** A change came that is not written yet. */
  queued(): void
  /** All that came is written. */
  updated(): void
  isHealthy(): boolean
  /** What balancers are told at `/healthz` and `/livez` (port 10256 of every node, as the reference's proxy); other paths are not found. */
  answer(path: string): HttpAnswer
}

/** Twice the reference's sync period: a change that is older and still not written says that the proxy is stuck. */
const timeoutMs = 60_000

/**
 * `isEligible`: whether new connections may come through this node; one that an autoscaler is about to remove, or that is being deleted, may
 * live (`/livez`) but is not for balancers (`/healthz`, KEP-3836).
 */
export function createProxyHealth(families: readonly Family[], now: () => Instant, isEligible: () => boolean): ProxyHealth {
  let lastUpdated = now()
  let oldestQueued: Instant | undefined
  const isHealthy = () => oldestQueued === undefined || now() - oldestQueued < timeoutMs
  return {
    queued() {
      oldestQueued ??= now()
    },
    updated() {
      oldestQueued = undefined
      lastUpdated = now()
    },
    isHealthy,
    answer(path) {
      if (path !== '/healthz' && path !== '/livez')
        return { status: 404, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...nosniff }, body: '404 page not found\n' }
      const healthy = isHealthy()
      const nodeEligible = isEligible()
      const isGood = healthy && (path === '/livez' || nodeEligible)
      const body = {
        // As the reference: while all is well, the time of the question.
        lastUpdated: timeText(isGood ? now() : lastUpdated),
        currentTime: timeText(now()),
        ...(path === '/healthz' && { nodeEligible }),
        healthy,
        status: Object.fromEntries(families.map((family) => [familyNames[family], { lastUpdated: timeText(lastUpdated), healthy }])),
      }
      return { status: isGood ? 200 : 503, headers: { 'Content-Type': 'application/json', ...nosniff }, body: JSON.stringify(body) }
    },
  }
}

/** What a Service's balancer is told at its health check port: whether this node has endpoints of it, and how many. */
export function serviceHealthAnswer(namespace: string, name: string, localEndpoints: number, isProxyHealthy: boolean): HttpAnswer {
  return {
    status: localEndpoints > 0 && isProxyHealthy ? 200 : 503,
    headers: { 'Content-Type': 'application/json', ...nosniff, 'X-Load-Balancing-Endpoint-Weight': String(localEndpoints) },
    body: JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: isProxyHealthy }, null, '\t'),
  }
}

const nosniff = { 'X-Content-Type-Options': 'nosniff' }
const timeText = (at: Instant): string => new Date(at).toISOString()
