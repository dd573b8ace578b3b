import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composeTracer } from '#apiserver/tracing/compose.ts'
import type { Tracer } from '#apiserver/tracing/tracer.ts'
import { systemClock } from '#host/clock.ts'
import { openGrpc } from '#host/grpc.ts'
import { systemRandom } from '#host/random.ts'
import type { OpenGrpc } from '#lib/grpc-exchange.ts'
import { at, collector } from './test-collector.ts'

const tracerTo = (endpoint: string, onFailure: (error: unknown) => void): Tracer =>
  composeTracer(
    `{ apiVersion: apiserver.config.k8s.io/v1, kind: TracingConfiguration, endpoint: "${endpoint}", samplingRatePerMillion: 1000000 }`,
    {
      clock: systemClock,
      random: systemRandom,
      outbound: undefined,
      grpc: patientGrpc,
      onFailure,
    },
  )

/** A slow machine is no reason for a trace to be lost: what is told is what the other end says. */
const patientGrpc: OpenGrpc = (target) => {
  const channel = openGrpc(target)
  return { ...channel, call: (path, message) => channel.call(path, message, 600_000) }
}

/** One request, of which we know everything. */
async function traceOne(tracer: Tracer): Promise<void> {
  const record = { request: { headers: {}, method: 'GET' }, info: { path: '/api' }, id: 'audit', receivedMs: 1_000, startedMs: 0 }
  await tracer.trace(
    record as never,
    async () => 500,
    (code) => code,
  )
  await tracer.close()
}

test('spans reach a collector over gRPC in plain text', async (t) => {
  const { port, bodies, close } = await collector(true)
  t.after(close)
  await traceOne(tracerTo(`localhost:${port}`, (error) => assert.fail(String(error))))
  assert.equal(bodies.length, 1)
  const [resource, scoped] = [at(bodies[0]!, 1, 1), at(bodies[0]!, 1, 2)]
  assert.deepEqual([at(resource, 1, 1).toString(), at(resource, 1, 2, 1).toString()], ['service.name', 'apiserver'])
  const span = at(scoped, 2)
  assert.deepEqual([at(span, 1).length, at(span, 2).length], [16, 8])
  assert.equal(at(span, 5).toString(), 'KubernetesAPI')
  assert.equal(at(span, 7).readBigUInt64LE(), 1_000_000_000n)
  assert.deepEqual([at(span, 6)[0], at(span, 15, 3)[0]], [2, 2])
})

for (const [name, accepts] of [
  ['one that refuses', false],
  ['nobody', undefined],
] as const)
  test(`traces for ${name} are told of as lost`, async () => {
    // Where nobody listens, and nobody else begins to in the meantime: such a port is given to no one who asks for any.
    const { port, close } = accepts === undefined ? { port: 1, close: () => {} } : await collector(accepts)
    const failures: unknown[] = []
    const tracer = tracerTo(`dns:///127.0.0.1:${port}`, (error) => failures.push(error))
    await traceOne(tracer)
    close()
    assert.equal(tracer.dropped, 1)
    assert.match(String(failures[0]), accepts === undefined ? /ECONNREFUSED|No connection/ : /full/)
  })
