import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createWorkQueueMetrics } from '#lib/metrics/work-queue-metrics.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createWorkQueue, type Outcome, type WorkQueueOptions } from './work-queue.ts'

/** A queue whose work a test ends by hand. */
function open(options: Partial<WorkQueueOptions> = {}) {
  const clock = createVirtualClock(0)
  const started: string[] = []
  const inWork = new Map<string, (outcome: Outcome) => void>()
  const queue = createWorkQueue({
    clock,
    random: seededRandom(1),
    log: silentLog,
    concurrency: 2,
    work: (key) => {
      assert.ok(!inWork.has(key), `${key} is worked on twice at once`)
      started.push(key)
      return new Promise((resolve) => inWork.set(key, resolve))
    },
    ...options,
  })
  const finish = async (key: string, outcome: Outcome = done) => {
    const resolve = inWork.get(key)!
    inWork.delete(key)
    resolve(outcome)
    await clock.advance(0)
  }
  return { clock, queue, started, inWork, finish }
}

const done: Outcome = { again: 'at', at: Infinity }

test('a key waits once, however often it is added, and is looked at again when added during its work', async () => {
  const { clock, queue, started, finish } = open()
  for (let i = 0; i < 5; i += 1) queue.add('a')
  await clock.advance(0)
  assert.deepEqual(started, ['a'])
  for (let i = 0; i < 5; i += 1) queue.add('a')
  await clock.advance(0)
  assert.deepEqual(started, ['a'])
  await finish('a')
  assert.deepEqual(started, ['a', 'a'])
  await finish('a')
  assert.deepEqual(started, ['a', 'a'])
  assert.ok(queue.isIdle)
})

test('one that yields begins a moment later, and not any more once it is stopped', async () => {
  const { clock, queue, started, finish } = open({ yields: true })
  queue.add('a')
  await clock.advance(0)
  assert.deepEqual(started, [])
  assert.ok(!queue.isIdle)
  await clock.advance(5)
  assert.deepEqual(started, ['a'])
  await finish('a')
  queue.add('b')
  await queue.stop()
  await clock.advance(5)
  assert.deepEqual(started, ['a'])
  assert.equal(clock.pending, 0)
})

test('no more keys are in work than allowed, and they begin in order', async () => {
  const { clock, queue, started, finish } = open()
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key)
  await clock.advance(0)
  assert.deepEqual(started, ['a', 'b'])
  await finish('b')
  assert.deepEqual(started, ['a', 'b', 'c'])
  await finish('a')
  assert.deepEqual(started, ['a', 'b', 'c', 'd'])
})

test('single changes pass bulk work, but do not starve it', async () => {
  const { clock, queue, started, finish } = open({ concurrency: 1 })
  for (let i = 0; i < 3; i += 1) queue.add(`bulk${i}`, 'bulk')
  for (let i = 0; i < 20; i += 1) queue.add(`change${i}`)
  // What waits as bulk work and then changes is a change.
  queue.add('bulk2')
  await clock.advance(0)
  while (started.length < 23) await finish(started.at(-1)!)
  assert.deepEqual(
    started.slice(0, 8),
    Array.from({ length: 8 }, (_, i) => `change${i}`),
  )
  assert.equal(started[8], 'bulk0')
  assert.equal(started[17], 'bulk1')
  assert.equal(started.filter((key) => key === 'bulk2').length, 1)
})

test('a failing key waits longer each time, and success forgets that', async () => {
  const { clock, queue, started, finish } = open()
  queue.add('a')
  await clock.advance(0)
  const waits: number[] = []
  for (let i = 0; i < 16; i += 1) {
    const before = started.length
    await finish('a', { again: 'later' })
    const startMs = clock.now()
    while (started.length === before) await clock.advance(Math.max(1, Math.floor((clock.now() - startMs) / 20)))
    waits.push(clock.now() - startMs)
  }
  assert.ok(waits[0]! <= 8, String(waits))
  assert.ok(waits[6]! > 200 && waits[6]! < 600, String(waits))
  assert.ok(waits.at(-1)! >= 60_000 && waits.at(-1)! < 100_000, String(waits))
  await finish('a')
  queue.add('a')
  await clock.advance(0)
  await finish('a', { again: 'later' })
  await clock.advance(8)
  assert.equal(started.length, 19)
})

test('work that throws counts as failed', async () => {
  const clock = createVirtualClock(0)
  let tries = 0
  const queue = createWorkQueue({
    clock,
    random: seededRandom(1),
    log: silentLog,
    work: async () => {
      tries += 1
      if (tries < 3) throw new Error('no')
      return done
    },
  })
  queue.add('a')
  await clock.runUntilIdle()
  assert.equal(tries, 3)
})

test('a deadline wakes its key once; a later outcome replaces it', async () => {
  const { clock, queue, started, finish } = open()
  queue.add('a')
  await clock.advance(0)
  await finish('a', { again: 'at', at: 1_000 })
  assert.equal(clock.pending, 1)
  await clock.advance(999)
  assert.equal(started.length, 1)
  queue.add('a')
  await clock.advance(0)
  await finish('a', { again: 'at', at: 5_000 })
  await clock.advance(3_000)
  assert.equal(started.length, 2)
  await clock.advance(2_000)
  assert.equal(started.length, 3)
  await finish('a')
  assert.equal(clock.pending, 0)
})

test('a plan that wants to be woken in the past does not stop time', async () => {
  const { clock, queue, started, finish } = open()
  queue.add('a')
  await clock.advance(0)
  for (let i = 0; i < 5; i += 1) {
    await finish('a', { again: 'at', at: -5 })
    await clock.advance(1)
  }
  assert.equal(started.length, 6)
})

test('a time that is none counts as a failure, and keeps no other key waiting', async () => {
  const { clock, queue, started, finish } = open()
  queue.add('a')
  queue.add('b')
  await clock.advance(0)
  await finish('a', { again: 'at', at: Number.NaN })
  await finish('b', { again: 'at', at: 1_000 })
  await clock.advance(100)
  assert.deepEqual(started, ['a', 'b', 'a'])
  await finish('a')
  await clock.advance(900)
  assert.deepEqual(started, ['a', 'b', 'a', 'b'])
})

test('stopping takes no more keys and waits for those in work', async () => {
  const { clock, queue, started, finish } = open({ concurrency: 1 })
  queue.add('a')
  queue.add('b')
  await clock.advance(0)
  let stopped = false
  const stopping = queue.stop().then(() => (stopped = true))
  await clock.advance(0)
  assert.equal(stopped, false)
  queue.add('c')
  await finish('a', { again: 'later' })
  await stopping
  assert.deepEqual(started, ['a'])
  assert.equal(clock.pending, 0)
})

test('whatever happens, no key is worked on twice at once, and none that was added is forgotten', async () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const action = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('add' as const), key, lane: fc.constantFrom('change' as const, 'bulk' as const) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('finish' as const),
        which: fc.nat(5),
        again: fc.constantFrom('at' as const, 'now' as const, 'later' as const),
        inMs: fc.nat(50),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(100) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (actions, concurrency) => {
      const { clock, queue, started, inWork, finish } = open({ concurrency })
      const addedAt = new Map<string, number>()
      const lastStart = (name: string) => started.lastIndexOf(name)
      for (const action of actions) {
        if (action.do === 'add') {
          queue.add(action.key, action.lane)
          addedAt.set(action.key, started.length)
          await clock.advance(0)
        } else if (action.do === 'advance') await clock.advance(action.ms)
        else {
          const name = [...inWork.keys()][action.which % Math.max(1, inWork.size)]
          if (name === undefined) continue
          await finish(name, action.again === 'at' ? { again: 'at', at: clock.now() + action.inMs } : { again: action.again })
        }
        assert.ok(inWork.size <= concurrency)
      }
      // Let everything come to its end.
      for (let turns = 0; turns < 200 && !(queue.isIdle && clock.pending === 0); turns += 1) {
        for (const name of [...inWork.keys()]) await finish(name)
        await clock.advance(60_000)
      }
      assert.ok(queue.isIdle)
      for (const [name, at] of addedAt) assert.ok(lastStart(name) >= at, `${name} was added after its last look`)
    }),
    { numRuns: 200 },
  )
})

test('a queue tells how long keys wait and are worked on, and how often their work failed', async () => {
  const registry = createRegistry()
  const metrics = createWorkQueueMetrics(registry)
  const { clock, queue, finish } = open({ concurrency: 1, metrics: (inWork) => metrics('q', inWork) })
  const value = (name: string) => Number(new RegExp(`^workqueue_${name}\\{name="q"\\} (\\S+)$`, 'm').exec(registry.text())?.[1])
  queue.add('a')
  queue.add('a')
  queue.add('b')
  await clock.advance(2000)
  assert.deepEqual(['adds_total', 'depth', 'unfinished_work_seconds'].map(value), [2, 1, 2])
  await finish('a', { again: 'later' })
  assert.deepEqual(['depth', 'retries_total', 'work_duration_seconds_sum', 'queue_duration_seconds_sum'].map(value), [0, 1, 2, 2])
  await finish('b')
  assert.equal(value('unfinished_work_seconds'), 0)
})
