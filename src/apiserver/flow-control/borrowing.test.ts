import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allocate } from './allocation.ts'
import { adjustSeats, type Borrower } from './borrowing.ts'
import { createRetryAfter } from './retry-after.ts'
import { createSeatDemandMeter } from './seat-demand.ts'

function borrower(nominalSeats: number, lent: number, borrowed: number, isExempt = false): Borrower {
  return {
    level: { isExempt, nominalSeats, minSeats: nominalSeats - lent, maxSeats: nominalSeats + borrowed },
    demand: createSeatDemandMeter(0),
    currentSeats: nominalSeats,
  }
}

test('a busy level borrows what an idle one lends, and gives it back', () => {
  const idle = borrower(50, 40, 50)
  const busy = borrower(50, 0, 50)
  busy.demand.set(0, 200)
  adjustSeats([idle, busy], 10_000)
  assert.deepEqual([idle.currentSeats, busy.currentSeats], [10, 90])
  idle.demand.set(10_000, 100)
  busy.demand.set(10_000, 5)
  adjustSeats([idle, busy], 20_000)
  assert.ok(idle.currentSeats >= 50, `${idle.currentSeats}`)
})

test('what is exempt takes first, and the others never fall below what they keep', () => {
  const exempt = borrower(0, 0, 100, true)
  const other = borrower(100, 60, 0)
  exempt.demand.set(0, 90)
  adjustSeats([exempt, other], 10_000)
  assert.deepEqual([exempt.currentSeats, other.currentSeats], [90, 40])
})

test('shares fit the total and their bounds, whatever is wanted', () => {
  const claim = fc
    .tuple(fc.nat(50), fc.nat(50), fc.nat(200))
    .map(([low, more, wanted]) => ({ lowerBound: low, upperBound: low + more, target: Math.max(low, wanted) }))
  fc.assert(
    fc.property(fc.array(claim, { minLength: 1, maxLength: 8 }), fc.double({ min: 0, max: 1, noNaN: true }), (claims, part) => {
      const low = claims.reduce((sum, { lowerBound }) => sum + lowerBound, 0)
      const high = claims.reduce((sum, { upperBound }) => sum + upperBound, 0)
      const total = Math.round(low + (high - low) * part)
      const seats = allocate(total, claims)!
      assert.ok(Math.abs(seats.reduce((sum, each) => sum + each, 0) - total) < 1e-3, `${seats} for ${total}`)
      for (const [i, { lowerBound, upperBound }] of claims.entries())
        assert.ok(seats[i]! >= lowerBound - 1e-6 && seats[i]! <= upperBound + 1e-6)
    }),
  )
  assert.equal(allocate(1, [{ lowerBound: 2, upperBound: 3, target: 2 }]), undefined)
})

test('the wait that refused clients are told grows while many are refused, and shrinks again', () => {
  const retry = createRetryAfter()
  const refuse = (second: number, times: number): number => {
    let told = 0
    for (let i = 0; i < times; i += 1) told = retry.refused(second * 1000)
    return told
  }
  assert.equal(refuse(100, 1), 1)
  for (let second = 101; second < 200; second += 1) refuse(second, 200)
  assert.equal(refuse(200, 1), 32)
  for (let second = 300; second < 500; second += 5) refuse(second, 1)
  assert.equal(refuse(500, 1), 1)
})
