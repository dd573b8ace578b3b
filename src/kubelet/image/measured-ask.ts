import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { AskProvider } from './credential-provider.ts'

/** The same programs; how long each took, and how often it failed, is counted by the reference's names. */
export function measuredAsk(
  ask: AskProvider,
  { registry, clock }: { readonly registry: Registry; readonly clock: Pick<Clock, 'monotonicMs'> },
): AskProvider {
  const labels = ['plugin_name']
  const failures = registry.counter({
    name: 'kubelet_credential_provider_plugin_errors_total',
    help: 'Number of errors from credential provider plugin',
    stability: 'ALPHA',
    labels,
  })
  const seconds = registry.histogram({
    name: 'kubelet_credential_provider_plugin_duration',
    help: 'Duration of execution in seconds for credential provider plugin',
    stability: 'ALPHA',
    labels,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  })
  return async (provider, request) => {
    const startedMs = clock.monotonicMs()
    try {
      return await ask(provider, request)
    } catch (error) {
      failures.of(provider.name).inc()
      throw error
    } finally {
      seconds.of(provider.name).observe((clock.monotonicMs() - startedMs) / 1000)
    }
  }
}
