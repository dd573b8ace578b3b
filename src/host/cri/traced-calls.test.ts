import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js'
import type { Runtime } from '#kubelet/runtime.ts'
import { seededRandom } from '#lib/random.ts'
import { beginTrace } from '#lib/tracing/active-span.ts'
import type { Span } from '#lib/tracing/span.ts'
import { parseTraceparent } from '#lib/tracing/traceparent.ts'
import { systemClock } from '../clock.ts'
import { createCriRuntime } from './runtime.ts'

check('a call', (runtime) => runtime.stopSandbox('a'), 'runtime.v1.RuntimeService/StopPodSandbox')
check('a call of images', (runtime) => runtime.imageStatus('a'), 'runtime.v1.ImageService/ImageStatus')
check('a call that fails', (runtime) => runtime.removeSandbox('a'), 'runtime.v1.RuntimeService/RemovePodSandbox', 'it is in use')

function check(title: string, act: (runtime: Runtime) => Promise<unknown>, name: string, problem?: string): void {
  test(`the runtime joins the trace of ${title}, and of nothing else`, async (t) => {
    const { socket, heard } = await listen(t)
    const runtime = createCriRuntime({ endpoint: socket, clock: systemClock })
    t.after(() => runtime.close())
    const spans: Span[] = []
    const root = beginTrace({ clock: systemClock, random: seededRandom(1), keep: (span) => void spans.push(span) }, 'root')
    const asked = async (): Promise<void> => {
      const done = act(runtime)
      await (problem === undefined ? done : assert.rejects(done, new RegExp(problem)))
    }
    await asked()
    await root.run(asked)
    root.end()
    const [call, own] = spans
    assert.equal(spans.length, 2)
    assert.deepEqual([call!.name, call!.kind, call!.parentSpanId, call!.problem], [name, 'client', own!.spanId, problem])
    assert.deepEqual(call!.attributes, { 'rpc.system.name': 'grpc', 'rpc.method': name })
    assert.equal(heard[0], undefined)
    assert.deepEqual(parseTraceparent(heard[1]), { traceId: own!.traceId, spanId: call!.spanId, isSampled: true })
  })
}

/** Answers a few calls with nothing, and keeps the `traceparent` of each. */
async function listen(t: { after(end: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-traced-'))
  const socket = join(folder, 'cri.sock')
  const heard: (string | undefined)[] = []
  const server = new Server()
  const asIs = (bytes: Buffer) => bytes
  for (const [service, method] of [
    ['RuntimeService', 'StopPodSandbox'],
    ['RuntimeService', 'RemovePodSandbox'],
    ['ImageService', 'ImageStatus'],
  ] as const) {
    const definition = {
      ...{ path: `/runtime.v1.${service}/${method}`, requestStream: false, responseStream: false },
      ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
    } as const
    server.addService(
      { [method]: definition },
      {
        [method](call: { readonly metadata: Metadata }, done: (error: object | null, answer?: Buffer) => void) {
          heard.push(call.metadata.get('traceparent')[0]?.toString())
          if (method === 'RemovePodSandbox') done({ code: status.UNKNOWN, details: 'it is in use' })
          else done(null, Buffer.alloc(0))
        },
      },
    )
  }
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error))),
  )
  t.after(() => {
    server.forceShutdown()
    rmSync(folder, { recursive: true, force: true })
  })
  return { socket, heard }
}
