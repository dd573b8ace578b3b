import { WherryError } from '#lib/errors.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { CallFailure } from './call-failure.ts'
import type { WebhookObserver } from './options.ts'

/** Counts calls of webhooks under the reference's names. */
export function createWebhookMetrics(registry: Registry): WebhookObserver {
  const prefix = 'apiserver_admission_webhook'
  const durations = registry.histogram({
    name: `${prefix}_admission_duration_seconds`,
    help: 'How long an admission webhook took, by its name, the operation, and whether it refused.',
    stability: 'STABLE',
    labels: ['name', 'type', 'operation', 'rejected'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25],
  })
  const requests = registry.counter({
    name: `${prefix}_request_total`,
    help: 'Calls of admission webhooks, by the HTTP status that they came to.',
    stability: 'ALPHA',
    labels: ['name', 'type', 'operation', 'code', 'rejected'],
  })
  const rejections = registry.counter({
    name: `${prefix}_rejection_count`,
    help: 'Writes that failed by an admission webhook: because it refused, could not be called, or met a fault of ours.',
    stability: 'ALPHA',
    labels: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
  })
  const failedOpen = registry.counter({
    name: `${prefix}_fail_open_count`,
    help: 'Calls of admission webhooks that failed and were passed over.',
    stability: 'ALPHA',
    labels: ['name', 'type'],
  })
  return ({ name, type, operation, error, ignored, elapsedMs }) => {
    const isOpen = error instanceof CallFailure && ignored
    const rejected = error !== undefined && !isOpen
    const code =
      error === undefined ? 200 : error instanceof CallFailure ? error.code : error instanceof WherryError ? (error.details.status ?? 0) : 0
    durations.of(name, type, operation, String(rejected)).observe(elapsedMs / 1000)
    requests.of(name, type, operation, String(Math.min(code, codeMax)), String(rejected)).inc()
    if (isOpen) failedOpen.of(name, type).inc()
    if (rejected) rejections.of(name, type, operation, errorType(error), String(Math.min(code, codeMax))).inc()
  }
}

/** Webhooks choose their codes; not all of them are worth a series. */
const codeMax = 600

function errorType(error: unknown): string {
  if (error instanceof CallFailure) return 'calling_webhook_error'
  return error instanceof WherryError && error.details.answer !== undefined ? 'no_error' : 'apiserver_internal_error'
}
