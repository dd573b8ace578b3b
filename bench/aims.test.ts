import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aims, judge } from './aims.ts'
import type { Row } from './figure.ts'
import { aimsTable } from './table.ts'

const row = (figure: string, value: number, beside: Row['beside'] = {}): Row => ({ figure, value, unit: '/s', better: 'more', beside })

const leases = 'update Lease, 64 clients'
const watches = 'delivery to 1,000 watches, 200 writes/s: p99'

test('a ratio needs a reference, a bound of our own does not', () => {
  const rows = [row(leases, 6_000, { serverCpuMs: 0.2 }), row(watches, 300, { keptWatches: 1_000, lost: 0 })]
  assert.deepEqual(
    judge(rows).map(({ name, isMet }) => [name.trim(), isMet]),
    [
      ['1,000 watches × 200 writes/s, kept', true],
      ['events lost', true],
      ['delay, p99', true],
    ],
  )
  assert.deepEqual(
    judge(rows, [row(leases, 2_000, { serverCpuMs: 0.5 })]).map(({ isMet }) => isMet),
    [true, false, true, true, true],
  )
  // The reference was asked and gave no answer: that is said, and counts as nothing.
  assert.deepEqual(
    judge(rows, []).map(({ isMet }) => isMet),
    [undefined, undefined, true, true, true],
  )
})

test('the bound itself is met, on either side of it not', () => {
  const check = (ours: number, isMet: boolean): void =>
    assert.equal(judge([row(leases, ours)], [row(leases, 1_000)])[0]!.isMet, isMet, `${ours}`)
  check(3_000, true)
  check(2_999, false)
  const lost = (count: number) => judge([row(watches, 300, { lost: count })]).find(({ beside }) => beside === 'lost')!.isMet
  assert.equal(lost(0), true)
  assert.equal(lost(1), false)
})

test('each aim has one bound, and says so in the table', () => {
  for (const { name, least, most } of aims) assert.notEqual(least === undefined, most === undefined, name)
  const judged = judge([row(leases, 6_000, { serverCpuMs: 0.0421 })], [row(leases, 1_000, { serverCpuMs: 0.08 })])
  const lines = aimsTable(judged).split('\n')
  assert.match(lines[1]!, /^update Lease, 64 clients\s+6,000 \/s\s+1,000 \/s\s+6\.00\s+≥ 3\s+met$/)
  assert.match(lines[2]!, /^ {2}its processor time\s+0\.042 ms\s+0\.080 ms\s+0\.53\s+≤ 0\.3\s+NOT MET$/)
  assert.equal(lines[3], '1 of 2 aims met')
})
