import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime, type SimulatedRuntimeOptions } from '#sim/runtime.ts'
import type { Runtime } from './runtime.ts'
import { createTestNode, memoryFiles } from './test-node.ts'
import { container, starts } from './test-world.ts'

/** A node whose clock somebody sets back by an hour: deadlines are waited for as `host/clock.ts` does, by what was left when they were set. */
async function open(
  t: { after(run: () => Promise<void>): void },
  images: SimulatedRuntimeOptions['images'] = {},
  through: (runtime: Runtime) => Runtime = (runtime) => runtime,
) {
  const time = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  let offsetMs = 0
  const clock: Clock = {
    now: () => time.now() + offsetMs,
    monotonicMs: time.monotonicMs,
    schedule: (at, run) => time.schedule(at - offsetMs, run),
  }
  const runtime = createSimulatedRuntime({ clock: clock as never, random: seededRandom(1), images })
  const node = await createTestNode({ clock, runtime: through(runtime), network: runtime.network, files: memoryFiles() })
  t.after(() => node.close())
  await node.startKubelet()
  await time.advance(100)
  return { node, runtime, pass: (ms: number) => time.advance(ms), setBack: () => void (offsetMs -= 3_600_000) }
}

test('a step that was put off is tried again when the clock was set back', async (t) => {
  let fails = true
  const { node, runtime, pass, setBack } = await open(t, {}, (simulated) => ({
    ...simulated,
    runSandbox: (config) => (fails ? Promise.reject(new WherryError('InternalError', 'no')) : simulated.runSandbox(config)),
  }))
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  setBack()
  fails = false
  await pass(60_000)
  assert.deepEqual(starts(runtime), ['start main 0'])
})

test('a container that waits for its restart starts when the clock was set back', async (t) => {
  const { node, runtime, pass, setBack } = await open(t, { bad: { exit: { afterMs: 1000, code: 3 } } })
  await node.create('one', { containers: [container('main', 'bad')] })
  await pass(5000)
  assert.equal(starts(runtime).length, 2)
  setBack()
  await pass(60_000)
  assert.ok(starts(runtime).length > 2, starts(runtime).join())
})

test('an image that could not be pulled is tried again when the clock was set back', async (t) => {
  let fails = true
  const { node, runtime, pass, setBack } = await open(t, { app: { isAbsent: true, pullFails: () => (fails ? 'no' : undefined) } })
  await node.create('one', { containers: [container('main')] })
  await pass(3000)
  setBack()
  fails = false
  await pass(20_000)
  assert.deepEqual(starts(runtime), ['start main 0'])
})

test('a probe that is being asked while the clock is set back is asked again in time', async (t) => {
  let asked = 0
  const exec = () => ({ exitCode: (asked += 1) * 0, takesMs: 500 })
  const { node, pass, setBack } = await open(t, { app: { exec } })
  const livenessProbe = { exec: { command: ['well'] }, periodSeconds: 10, timeoutSeconds: 5 }
  await node.create('one', { containers: [container('main', 'app', { livenessProbe })] })
  while (asked === 0) await pass(50)
  setBack()
  await pass(60_000)
  assert.ok(asked > 4, `${asked} times`)
})

for (const [what, spec] of Object.entries({
  'whose sidecar waits for its turn': {
    initContainers: [container('side', 'stubborn', { restartPolicy: 'Always' })],
    containers: [container('main', 'stubborn')],
  },
  'whose hook runs': { containers: [container('main', 'stubborn', { lifecycle: { preStop: { exec: { command: ['bye'] } } } })] },
}))
  test(`a pod ${what} ends within its grace though the clock is set back meanwhile`, async (t) => {
    const { node, pass, setBack } = await open(t, { stubborn: { stopMs: Infinity, exec: () => ({ exitCode: 0, takesMs: 4_000 }) } })
    await node.create('one', { terminationGracePeriodSeconds: 6, ...spec })
    await pass(3000)
    await node.client.delete(Pod, 'one', { namespace: 'default' })
    await pass(2000)
    setBack()
    await pass(20_000)
    assert.equal(await node.pod('one'), undefined)
  })

test('a container that starts while the clock is set back becomes ready in time', async (t) => {
  const { node, pass, setBack } = await open(t, { slow: { serves: (runMs) => runMs > 5_000 || runMs < 0 } })
  const probe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 60 }
  await node.create('one', { containers: [container('main', 'slow', { startupProbe: probe, readinessProbe: probe })] })
  await pass(2000)
  setBack()
  await pass(20_000)
  assert.equal((await node.pod('one'))?.status.containerStatuses?.[0]?.ready, true)
})
