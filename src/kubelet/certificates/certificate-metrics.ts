import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { CertificateManager } from './certificate-manager.ts'

type Figures = Pick<CertificateManager, 'figures' | 'onChange'>

/** How the node's certificates fare, under the reference's names. Those that nobody looks after are not shown. */
export function observeCertificates(
  registry: Registry,
  clock: Pick<Clock, 'now'>,
  managers: { readonly client?: Figures; readonly serving?: Figures },
): void {
  const { client, serving } = managers
  const errors = (name: string, { figures }: { readonly figures: () => CertificateManager['figures'] }) =>
    registry.observed({ name, help: 'Counter of certificate renewal errors.', stability: 'ALPHA', type: 'counter' }, () => [
      { labels: [], value: figures().failures },
    ])
  const timeToLive = (name: string, help: string, of: Figures) =>
    registry.observed({ name, help: `${help}, the value will be +INF.`, stability: 'ALPHA', type: 'gauge' }, () => {
      const { notAfter } = of.figures
      return [{ labels: [], value: notAfter === undefined ? Infinity : Math.trunc((notAfter - clock.now()) / 1000) }]
    })
  const expiry = 'The value is in seconds until certificate expiry (negative if already expired).'

  if (client !== undefined) {
    errors('kubelet_certificate_manager_client_expiration_renew_errors', { figures: () => client.figures })
    timeToLive(
      'kubelet_certificate_manager_client_ttl_seconds',
      `Gauge of the TTL (time-to-live) of the Kubelet's client certificate. ${expiry} If client certificate is invalid or unused`,
      client,
    )
  }
  if (serving === undefined) return
  errors('kubelet_server_expiration_renew_errors', { figures: () => serving.figures })
  timeToLive(
    'kubelet_certificate_manager_server_ttl_seconds',
    `Gauge of the shortest TTL (time-to-live) of the Kubelet's serving certificate. ${expiry} If serving certificate is invalid or unused`,
    serving,
  )
  const ages = registry
    .histogram({
      name: 'kubelet_certificate_manager_server_rotation_seconds',
      help: 'Histogram of the number of seconds the previous certificate lived before being rotated.',
      stability: 'ALPHA',
      buckets: ageSeconds,
    })
    .of()
  let told = [...serving.figures.livedMs]
  serving.onChange(() => {
    const { livedMs } = serving.figures
    const last = livedMs.at(-1)
    // The first certificate follows none.
    if (last !== undefined && (livedMs.length !== told.length || last !== told.at(-1))) ages.observe(last / 1000)
    told = [...livedMs]
  })
}

const [hour, day] = [3600, 86_400]
/** From a minute to four of the reference's years. */
const ageSeconds = [60, hour, 4 * hour, day, 7 * day, 30 * day, 90 * day, 180 * day, 360 * day, 1440 * day]
