import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { collectWhenCalm, ownGarbage } from './collect-garbage.ts'

test('memory is given back once after a burst, and only where it is worth it', async () => {
  const clock = createVirtualClock(0)
  const collected: number[] = []
  let megabytes = 50
  const garbage = collectWhenCalm({
    clock,
    heapBytes: () => megabytes << 20,
    collect() {
      collected.push(clock.now())
      megabytes = 30
    },
  })
  for (const _ of Array.from({ length: 10 })) {
    garbage.happened()
    await clock.advance(1_000)
  }
  assert.deepEqual(collected, [])
  await clock.advance(60_000)
  assert.deepEqual([collected, clock.pending], [[14_000], 0])

  megabytes = 33
  garbage.happened()
  await clock.advance(60_000)
  assert.deepEqual([collected.length, clock.pending], [1, 0])

  megabytes = 34
  garbage.happened()
  garbage.stop()
  await clock.advance(60_000)
  assert.equal(collected.length, 1)
})

test('this process can give memory back', () => {
  const { heapBytes, collect } = ownGarbage()
  let kept: unknown[] = Array.from({ length: 400_000 }, (_, index) => ({ index }))
  const before = heapBytes()
  assert.equal(kept.length, 400_000)
  kept = []
  collect()
  assert.ok(heapBytes() < before - (4 << 20), `${before} bytes before, ${heapBytes()} after`)
})
