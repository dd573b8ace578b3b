import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#lib/random.ts'
import { exportRequest } from '#lib/tracing/otlp.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'
import { parseTracingConfiguration } from './configuration.ts'
import { createTracer } from './tracer.ts'

interface Sent {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
}

async function traced(
  samplingRatePerMillion: number,
  traceparent: string | undefined,
  groups: readonly string[] = ['system:masters'],
): Promise<readonly Sent[]> {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const spans: Sent[] = []
  const tracer = createTracer({
    clock,
    random: seededRandom(1),
    samplingRatePerMillion,
    onFailure: (error) => assert.fail(String(error)),
    send: async (batch) =>
      void spans.push(
        ...JSON.parse(Buffer.from(exportRequest(batch, { resource: {}, scope: '' })).toString()).resourceSpans[0].scopeSpans[0].spans,
      ),
  })
  const server = await createTestServer({ clock, server: { tracer: () => tracer } })
  await server.transportAs({ name: 'someone', groups })({
    method: 'POST',
    path: '/api/v1/namespaces',
    headers: { ...(traceparent !== undefined && { traceparent }) },
    body: Buffer.from(JSON.stringify({ metadata: { name: 'a' } })),
  })
  await server.close()
  return spans
}

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('a sampled sender’s trace goes on through the stages', async () => {
  const spans = await traced(0, parent)
  const names = new Set(spans.map(({ name }) => name))
  for (const name of ['KubernetesAPI', 'authentication', 'authorization', 'admission NamespaceLifecycle', 'store'])
    assert.ok(names.has(name), name)
  const root = spans.find(({ name }) => name === 'KubernetesAPI')!
  assert.deepEqual([root.traceId, root.parentSpanId, root.kind], ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 2])
  for (const span of spans) if (span !== root) assert.deepEqual([span.traceId, span.parentSpanId], [root.traceId, root.spanId])
  assert.equal(root.startTimeUnixNano, `${Date.parse('2026-01-01T00:00:00Z')}000000`)
})

test('who did not ask for a trace gets one by chance only', async () => {
  assert.equal((await traced(0, undefined)).length, 0)
  assert.equal((await traced(0, parent.replace(/01$/, '00'))).length, 0)
  assert.ok((await traced(1_000_000, undefined)).length > 0)
})

test('who may not decide what is traced does not, nor write into the traces of others', async () => {
  const user = ['system:authenticated']
  assert.equal((await traced(0, parent, user)).length, 0)
  assert.ok((await traced(0, parent, ['system:monitoring'])).length > 0)
  const chosen = await traced(1_000_000, parent, user)
  const root = chosen.find(({ name }) => name === 'KubernetesAPI')!
  assert.equal(root.parentSpanId, undefined)
  assert.notEqual(root.traceId, '0af7651916cd43dd8448eb211c80319c')
  assert.ok(chosen.every(({ traceId }) => traceId === root.traceId))
  // Somebody's decision against it is no better than none.
  assert.ok((await traced(1_000_000, parent.replace(/01$/, '00'), user)).length > 0)
})

test('what comes while a batch is on its way goes with the next, though nothing follows it', async () => {
  const clock = createVirtualClock(0)
  const batches: number[] = []
  let arrive = (): void => {}
  const tracer = createTracer({
    clock,
    random: seededRandom(1),
    samplingRatePerMillion: 1_000_000,
    onFailure: (error) => assert.fail(String(error)),
    send: (batch) => {
      batches.push(batch.length)
      return new Promise((resolve) => {
        arrive = resolve
      })
    },
  })
  const server = await createTestServer({ clock, server: { tracer: () => tracer } })
  const ask = () => server.transport({ method: 'GET', path: '/version', headers: {} })
  await ask()
  await clock.advance(5_000)
  await ask()
  await clock.advance(5_000)
  assert.equal(batches.length, 1)
  arrive()
  await clock.advance(5_000)
  assert.equal(batches.length, 2)
  arrive()
  await server.close()
})

const configuration = (rest: string) => `apiVersion: apiserver.config.k8s.io/v1\nkind: TracingConfiguration\n${rest}`

// The forms that the reference takes, which all mean gRPC without TLS, and ours beside them.
for (const [endpoint, want] of [
  [undefined, { grpc: 'localhost:4317' }],
  ['localhost:4317', { grpc: 'localhost:4317' }],
  ['dns://collector.example:4317', { grpc: 'collector.example:4317' }],
  ['dns:///collector.example:4317', { grpc: 'dns:///collector.example:4317' }],
  ['unix:///run/collector.sock', { grpc: 'unix:///run/collector.sock' }],
  ['http://localhost:4318', { url: 'http://localhost:4318/v1/traces' }],
  ['https://collector.example:4318/', { url: 'https://collector.example:4318/v1/traces' }],
  ['https://collector.example/other', { url: 'https://collector.example/other' }],
] as const)
  test(`a collector at ${endpoint}`, () => {
    const text = configuration(`samplingRatePerMillion: 5${endpoint === undefined ? '' : `\nendpoint: ${endpoint}`}`)
    assert.deepEqual(parseTracingConfiguration(text), { endpoint: want, samplingRatePerMillion: 5 })
  })

for (const [text, why] of [
  [configuration('samplingRatePerMillion: -1'), /samplingRatePerMillion: Invalid value: -1: sampling rate must be positive/],
  [configuration('samplingRatePerMillion: 1000001'), /sampling rate per million must be less than or equal to one million/],
  [configuration('samplingRatePerMillion: many'), /cannot unmarshal string/],
  [configuration('endpoint: ftp://a'), /endpoint: Invalid value: "ftp:\/\/a": unsupported scheme: ftp\./],
  [configuration('endpoint: dn%2s://localhost:4317'), /endpoint: Invalid value/],
  [configuration('endpoint: http://['), /endpoint: Invalid value/],
  [configuration('foo: 1'), /unknown field "foo"/],
  ['kind: Other', /no kind "Other" is registered/],
] as const)
  test(`refused: ${text.split('\n').at(-1)}`, () => assert.throws(() => parseTracingConfiguration(text), { code: 'Invalid', message: why }))
