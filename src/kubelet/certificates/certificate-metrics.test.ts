import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '#lib/metrics/registry.ts'
import { observeCertificates } from './certificate-metrics.ts'

/** A manager as it is said to stand, which a test renews. */
function standing(notAfter: number | undefined) {
  const listeners = new Set<() => void>()
  const figures = { livedMs: [] as number[], failures: 0, notAfter }
  return {
    figures,
    onChange: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    renew(...livedMs: readonly number[]) {
      figures.livedMs.push(...livedMs)
      for (const listener of listeners) listener()
    },
  }
}

const shown = (text: string) => text.split('\n').filter((line) => /^kubelet_(?!.*bucket)/.test(line))

test('certificates: time left, failures, and how long former ones lived', () => {
  const registry = createRegistry()
  const [client, serving] = [standing(10_500), standing(undefined)]
  observeCertificates(registry, { now: () => 20_000 }, { client, serving })
  client.figures.failures = 2
  // The first, then one after an hour, then news of none.
  serving.renew()
  serving.renew(3_600_000)
  serving.renew()
  assert.deepEqual(shown(registry.text()), [
    'kubelet_certificate_manager_client_expiration_renew_errors 2',
    'kubelet_certificate_manager_client_ttl_seconds -9',
    'kubelet_certificate_manager_server_rotation_seconds_sum 3600',
    'kubelet_certificate_manager_server_rotation_seconds_count 1',
    'kubelet_certificate_manager_server_ttl_seconds +Inf',
    'kubelet_server_expiration_renew_errors 0',
  ])
  assert.match(registry.text(), /rotation_seconds_bucket\{le="60"\} 0\n.*le="3600"\} 1\n/)
})

test('a certificate that nobody looks after has no metrics', () => {
  const registry = createRegistry()
  observeCertificates(registry, { now: () => 0 }, {})
  assert.deepEqual(shown(registry.text()), [])
})
