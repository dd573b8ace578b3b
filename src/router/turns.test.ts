import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '#lib/clock.ts'
import { atOnce, inTurns, type Steps } from './turns.ts'

/** Ten steps of 4 ms each. */
function* work(spend: () => void): Steps<string> {
  for (let step = 0; step < 10; step += 1) {
    spend()
    yield
  }
  return 'done'
}

test('long work lets others have their turn, and comes to the same', async () => {
  let nowMs = 0
  let turns = 0
  const clock: Clock = {
    now: () => 0,
    monotonicMs: () => nowMs,
    schedule(_at, run) {
      turns += 1
      setImmediate(run)
      return () => {}
    },
  }
  const steps = () => work(() => void (nowMs += 4))
  assert.equal(await inTurns(steps(), clock), 'done')
  assert.equal(turns, 3, 'of 12 ms each, and the last step ends it')
  assert.equal(atOnce(steps()), 'done')
  assert.equal(turns, 3)
})

test('what fails, fails', async () => {
  const failing = function* (): Steps<never> {
    yield
    throw new Error('no')
  }
  const clock: Clock = { now: () => 0, monotonicMs: () => 0, schedule: () => () => {} }
  await assert.rejects(inTurns(failing(), clock), /no/)
})
