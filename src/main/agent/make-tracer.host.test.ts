import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { containerd, serveCri } from '#host/cri/testing/serve-cri.ts'
import { systemRandom } from '#host/random.ts'
import { kubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import { createTestNode } from '#kubelet/test-node.ts'
import type { Clock } from '#lib/clock.ts'
import { createJsonLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { all, at, collector } from '../test-collector.ts'
import { makeTracer } from './make-tracer.ts'

test('the trace of a pod’s start reaches a collector, with the calls to the runtime', async (t) => {
  const { port, bodies, close } = await collector(true)
  t.after(close)
  const { tracer, logged } = tracerTo(`localhost:${port}`)
  await startPod(t, tracer)
  await tracer.close()
  assert.deepEqual(logged, [])

  const resource = at(bodies[0]!, 1, 1)
  const attributes = all(resource, 1).map((one) => `${at(one, 1)}=${at(one, 2, 1)}`)
  assert.deepEqual(attributes, ['service.name=kubelet', 'host.name=node-7'])
  assert.equal(at(bodies[0]!, 1, 2, 1, 1).toString(), 'wherry/kubelet')

  const spans = bodies.flatMap((body) => all(body, 1, 2, 2))
  const nameOf = (span: Buffer): string => at(span, 5).toString()
  const root = spans.find((span) => nameOf(span) === 'syncPod') ?? assert.fail('there is no syncPod')
  const parts = spans.filter((span) => all(span, 4)[0]?.equals(at(root, 2)))
  for (const call of ['RunPodSandbox', 'CreateContainer', 'StartContainer']) {
    const span = parts.find((part) => nameOf(part) === `runtime.v1.RuntimeService/${call}`) ?? assert.fail(`there is no ${call}`)
    assert.equal(at(span, 6)[0], 3, 'a client asks')
    assert.ok(at(span, 1).equals(at(root, 1)), 'it is the same trace')
    assert.ok(at(span, 7).readBigUInt64LE() >= at(root, 7).readBigUInt64LE(), 'it begins later')
    assert.ok(at(span, 8).readBigUInt64LE() <= at(root, 8).readBigUInt64LE(), 'it ends earlier')
  }
})

for (const [name, accepts] of [
  ['one that refuses', false],
  ['nobody', undefined],
] as const)
  test(`a pod starts all the same with traces for ${name}`, async (t) => {
    // Nobody is given this port who asks for any.
    const { port, close } = accepts === undefined ? { port: 1, close: () => {} } : await collector(accepts)
    t.after(close)
    const { tracer, logged, registry } = tracerTo(`127.0.0.1:${port}`)
    await startPod(t, tracer)
    await tracer.close()
    assert.deepEqual(
      logged.map(({ level }) => level),
      ['warn'],
    )
    assert.match(JSON.stringify(logged[0]), accepts === undefined ? /ECONNREFUSED|No connection/ : /full/)
    assert.match(registry.text(), /^wherry_dropped_spans_total\{reason="refused"\} [1-9]/m)
  })

test('spans reach a collector over HTTP', async (t) => {
  const bodies: Promise<string>[] = []
  const server = createServer((request, response) => {
    bodies.push(text(request))
    response.end(`${request.method} ${request.url}`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { tracer, logged } = tracerTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  tracer.begin('one')?.end()
  await tracer.close()
  assert.deepEqual(logged, [])
  assert.equal(JSON.parse((await bodies[0])!).resourceSpans[0].scopeSpans[0].spans[0].name, 'one')
})

test('without the setting there is no tracer', () => {
  const context = { configuration: kubeletConfiguration({}) }
  assert.equal(makeTracer(context as never), undefined)
})

function tracerTo(endpoint: string) {
  const logged: { readonly level: string }[] = []
  const registry = createRegistry()
  const tracer = makeTracer({
    config: { nodeName: 'node-7' },
    configuration: kubeletConfiguration({ tracing: { endpoint, samplingRatePerMillion: 1_000_000 } }),
    ...{ clock: patientClock, random: systemRandom, metrics: { registry } },
    log: createJsonLog((line) => logged.push(JSON.parse(line)), systemClock),
  } as never)
  return { tracer: tracer!, logged, registry }
}

/** A slow machine is no reason for a trace to be lost: the tracer sends at its end, and waits for the answer. */
const patientClock: Clock = { ...systemClock, schedule: () => () => {} }

/** A pod on a node whose runtime is simulated, behind a real socket. Resolves once it runs. */
async function startPod(t: TestContext, tracer: NonNullable<ReturnType<typeof makeTracer>>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-traced-'))
  const socket = join(folder, 'cri.sock')
  const simulated = createSimulatedRuntime({ clock: systemClock, random: seededRandom(1), images: { app: {} } })
  const server = await serveCri(socket, simulated, containerd)
  const runtime = createCriRuntime({ endpoint: socket, clock: systemClock })
  const node = await createTestNode({ clock: systemClock, runtime, network: simulated.network, parts: { tracer } })
  t.after(async () => {
    await node.close()
    runtime.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const kubelet = await node.startKubelet()
  const runs = new Promise<void>((resolve) => {
    kubelet.pods.onChange((uid) => {
      if (kubelet.pods.byUid(uid)?.withStatus.status?.phase === 'Running') resolve()
    })
  })
  await node.create('one', { containers: [{ name: 'main', image: 'app', imagePullPolicy: 'IfNotPresent' }] })
  await runs
  await kubelet.stop()
}
