import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { workMetrics } from '../metrics/work-metrics.ts'
import type { Runtime } from '../runtime.ts'
import { createTestNode } from '../test-node.ts'
import { createWorkWatch, type WorkWatch } from './work-watch.ts'

type Clock = ReturnType<typeof createVirtualClock>

check('the first look, and all that it started', ['begun 1', 'create 30'], async (watch, clock) => {
  await clock.advance(1_000)
  watch.begins(false)
  await clock.advance(30_000)
  watch.changed()
  watch.begins(false)
  watch.ends(undefined)
})
check('what came of another object', ['begun 0', 'create 0', 'update 2', 'sync 0'], async (watch, clock) => {
  watch.begins(false)
  watch.ends(undefined)
  watch.changed()
  watch.begins(false)
  await clock.advance(2_000)
  watch.ends(undefined)
  watch.begins(false)
  watch.ends(undefined)
})
check('the end of a pod', ['begun 0', 'kill 3'], async (watch, clock) => {
  watch.begins(false)
  await clock.advance(3_000)
  watch.ends('kill')
  watch.ends('terminated')
})
check('what a pod left', ['terminated 1'], async (watch, clock) => {
  watch.begins(true)
  await clock.advance(1_000)
  watch.ends('terminated')
})

function check(title: string, told: readonly string[], act: (watch: WorkWatch, clock: Clock) => Promise<void>): void {
  test(`measures ${title}`, async () => {
    const clock = createVirtualClock(0)
    const seen: string[] = []
    const observer = {
      ...workMetrics(createRegistry(), clock),
      synced: (type: string, seconds: number) => void seen.push(`${type} ${seconds}`),
      begun: (seconds: number) => void seen.push(`begun ${seconds}`),
    }
    await act(createWorkWatch({ clock, observer }), clock)
    assert.deepEqual(seen, told)
  })
}

test('a relist ends when the runtime has answered, with an error too', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const registry = createRegistry()
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images: {} })
  let isAway = false
  const runtime: Runtime = {
    ...simulated,
    async containerStatus(id) {
      if (!isAway) return simulated.containerStatus(id)
      await sleep(clock, 12_000)
      throw new WherryError('InternalError', 'broken')
    },
  }
  const observer = { probed() {}, rejected() {}, work: workMetrics(registry, clock) }
  const node = await createTestNode({ clock, runtime, network: simulated.network, parts: { observer } })
  t.after(() => node.close())
  await node.startKubelet()
  await node.create('web', { containers: [{ name: 'main', image: 'app', imagePullPolicy: 'IfNotPresent' }] })
  await clock.advance(5_000)
  isAway = true
  await clock.advance(8 * 60_000)
  const text = registry.text()
  const [, within] = /^kubelet_pleg_relist_duration_seconds_bucket\{le="10"\} (\d+)$/m.exec(text) ?? []
  const [, all] = /^kubelet_pleg_relist_duration_seconds_count (\d+)$/m.exec(text) ?? []
  assert.ok(Number(all) > Number(within), text)
})

test('a node measures its work where dashboards look for it', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const registry = createRegistry()
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1), images: {} })
  const observer = { probed() {}, rejected() {}, work: workMetrics(registry, clock) }
  const node = await createTestNode({ clock, runtime, network: runtime.network, parts: { observer } })
  t.after(() => node.close())
  const first = await node.startKubelet()
  await clock.advance(5_000)
  await node.create('web', { containers: [{ name: 'main', image: 'app', imagePullPolicy: 'IfNotPresent' }] })
  await clock.advance(10 * 60_000)
  const text = registry.text()
  const value = (series: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length),
    )
  assert.equal(value('kubelet_pod_worker_duration_seconds_count{operation_type="create"}'), 1)
  assert.equal(value('kubelet_pod_worker_start_duration_seconds_count'), 1)
  assert.ok(value('kubelet_pod_status_sync_duration_seconds_count') >= 1)
  assert.ok(value('kubelet_pleg_relist_duration_seconds_count') >= 2)
  assert.equal(value('kubelet_pleg_relist_interval_seconds_count'), value('kubelet_pleg_relist_duration_seconds_count') - 1)
  assert.ok(value('kubelet_pleg_last_seen_seconds') > Date.parse('2026-01-01T00:00:00Z') / 1000)

  await first.stop()
  await node.client.delete(Pod, 'web', { namespace: 'default', gracePeriodSeconds: 0 })
  await node.startKubelet()
  await clock.advance(5_000)
  assert.match(registry.text(), /^kubelet_orphaned_runtime_pods_total 1$/m)
})
