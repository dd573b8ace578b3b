import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpRequest, Transport } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createApiMetrics } from './api-metrics.ts'
import type { MetricsReader } from './metrics-reader.ts'

const time = '2026-01-01T00:00:00Z'
const at = Date.parse(time)
const group = (...versions: readonly string[]) => ({
  preferredVersion: { version: versions[0] },
  versions: versions.map((version) => ({ version })),
})
const value = (name: string, text: string) => ({
  describedObject: { kind: 'Pod', name },
  metric: { name: 'qps' },
  timestamp: time,
  value: text,
})

/** What the server answers by path, and what becomes of it; or the error's words. */
function check(
  what: string,
  answers: Readonly<Record<string, object | string | number>>,
  ask: (reader: MetricsReader) => Promise<unknown>,
  expected: unknown,
): void {
  test(what, async () => {
    const clock = createVirtualClock(at)
    const transport: Transport = async ({ path }: HttpRequest) => {
      const answer = answers[path] ?? 404
      const status = typeof answer === 'number' ? answer : ((answer as { readonly code?: number }).code ?? 200)
      const text = typeof answer === 'object' ? JSON.stringify(answer) : typeof answer === 'string' ? answer : `${status} page`
      return { status, headers: {}, body: new TextEncoder().encode(text) }
    }
    const found = await ask(createApiMetrics(transport, clock)).catch((error: Error) => error.message)
    assert.deepEqual(found instanceof Map ? Object.fromEntries(found) : found, expected)
  })
}

const pods = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app%3Dweb'
const custom = '/apis/custom.metrics.k8s.io'
const qps = { name: 'qps', selector: '' }

check(
  'use by pods',
  {
    [pods]: { items: [{ metadata: { name: 'a' }, timestamp: time, window: '30s', containers: [{ name: 'main', usage: { cpu: '12m' } }] }] },
  },
  (reader) => reader.podUsage('shop', 'app=web'),
  [{ pod: 'a', at, windowMs: 30_000, containers: [{ name: 'main', usage: { cpu: '12m' } }] }],
)
check(
  'nobody serves it',
  {},
  (reader) => reader.podUsage('shop', 'app=web'),
  'the server could not find the requested resource (get pods.metrics.k8s.io)',
)
check(
  'its server is away',
  { [pods]: 503 },
  (reader) => reader.podUsage('shop', 'app=web'),
  'the server is currently unable to handle the request (get pods.metrics.k8s.io)',
)
check(
  'its server is broken',
  { [pods]: 500 },
  (reader) => reader.podUsage('shop', 'app=web'),
  'an error on the server ("500 page") has prevented the request from succeeding (get pods.metrics.k8s.io)',
)
check(
  'it may not be asked',
  { [pods]: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'pods.metrics.k8s.io is forbidden' } },
  (reader) => reader.podUsage('shop', 'app=web'),
  'pods.metrics.k8s.io is forbidden',
)
check('nonsense', { [pods]: { items: [{}] } }, (reader) => reader.podUsage('shop', 'app=web'), "the metrics server's answer has no name")
check(
  'a metric of pods, in the version that is preferred',
  {
    [custom]: group('v1beta1', 'v1beta2'),
    [`${custom}/v1beta1/namespaces/shop/pods/*/qps?labelSelector=app%3Dweb&metricLabelSelector=a%3Db`]: {
      items: [{ ...value('a', '1500m'), window: 5 }, value('b', '2k')],
    },
  },
  (reader) => reader.podsMetric('shop', 'app=web', { name: 'qps', selector: 'a=b' }),
  { a: { at, windowMs: 5_000, milli: 1500n }, b: { at, windowMs: 60_000, milli: 2_000_000n } },
)
check('no such API', {}, (reader) => reader.podsMetric('shop', '', qps), 'no custom metrics API (custom.metrics.k8s.io) registered')
check(
  'in no version that is known',
  { [custom]: group('v3') },
  (reader) => reader.podsMetric('shop', '', qps),
  'no known available metric versions found',
)
check(
  'a metric of an object',
  { [custom]: group('v1beta2'), [`${custom}/v1beta2/namespaces/shop/ingresses.networking.k8s.io/web/qps`]: { items: [value('web', '7')] } },
  (reader) => reader.objectMetric('shop', { resource: 'ingresses.networking.k8s.io', name: 'web' }, qps),
  7000n,
)
check(
  'a metric of the namespace',
  { [custom]: group('v1beta2'), [`${custom}/v1beta2/namespaces/shop/metrics/qps`]: { items: [value('shop', '7')] } },
  (reader) => reader.objectMetric('shop', 'namespace', qps),
  7000n,
)
check(
  'of more than one object',
  { [custom]: group('v1beta2'), [`${custom}/v1beta2/namespaces/shop/services/web/qps`]: { items: [value('a', '1'), value('b', '1')] } },
  (reader) => reader.objectMetric('shop', { resource: 'services', name: 'web' }, qps),
  'the custom metrics API server returned 2 results when we asked for exactly one',
)
check(
  'of an object that there is not',
  { [custom]: group('v1beta2') },
  (reader) => reader.objectMetric('shop', { resource: 'services', name: 'web' }, qps),
  'the server could not find the requested resource (get services.custom.metrics.k8s.io web)',
)
check(
  'a metric of nobody',
  { '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue?labelSelector=name%3Da': { items: [{ value: '1' }, { value: '2500m' }] } },
  (reader) => reader.externalMetric('shop', { name: 'queue', selector: 'name=a' }),
  [1000n, 2500n],
)

test('a server that does not answer is not waited for', async () => {
  const clock = createVirtualClock(at)
  const transport: Transport = ({ signal }) => new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)))
  const asked = createApiMetrics(transport, clock).podUsage('shop', '')
  const refused = assert.rejects(asked, /context deadline exceeded/)
  await clock.advance(30_000)
  await refused
})
