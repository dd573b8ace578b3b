import type { Registry } from '#lib/metrics/registry.ts'

/** Notes how long, in milliseconds, a certificate that a client proved itself with is still good for. */
export function createCertificateMetrics(registry: Registry): (leftMs: number) => void {
  const left = registry
    .histogram({
      name: 'apiserver_client_certificate_expiration_seconds',
      help: 'How long the certificates that clients prove themselves with are still good for, in seconds.',
      stability: 'ALPHA',
      buckets: [
        0,
        0.5 * hour,
        hour,
        2 * hour,
        6 * hour,
        12 * hour,
        day,
        2 * day,
        4 * day,
        7 * day,
        30 * day,
        90 * day,
        180 * day,
        360 * day,
      ],
    })
    .of()
  return (leftMs) => left.observe(leftMs / 1000)
}

/** In seconds. */
const hour = 3600
const day = 24 * hour
