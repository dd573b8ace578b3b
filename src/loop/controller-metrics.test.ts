import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import type { Controller } from './controller.ts'
import { createControllerMetrics } from './controller-metrics.ts'
import { runControllers } from './run.ts'
import { createScene } from './testing.ts'

const stability = 'ALPHA'

/** Counts what it sees, and fails at what is named so. */
const counter: Controller<ConfigMap> = {
  name: 'counter',
  sources: [{ kind: ConfigMap }],
  metrics: [
    { type: 'counter', name: 'looks_total', help: 'Looks.', stability, labels: ['done'] },
    { type: 'histogram', name: 'sizes', help: 'Sizes.', stability, buckets: [1, 10] },
    { type: 'gauge', name: 'maps', help: 'Maps.', stability, read: (cache) => [{ labels: [], value: cache.list(ConfigMap).length }] },
  ],
  view: (key, cache) => cache.get(ConfigMap, key.split('/')[1]!, 'x'),
  plan: ({ metadata }) => ({
    commands: metadata.name === 'bad' ? [{ do: 'create', kind: ConfigMap, namespace: 'x', object: { metadata: { name: 'new' } } }] : [],
    wakeAt: Infinity,
  }),
  measured: (map, _plan, { isDone, seconds }) => [
    { metric: 'looks_total', labels: [String(isDone)] },
    { metric: 'sizes', value: Object.keys(map.data ?? {}).length + seconds },
  ],
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => /^(looks_total|sizes_(sum|count)|maps)/.test(line))

test('what a look adds is counted, done or failed, and goes on where a former leader left off', async () => {
  const scene = createScene()
  const { client, clock, random, log, server } = scene
  const registry = createRegistry()
  const metrics = createControllerMetrics(registry)
  const lead = async () => {
    const running = runControllers({ controllers: [counter], client, clock, random, log, metrics })
    await running.synced()
    await clock.advance(0)
    return running
  }
  assert.deepEqual(linesOf(registry.text()), [])
  await client.create(ConfigMap, { metadata: { name: 'good' }, data: { a: '', b: '' } }, { namespace: 'x' })
  const first = await lead()
  server.fail(
    'InternalError',
    1,
    ({ method, path }) => method === 'POST' && !path.includes('dry') && server.objects('/api/v1/configmaps').length === 2,
  )
  await client.create(ConfigMap, { metadata: { name: 'bad' } }, { namespace: 'x' })
  await clock.advance(0)
  const counted = ['looks_total{done="true"} 1', 'looks_total{done="false"} 1']
  const sizes = ['sizes_sum 2', 'sizes_count 2']
  assert.deepEqual(linesOf(registry.text()), [...counted, 'maps 2', ...sizes])
  await first.stop()
  // Who leads no more knows nothing of how things are now.
  assert.deepEqual(linesOf(registry.text()), [...counted, ...sizes])
  const second = await lead()
  assert.match(registry.text(), /^looks_total\{done="true"\} [34]$/m)
  assert.match(registry.text(), /^maps \d$/m)
  await second.stop()
})

test('who ends late takes nothing from who has begun', () => {
  const registry = createRegistry()
  const metrics = createControllerMetrics(registry)
  const of = (count: number) => metrics.of(counter as never, { list: () => Array(count) } as never)
  const first = of(1)
  const second = of(2)
  const maps = () => linesOf(registry.text()).filter((line) => line.startsWith('maps'))
  first.end()
  assert.deepEqual(maps(), ['maps 2'])
  second.end()
  assert.deepEqual(maps(), [])
})

test('a measure of a metric that was not declared is a mistake', () => {
  const counting = createControllerMetrics(createRegistry()).of(counter as never, {} as never)
  assert.throws(() => counting.note([{ metric: 'other' }]), /counter counts other, which is not among its metrics/)
})
