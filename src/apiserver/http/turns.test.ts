import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeTurns } from './turns.ts'

test('a turn is taken after a millisecond, and the next slice begins when it is over', async () => {
  let at = 0
  const turns = takeTurns({ monotonicMs: () => at })
  assert.equal(turns(), undefined)
  at = 0.9
  assert.equal(turns(), undefined)
  at = 1
  const turn = turns()
  assert.ok(turn !== undefined)
  at = 5
  await turn
  assert.equal(turns(), undefined)
  at = 6
  assert.ok(turns() !== undefined)
})

test('others run in between, also by a clock that stands still', async () => {
  const turns = takeTurns({ monotonicMs: () => 0 })
  let others = 0
  setImmediate(() => {
    others += 1
  })
  let waited = 0
  for (let i = 0; i < 1_000; i += 1) {
    const turn = turns()
    if (turn === undefined) continue
    waited += 1
    await turn
  }
  assert.ok(waited >= 4)
  assert.equal(others, 1)
})
