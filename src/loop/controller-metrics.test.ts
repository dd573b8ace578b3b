import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import type { Command, Controller } from './controller.ts'
import { createControllerMetrics } from './controller-metrics.ts'
import { runControllers } from './run.ts'
import { createScene } from './testing.ts'

const stability = 'ALPHA'

const makes: Readonly<Record<string, readonly string[]>> = { bad: ['new'], worse: ['first', 'second', 'third'] }
const create = (name: string): Command => ({ do: 'create', kind: ConfigMap, namespace: 'x', object: { metadata: { name } } })

/** Counts what it sees, and fails at what is named so. */
const counter: Controller<ConfigMap> = {
  name: 'counter',
  sources: [
    {
      kind: ConfigMap,
      measured: (map: ConfigMap | undefined, previous: ConfigMap | undefined) => {
        const change = map === undefined ? 'gone' : previous === undefined ? 'new' : 'changed'
        return [{ metric: 'changes_total', labels: [`${(map ?? previous)!.metadata.name} ${change}`] }]
      },
    },
  ],
  metrics: [
    { type: 'counter', name: 'changes_total', help: 'Changes.', stability, labels: ['what'] },
    { type: 'counter', name: 'ends_total', help: 'Ends of commands.', stability, labels: ['end'] },
    { type: 'counter', name: 'looks_total', help: 'Looks.', stability, labels: ['done'] },
    { type: 'histogram', name: 'sizes', help: 'Sizes.', stability, buckets: [1, 10] },
    { type: 'gauge', name: 'maps', help: 'Maps.', stability, read: (cache) => [{ labels: [], value: cache.list(ConfigMap).length }] },
  ],
  view: (key, cache) => cache.get(ConfigMap, key.split('/')[1]!, 'x'),
  plan: ({ metadata }) => ({
    commands: (makes[metadata.name] ?? []).map(create),
    wakeAt: Infinity,
  }),
  measured: (map, { commands }, { isDone, became, seconds }) => [
    ...commands.map((command) => ({ metric: 'ends_total', labels: [String(became(command))] })),
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

test('of each command it is told what became of it, and of each change that it came', async () => {
  const { client, clock, random, log, server } = createScene()
  const registry = createRegistry()
  await client.create(ConfigMap, { metadata: { name: 'there' } }, { namespace: 'x' })
  const metrics = createControllerMetrics(registry)
  const running = runControllers({ controllers: [counter], client, clock, random, log, metrics })
  await running.synced()
  const of = (name: string) =>
    [...registry.text().matchAll(new RegExp(`^${name}_total\\{\\w+="(.*)"\\} (\\d+)`, 'gm'))].map(([, what, count]) => `${what} ${count}`)
  server.fail('InternalError', 1, ({ method }) => method === 'POST' && server.objects('/api/v1/configmaps').length === 3)
  await client.create(ConfigMap, { metadata: { name: 'worse' } }, { namespace: 'x' })
  await clock.advance(0)
  assert.deepEqual(of('ends'), ['done 1', 'refused 1', 'undefined 1'])
  await client.patch(ConfigMap, 'there', { type: 'merge', body: { data: { a: '' } } }, { namespace: 'x' })
  await client.delete(ConfigMap, 'there', { namespace: 'x' })
  await clock.advance(0)
  assert.deepEqual(of('changes'), ['there new 1', 'worse new 1', 'first new 1', 'there changed 1', 'there gone 1'])
  await running.stop()
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
