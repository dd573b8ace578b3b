import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createConfigReloadMetrics } from './config-reload-metrics.ts'

test('what is in force is told by its hash; a change that fails leaves it', async () => {
  const registry = createRegistry()
  const clock = createVirtualClock(1_000)
  const metrics = createConfigReloadMetrics({ registry, clock, subject: 'authorization', apiServerId: 'apiserver-x', text: 'a' })
  const shown = () =>
    registry
      .text()
      .split('\n')
      .filter((line) => line.startsWith('apiserver_authorization_config_controller_'))
      .map((line) =>
        line.replace('apiserver_authorization_config_controller_', '').replaceAll(id, 'ID').replaceAll(a, 'A').replaceAll(b, 'B'),
      )
  assert.deepEqual(shown(), ['last_config_info{apiserver_id_hash="ID",hash="A"} 1'])
  metrics.failed()
  await clock.advance(1_000)
  metrics.failed()
  metrics.reloaded('b')
  assert.deepEqual(shown(), [
    'automatic_reload_last_timestamp_seconds{apiserver_id_hash="ID",status="failure"} 2',
    'automatic_reload_last_timestamp_seconds{apiserver_id_hash="ID",status="success"} 2',
    'automatic_reloads_total{apiserver_id_hash="ID",status="failure"} 2',
    'automatic_reloads_total{apiserver_id_hash="ID",status="success"} 1',
    'last_config_info{apiserver_id_hash="ID",hash="B"} 1',
  ])
})

// As `sha256sum` says.
const a = 'sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'
const b = 'sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d'
const id = 'sha256:b25bbe6a8fb4631cebbf41002a2d7be5475c4b57fe098590eab4dd9f5a2dbb37'
