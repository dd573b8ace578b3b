import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '#lib/clock.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { CredentialProviderConfig } from './credential-provider.ts'
import { measuredAsk } from './measured-ask.ts'

test('counts what programs that give credentials took, and their failures', async () => {
  const clock = createVirtualClock(0)
  const registry = createRegistry()
  const ask = measuredAsk(
    async ({ name }) => {
      await sleep(clock, 2_000)
      if (name === 'broken') throw new Error('no')
      return { cacheKeyType: 'Image' }
    },
    { registry, clock },
  )
  const asked = ['cloud', 'broken', 'cloud'].map((name) => ask({ name } as CredentialProviderConfig, { image: 'x' }).catch(() => {}))
  await clock.advance(2_000)
  await Promise.all(asked)
  const text = registry.text()
  const has = (line: string) => assert.ok(text.split('\n').includes(line), `${line} in\n${text}`)
  has('kubelet_credential_provider_plugin_errors_total{plugin_name="broken"} 1')
  has('kubelet_credential_provider_plugin_duration_sum{plugin_name="cloud"} 4')
  has('kubelet_credential_provider_plugin_duration_count{plugin_name="broken"} 1')
})
