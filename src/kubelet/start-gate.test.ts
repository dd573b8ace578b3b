import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import type { CgroupManager } from './interfaces.ts'
import type { Runtime } from './runtime.ts'
import { createStartGate } from './start-gate.ts'

/** A runtime and a cgroup manager whose steps end when told; what has begun is noted in order. */
function gated(_: TestContext, atOnce: number) {
  const clock = createVirtualClock(0)
  const gate = createStartGate({ clock, atOnce, slowMs: 1_000 })
  const begun: string[] = []
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>()
  const step = (name: string) => {
    begun.push(name)
    return new Promise<never>((resolve, reject) => ends.set(name, { resolve: resolve as () => void, reject }))
  }
  const runtime = gate.runtime({
    runSandbox: (config: { name: string }) => step(`sandbox ${config.name}`),
    createContainer: (id: string) => step(`create ${id}`),
    startContainer: (id: string) => step(`start ${id}`),
    stopSandbox: (id: string) => step(`stop ${id}`),
  } as unknown as Runtime)
  const cgroups = gate.cgroups({ ensurePod: (pod: string) => step(`group ${pod}`) } as unknown as CgroupManager)
  const errors: string[] = []
  const watch = (call: Promise<unknown>) => void call.catch((error: Error) => errors.push(error.message))
  return {
    clock,
    gate,
    begun,
    errors,
    group: (pod: string) => watch(cgroups.ensurePod(pod as never)),
    sandbox: (name: string) => watch(runtime.runSandbox({ name } as never)),
    create: (id: string) => watch(runtime.createContainer(id, {} as never, {} as never)),
    start: (id: string) => watch(runtime.startContainer(id)),
    stop: (id: string) => watch(runtime.stopSandbox(id)),
    async end(name: string) {
      ends.get(name)!.resolve()
      await clock.advance(0)
    },
    async fail(name: string) {
      ends.get(name)!.reject(new Error(`${name} failed`))
      await clock.advance(0)
    },
  }
}

test('no more than so many steps are under way, and they come in order', async (t) => {
  const { begun, sandbox, end } = gated(t, 2)
  for (const name of ['a', 'b', 'c', 'd']) sandbox(name)
  assert.deepEqual(begun, ['sandbox a', 'sandbox b'])
  await end('sandbox b')
  assert.deepEqual(begun.slice(2), ['sandbox c'])
  await end('sandbox a')
  await end('sandbox c')
  assert.deepEqual(begun.slice(3), ['sandbox d'])
})

test('whatever is nearest to running goes first', async (t) => {
  const { begun, group, sandbox, create, start, end } = gated(t, 1)
  group('a')
  group('b')
  sandbox('c')
  create('d')
  start('e')
  for (const name of ['group a', 'start e', 'create d', 'sandbox c']) await end(name)
  assert.deepEqual(begun, ['group a', 'start e', 'create d', 'sandbox c', 'group b'])
})

test('a step that fails gives its place up, and fails', async (t) => {
  const { begun, errors, sandbox, fail } = gated(t, 1)
  sandbox('a')
  sandbox('b')
  await fail('sandbox a')
  assert.deepEqual([begun, errors], [['sandbox a', 'sandbox b'], ['sandbox a failed']])
})

test('a step that hangs keeps others for a second only, and gives no second place up when it ends after all', async (t) => {
  const { begun, clock, sandbox, end } = gated(t, 1)
  for (const name of ['a', 'b', 'c']) sandbox(name)
  await clock.advance(999)
  assert.deepEqual(begun, ['sandbox a'])
  await clock.advance(1)
  assert.deepEqual(begun, ['sandbox a', 'sandbox b'])
  await end('sandbox a')
  assert.deepEqual(begun, ['sandbox a', 'sandbox b'])
  await end('sandbox b')
  assert.deepEqual(begun, ['sandbox a', 'sandbox b', 'sandbox c'])
})

test('what ends a pod waits for nobody', (t) => {
  const { begun, sandbox, stop } = gated(t, 1)
  sandbox('a')
  sandbox('b')
  stop('c')
  assert.deepEqual(begun, ['sandbox a', 'stop c'])
})

test('what can wait does until nobody queues any more, and not for ever', async (t) => {
  const { clock, gate, sandbox, end } = gated(t, 1)
  const said: string[] = []
  const wait = (name: string, latest: number) => void gate.calm(latest).then(() => said.push(name))
  sandbox('a')
  wait('before the crowd', 500)
  await clock.advance(0)
  assert.deepEqual([gate.isCrowded(), said], [false, ['before the crowd']])
  sandbox('b')
  wait('in it', 900)
  wait('too long', 500)
  wait('too late', 0)
  await clock.advance(499)
  assert.deepEqual([gate.isCrowded(), said.slice(1)], [true, ['too late']])
  await clock.advance(1)
  assert.deepEqual(said.slice(2), ['too long'])
  await end('sandbox a')
  assert.deepEqual([gate.isCrowded(), said.slice(3)], [false, ['in it']])
  await end('sandbox b')
  assert.equal(clock.pending, 0)
})
