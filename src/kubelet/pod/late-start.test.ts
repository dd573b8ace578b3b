import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { RuntimeClass } from '#api/node/v1/runtime-class.ts'
import { sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { SimulatedRuntime } from '#sim/runtime.ts'
import { container, starts, world } from '../test-world.ts'

// A call that was given up may be carried out all the same, at any time after.

/** `Timeout` for the first start; `carryOut` does what it was asked for. */
async function givenUp(t: TestContext, { keepsRemoved = false, configMs = 0 } = {}) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  let first: string | undefined
  const through = (runtime: SimulatedRuntime): SimulatedRuntime => ({
    ...runtime,
    async startContainer(id) {
      if (first !== undefined) return runtime.startContainer(id)
      first = id
      throw new WherryError('Timeout', 'context deadline exceeded')
    },
    async removeContainer(id) {
      if (id !== first || !keepsRemoved) await runtime.removeContainer(id)
    },
  })
  const runtimeHandler = async () => {
    if (first !== undefined) await sleep(clock, configMs)
    return ''
  }
  const here = await world(t, { lingering: { stopMs: 20_000 } }, 1, undefined, through, { clock, parts: { runtimeHandler } })
  await here.node.client.create(RuntimeClass, { metadata: { name: 'slow' }, handler: 'slow' })
  await here.node.create('one', { runtimeClassName: 'slow', containers: [container('main', 'lingering')] })
  await here.pass(100)
  return { ...here, first: () => first!, carryOut: () => here.runtime.startContainer(first!) }
}

test('one that comes to life while the next is being prepared is the one that runs', async (t) => {
  const { runtime, pass, show, carryOut } = await givenUp(t, { configMs: 2_000 })
  // Two seconds each for its image, its sandbox's configuration and its own.
  await pass(5_000)
  assert.equal(await show(), 'Pending main:RunContainerError')
  await carryOut()
  await pass(10_000)
  assert.deepEqual(starts(runtime), ['start main 0'])
  assert.equal(await show(), 'Running main:running/ready')
})

test('one that comes to life beside the next is stopped, and the next starts again only when it has ended', async (t) => {
  const { runtime, pass, show, carryOut, first, node } = await givenUp(t, { keepsRemoved: true })
  await pass(1_000)
  assert.deepEqual(starts(runtime), ['start main 1'])
  await carryOut()
  // Events of what was removed are of no interest; a list shows it.
  runtime.breakEvents()
  await pass(1_000)
  assert.equal(runtime.running('main').length, 2)
  assert.ok(node.events.includes('Killing Stopping container main, which was started again meanwhile'))
  const [second] = runtime.running('main').filter((id) => id !== first())
  runtime.crash(second!, 1)
  await pass(5_000)
  assert.deepEqual(runtime.running('main'), [first()])
  await pass(14_500)
  assert.deepEqual(starts(runtime), ['start main 1', 'start main 0', 'start main 2'])
  assert.equal(await show(), 'Running main:running/ready/2')
})

test('a sandbox that comes to be after its pod was forgotten goes with the next list', async (t) => {
  const carryOut: (() => Promise<string>)[] = []
  const { runtime, node, pass, show } = await world(t, {}, 1, undefined, (simulated) => ({
    ...simulated,
    async runSandbox(config) {
      carryOut.push(() => simulated.runSandbox(config))
      throw new WherryError('Timeout', 'context deadline exceeded')
    },
  }))
  await node.create('one', { containers: [container('main')] })
  await pass(100)
  await node.client.delete(Pod, 'one', { namespace: 'default', gracePeriodSeconds: 1 })
  await pass(5_000)
  assert.equal(await show(), 'gone')
  await carryOut[0]!()
  assert.equal((await runtime.sandboxes()).length, 1)
  runtime.breakEvents()
  await pass(5_000)
  assert.deepEqual(await runtime.sandboxes(), [])
})
