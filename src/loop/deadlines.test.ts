import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createDeadlines } from './deadlines.ts'

test('each deadline comes once, at its time and in order, however often it was moved; and one timer serves all', async () => {
  const action = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    inMs: fc.oneof(fc.nat(100), fc.constant(Infinity)),
    passMs: fc.constantFrom(0, 0, 0, 7, 30),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 80 }), async (actions) => {
      const clock = createVirtualClock(0)
      const expected = new Map<string, number>()
      const deadlines = createDeadlines(clock, (name) => {
        assert.equal(expected.get(name), clock.now(), name)
        expected.delete(name)
      })
      for (const { name, inMs, passMs } of actions) {
        deadlines.set(name, clock.now() + inMs)
        if (inMs === Infinity) expected.delete(name)
        else expected.set(name, clock.now() + inMs)
        assert.equal(clock.pending, expected.size === 0 ? 0 : 1)
        assert.equal(deadlines.size, expected.size)
        if (passMs > 0) await clock.advance(passMs)
      }
      await clock.runUntilIdle()
      assert.equal(expected.size, 0)
    }),
    { numRuns: 100 },
  )
})

test('deadlines that are moved without end do not pile up', () => {
  const clock = createVirtualClock(0)
  const deadlines = createDeadlines(clock, () => assert.fail('none is due'))
  for (let i = 0; i < 100_000; i += 1) deadlines.set(`k${i % 10}`, 1_000 + i)
  assert.equal(deadlines.size, 10)
  deadlines.clear()
  assert.equal(clock.pending, 0)
})

test('a clock that is set back makes no rest longer, and one that is set forward brings what is past', async () => {
  const clock = createVirtualClock(0)
  const machine = createSimulatedProcess('machine', clock)
  const came: string[] = []
  const deadlines = createDeadlines(machine.clock, (name) => came.push(`${name} ${clock.now()}`))
  const set = (name: string, inMs: number) => deadlines.set(name, machine.clock.now() + inMs)

  set('rest', 5_000)
  machine.jump(-3_600_000)
  set('later', 6_000)
  await clock.advance(10_000)
  assert.deepEqual(came.splice(0), ['rest 5000', 'later 6000'])

  // What is past by the time of day comes with the next that comes at all.
  set('soon', 1_000)
  set('in an hour', 3_600_000)
  set('in two hours', 7_200_000)
  machine.jump(3_600_000)
  await clock.advance(2_000)
  assert.deepEqual(came.splice(0), ['soon 11000', 'in an hour 11000'])
  await clock.advance(3_598_000)
  assert.deepEqual(came, ['in two hours 3610000'])
})

test('where timers are early and time passes between readings, each deadline comes once and never early', async () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const random = seededRandom(seed)
    const clock = createVirtualClock(0, random.fork('clock'))
    const expected = new Map<string, number>()
    const deadlines = createDeadlines(clock, (name) => {
      assert.ok(expected.get(name)! <= clock.now(), `${name} of seed ${seed}`)
      expected.delete(name)
    })
    for (let i = 0; i < 40; i += 1) {
      const name = `k${random.below(8)}`
      const at = clock.now() + random.below(100)
      deadlines.set(name, at)
      expected.set(name, at)
      if (random.next() < 0.3) await clock.advance(random.below(40))
    }
    await clock.advance(200)
    assert.deepEqual([expected.size, deadlines.size, clock.pending], [0, 0, 0], `seed ${seed}`)
  }
})
