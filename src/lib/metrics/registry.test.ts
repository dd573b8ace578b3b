import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goFloat } from './exposition.ts'
import { exponentialBuckets } from './histogram.ts'
import { createRegistry } from './registry.ts'
import { createWorkQueueMetrics } from './work-queue-metrics.ts'

/** Without what the registry says of itself. */
const own = (text: string): string => text.replace(/^.*(?:disabled|hidden|registered)_metrics_total.*\n/gm, '')

test('families come by name, labels by name, buckets add up', () => {
  const registry = createRegistry()
  const waits = registry.histogram({ name: 'wait_seconds', help: 'Waits.', stability: 'BETA', labels: ['who'], buckets: [0.1, 1] })
  waits.of('a').observe(0.1)
  waits.of('a').observe(0.5)
  waits.of('a').observe(7)
  registry
    .counter({ name: 'asked_total', help: 'Asked\nfor.', stability: 'STABLE', labels: ['verb', 'code'] })
    .of('GET "x"', '200')
    .inc()
  registry.counter({ name: 'never_total', help: 'Never.', stability: 'STABLE', labels: ['x'] })
  registry.gauge({ name: 'level', help: 'Level.', stability: 'ALPHA' }).of().set(1_500_000)
  registry.observed({ name: 'read', help: 'Read.', stability: 'ALPHA', type: 'gauge', labels: ['at'] }, () => [{ labels: ['x'], value: 2 }])
  assert.equal(
    own(registry.text()),
    [
      '# HELP asked_total [STABLE] Asked\\nfor.',
      '# TYPE asked_total counter',
      'asked_total{code="200",verb="GET \\"x\\""} 1',
      '# HELP level [ALPHA] Level.',
      '# TYPE level gauge',
      'level 1.5e+06',
      '# HELP read [ALPHA] Read.',
      '# TYPE read gauge',
      'read{at="x"} 2',
      '# HELP wait_seconds [BETA] Waits.',
      '# TYPE wait_seconds histogram',
      'wait_seconds_bucket{who="a",le="0.1"} 1',
      'wait_seconds_bucket{who="a",le="1"} 2',
      'wait_seconds_bucket{who="a",le="+Inf"} 3',
      'wait_seconds_sum{who="a"} 7.6',
      'wait_seconds_count{who="a"} 3',
      '',
    ].join('\n'),
  )
})

test('a name twice is refused; too many series are counted out of sight', () => {
  const registry = createRegistry()
  const asked = registry.counter({ name: 'asked_total', help: '', stability: 'ALPHA', labels: ['who'], seriesMax: 2 })
  for (const who of ['a', 'b', 'c', 'd']) asked.of(who).inc()
  assert.equal(registry.text().match(/^asked_total\{/gm)?.length, 2)
  asked.remove('a')
  asked.of('e').inc()
  assert.match(registry.text(), /who="e"/)
  assert.throws(() => registry.gauge({ name: 'asked_total', help: '', stability: 'ALPHA' }), /registered twice/)
})

test('numbers as Go prints them', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'],
    [1_000_000, '1e+06'],
    [999_999, '999999'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1e-8, '1e-08'],
    [1234567.5, '1.2345675e+06'],
    [Infinity, '+Inf'],
    [Number.NaN, 'NaN'],
  ]
  for (const [value, text] of cases) assert.equal(goFloat(value), text)
  assert.deepEqual(exponentialBuckets(1000, 10, 3), [1000, 10_000, 100_000])
})

test('the registry counts itself; a work queue is shown by name', () => {
  const registry = createRegistry()
  const queue = createWorkQueueMetrics(registry)('pods', () => [2, 3])
  queue.added(1)
  queue.started(0.5, 0)
  queue.ended(0.001)
  queue.retried()
  const text = registry.text()
  for (const line of [
    'registered_metrics_total{deprecated_version="",stability_level="BETA"} 10',
    'workqueue_adds_total{name="pods"} 1',
    'workqueue_depth{name="pods"} 0',
    'workqueue_retries_total{name="pods"} 1',
    'workqueue_unfinished_work_seconds{name="pods"} 5',
    'workqueue_longest_running_processor_seconds{name="pods"} 3',
    'workqueue_queue_duration_seconds_bucket{name="pods",le="1"} 1',
    'workqueue_work_duration_seconds_bucket{name="pods",le="1e-08"} 0',
  ])
    assert.ok(text.includes(`${line}\n`), line)
})
