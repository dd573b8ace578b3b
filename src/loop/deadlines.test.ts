import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createVirtualClock } from '#sim/clock.ts'
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
