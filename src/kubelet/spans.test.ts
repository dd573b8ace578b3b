import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { createImagePuller } from './image/image-puller.ts'
import { createSpans } from './spans.ts'
import { createTestNode } from './test-node.ts'

test('where the time of a start goes is told, and what comes later is not', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const registry = createRegistry()
  const spans = createSpans({ clock, registry })
  const images = { app: { isAbsent: true, pullMs: 300, exit: { afterMs: 60_000, code: 1 } } }
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images, latencyMs: 100 })
  const runtime = spans.runtime(simulated)
  const node = await createTestNode({
    clock,
    runtime,
    network: simulated.network,
    images: spans.images(createImagePuller({ runtime, clock })),
    through: spans.client,
  })
  t.after(() => node.close())
  const kubelet = await node.startKubelet()
  t.after(spans.follow(kubelet.pods))
  await clock.advance(1_000)
  await node.create('one', { containers: [{ name: 'main', image: 'app', imagePullPolicy: 'IfNotPresent' }] })
  await clock.advance(5_000)

  const check = () => {
    const [one, ...others] = spans.recent()
    assert.deepEqual(others, [])
    // The sandbox is made while the image comes in; the container needs both.
    assert.deepEqual(
      one!.spans.map(({ name, container, fromMs, tookMs }) => `${name} ${container ?? ''} ${fromMs}+${tookMs}`),
      ['sandbox  0+100', 'image main 0+300', 'create main 300+100', 'start main 400+100'],
    )
    assert.equal(one!.runningMs, 500)
    assert.ok(one!.toldMs! >= 500 && one!.toldMs! < 1_000, String(one!.toldMs))
    assert.match(registry.text(), /kubelet_pod_start_span_duration_seconds_count\{span="start"\} 1\n/)
    assert.match(registry.text(), /kubelet_pod_start_duration_seconds_count 1\n/)
    assert.match(registry.text(), /kubelet_pod_start_sli_duration_seconds_bucket\{le="0.5"\} 1\n/)
  }
  check()
  // A crash and a restart later.
  await clock.advance(120_000)
  check()
})
