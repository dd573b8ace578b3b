import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { workMetrics } from '../metrics/work-metrics.ts'
import { container, world } from '../test-world.ts'

test('ends of containers are counted once each, by what they ended with', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const registry = createRegistry()
  const observer = { probed() {}, rejected() {}, work: workMetrics(registry, clock) }
  const images = {
    crashing: { exit: { afterMs: 1_000, code: 139 } },
    first: { exit: { afterMs: 500, code: 0 } },
  }
  const { node, pass, show } = await world(t, images, 1, undefined, undefined, { clock, parts: { observer } })
  await node.create('one', {
    restartPolicy: 'Never',
    initContainers: [container('init', 'first')],
    containers: [container('main', 'crashing'), container('beside')],
  })
  await pass(60_000)
  assert.equal(await show(), 'Running init:Completed(0)/ready beside:running/ready main:Error(139)')
  const counted = registry
    .text()
    .split('\n')
    .filter((line) => line.startsWith('kubelet_terminated_containers_total{'))
  assert.deepEqual(counted, [
    'kubelet_terminated_containers_total{container_type="init_container",exit_code="0",reason="Completed"} 1',
    'kubelet_terminated_containers_total{container_type="container",exit_code="139",reason="Error"} 1',
  ])
})
