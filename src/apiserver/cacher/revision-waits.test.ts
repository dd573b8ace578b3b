import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createRevisionWaits } from './revision-waits.ts'

const start = Date.parse('2026-01-01T00:00:00Z')

/** Waits, and what has become of each so far. */
function waiting(wishes: readonly (readonly [revision: number, timeoutMs: number])[]) {
  const clock = createVirtualClock(start)
  const waits = createRevisionWaits(clock)
  const ends = new Map<number, boolean>()
  for (const [index, [revision, timeoutMs]] of wishes.entries()) void waits.until(revision, timeoutMs).then((end) => ends.set(index, end))
  const seen = async () => {
    await Promise.resolve()
    return wishes.map((_, index) => ends.get(index))
  }
  return { clock, waits, seen }
}

test('those who wait for what has come are woken, in whatever order they came', async () => {
  const { waits, seen } = waiting([
    [5, 1_000],
    [3, 1_000],
    [4, Infinity],
    [9, 1_000],
  ])
  waits.advance(2)
  assert.deepEqual(await seen(), [undefined, undefined, undefined, undefined])
  waits.advance(4)
  assert.deepEqual(await seen(), [undefined, true, true, undefined])
  waits.advance(8)
  assert.deepEqual(await seen(), [true, true, true, undefined])
})

test('each wait ends at its own time, and none leaves a timer behind', async () => {
  const { clock, waits, seen } = waiting([
    [5, 3_000],
    [5, 1_000],
    [5, Infinity],
  ])
  await clock.advance(1_000)
  assert.deepEqual(await seen(), [undefined, false, undefined])
  await clock.advance(2_000)
  assert.deepEqual(await seen(), [false, false, undefined])
  waits.advance(5)
  assert.deepEqual(await seen(), [false, false, true])
  assert.equal(clock.pending, 0)
})

test('a clock that is set back makes no wait longer', async () => {
  const clock = createVirtualClock(start)
  const machine = createSimulatedProcess('machine', clock)
  const waits = createRevisionWaits(machine.clock)
  const reached = waits.until(5, 3_000)
  machine.jump(-3_600_000)
  await clock.advance(3_000)
  assert.equal(await Promise.race([reached, Promise.resolve('waits')]), false)
  assert.equal(clock.pending, 0)
})
