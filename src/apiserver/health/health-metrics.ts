import { createRegistry } from '#lib/metrics/registry.ts'

/** The reference's `/metrics/slis`: how each check went last, and how often it went how (KEP 3466). */
export interface HealthMetrics {
  note(name: string, type: string, isFine: boolean): void
  text(): string
}

/** In a registry of its own: it is scraped more often than the rest. */
export function createHealthMetrics(): HealthMetrics {
  const registry = createRegistry()
  const last = registry.gauge({
    name: 'kubernetes_healthcheck',
    help: 'Result of a health check the last time that it ran: 1 when all was well.',
    stability: 'STABLE',
    labels: ['name', 'type'],
  })
  const total = registry.counter({
    name: 'kubernetes_healthchecks_total',
    help: 'Health checks by result.',
    stability: 'STABLE',
    labels: ['name', 'status', 'type'],
  })
  return {
    note(name, type, isFine) {
      last.of(name, type).set(isFine ? 1 : 0)
      total.of(name, isFine ? 'success' : 'error', type).inc()
    },
    text: registry.text,
  }
}
