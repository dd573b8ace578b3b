import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '#lib/clock.ts'
import { createVirtualClock } from './clock.ts'

test('time passes only when moved, and runs what is due in order', async () => {
  const clock = createVirtualClock(1_000)
  const seen: string[] = []
  clock.schedule(1_020, () => seen.push(`b ${clock.now()}`))
  clock.schedule(1_010, () => seen.push(`a ${clock.now()}`))
  clock.schedule(1_020, () => seen.push(`c ${clock.now()}`))
  clock.schedule(Infinity, () => seen.push('never'))
  const forget = clock.schedule(1_015, () => seen.push('forgotten'))
  forget()
  await clock.advance(9)
  assert.deepEqual(seen, [])
  await clock.advance(50)
  assert.deepEqual(seen, ['a 1010', 'b 1020', 'c 1020'])
  assert.deepEqual([clock.now(), clock.monotonicMs()], [1_059, 59])
})

test('what follows from a deadline happens before the next one', async () => {
  const clock = createVirtualClock(0)
  const seen: string[] = []
  const steps = async () => {
    for (let i = 0; i < 3; i += 1) {
      await sleep(clock, 10)
      seen.push(`step ${clock.now()}`)
    }
  }
  clock.schedule(15, () => seen.push('between'))
  void steps()
  assert.equal(await clock.runUntilIdle(), true)
  assert.deepEqual(seen, ['step 10', 'between', 'step 20', 'step 30'])
})

test('running until idle gives up on what never ends', async () => {
  const clock = createVirtualClock(0)
  const renew = () => clock.schedule(clock.now() + 10, renew)
  renew()
  assert.equal(await clock.runUntilIdle(1_000), false)
  assert.equal(clock.now(), 1_000)
})
