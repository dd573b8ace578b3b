import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '#lib/clock.ts'
import { seededRandom } from '#lib/random.ts'
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

test('a restless clock never goes back, brings deadlines at most a millisecond early, and is the same for the same seed', async () => {
  const life = async (seed: number): Promise<readonly number[]> => {
    const clock = createVirtualClock(0, seededRandom(seed))
    const came: number[] = []
    for (let at = 10; at <= 2_000; at += 10)
      clock.schedule(at, () => {
        came.push(clock.now())
        for (let reading = 0; reading < 5; reading += 1) assert.ok(clock.monotonicMs() <= clock.now())
      })
    await clock.advance(2_100)
    return came
  }
  const came = await life(1)
  const early = came.filter((now, index) => now < (index + 1) * 10).length
  const late = came.filter((now, index) => now > (index + 1) * 10).length
  assert.ok(early > 50 && late > 5, `${early} early, ${late} late`)
  for (const [index, now] of came.entries()) assert.ok(now >= (index + 1) * 10 - 1 && now < (index + 1) * 10 + 10, `${now} of ${index}`)
  assert.deepEqual(came, await life(1))
  assert.notDeepEqual(came, await life(2))
})
