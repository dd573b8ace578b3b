import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { boundedCache } from './bounded-cache.ts'

test('an answer holds for its time and no longer, also by a clock that is set back', async () => {
  const clock = createVirtualClock(0)
  const machine = createSimulatedProcess('machine', clock)
  const cache = boundedCache<string>(machine.clock, 2)
  cache.set('a', 'yes', 1_000)
  await clock.advance(999)
  assert.equal(cache.get('a'), 'yes')
  machine.jump(-3_600_000)
  await clock.advance(1)
  assert.equal(cache.get('a'), undefined)
})

test('the longest unused goes first', () => {
  const cache = boundedCache<number>(createVirtualClock(0), 2)
  cache.set('a', 1, 1_000)
  cache.set('b', 2, 1_000)
  cache.get('a')
  cache.set('c', 3, 1_000)
  assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [1, undefined, 3])
})
