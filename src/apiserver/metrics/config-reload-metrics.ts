import { createHash } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'

/** How it went with the changes of one configuration file. */
export interface ConfigReloadMetrics {
  /** This text is in force now. */
  reloaded(text: string): void
  /** A change could not be taken up, or the file not be read. */
  failed(): void
}

/** Which file is counted, and for which server. */
export interface ConfigReloadMetricsOptions {
  readonly registry: Registry
  readonly clock: Clock
  /** Which configuration. */
  readonly subject: 'authentication' | 'authorization'
  /** Of this API server among several: `apiserver-…`. */
  readonly apiServerId: string
  /** The text that is in force at first. */
  readonly text: string
}

/** The reference's `apiserver_authentication_config_controller_*` and `apiserver_authorization_config_controller_*`. */
export function createConfigReloadMetrics({
  registry,
  clock,
  subject,
  apiServerId,
  text,
}: ConfigReloadMetricsOptions): ConfigReloadMetrics {
  const name = (rest: string): string => `apiserver_${subject}_config_controller_${rest}`
  const labels = ['status', 'apiserver_id_hash']
  const id = hashOf(apiServerId)
  let hash = hashOf(text)
  const total = registry.counter({
    name: name('automatic_reloads_total'),
    help: `Changes of the ${subject} configuration that were found, by whether they could be taken up, and by API server.`,
    stability: 'BETA',
    labels,
  })
  const last = registry.gauge({
    name: name('automatic_reload_last_timestamp_seconds'),
    help: `When a change of the ${subject} configuration was last taken up, or could not be, by API server.`,
    stability: 'BETA',
    labels,
  })
  registry.observed(
    {
      name: name('last_config_info'),
      help: `The ${subject} configuration in force, by its hash, and by API server.`,
      stability: 'ALPHA',
      type: 'gauge',
      labels: ['apiserver_id_hash', 'hash'],
    },
    () => [{ labels: [id, hash], value: 1 }],
  )
  const note = (status: string): void => {
    total.of(status, id).inc()
    last.of(status, id).set(clock.now() / 1000)
  }
  return {
    reloaded(next) {
      hash = hashOf(next)
      note('success')
    },
    failed: () => note('failure'),
  }
}

const hashOf = (text: string): string => (text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`)
