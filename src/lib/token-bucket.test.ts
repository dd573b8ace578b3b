import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { createTokenBucket } from './token-bucket.ts'

test('a burst goes through at once, what follows at the rate, and a rest fills the bucket again', async () => {
  const clock = createVirtualClock(0)
  const bucket = createTokenBucket({ perSecond: 4, burst: 2 }, clock)
  const times: number[] = []
  const ask = async () => {
    await bucket.taken()
    times.push(clock.now())
  }
  for (let i = 0; i < 4; i += 1) void ask()
  await clock.advance(10_000)
  assert.deepEqual(times, [0, 0, 250, 500])
  for (let i = 0; i < 3; i += 1) void ask()
  await clock.advance(1_000)
  assert.deepEqual(times.slice(4), [10_000, 10_000, 10_250])
})

test('a bucket that holds nothing still lets one through at a time', () => {
  const clock = createVirtualClock(0)
  const bucket = createTokenBucket({ perSecond: 1, burst: 0 }, clock)
  assert.equal(bucket.take(), 0)
  assert.equal(bucket.take(), 1_000)
})

test('a wait that is called off takes nothing', async () => {
  const clock = createVirtualClock(0)
  const bucket = createTokenBucket({ perSecond: 1, burst: 1 }, clock)
  await bucket.taken()
  const asked = new AbortController()
  const waiting = bucket.taken(asked.signal)
  asked.abort(new Error('no longer'))
  await assert.rejects(waiting, /no longer/)
  await clock.advance(1_000)
  assert.equal(bucket.take(), 0)
})
