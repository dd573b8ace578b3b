import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row } from './figure.ts'
import { median, quantiles } from './support/statistics.ts'
import { table } from './table.ts'

const row: Row = { figure: 'writes', value: 1_500, unit: '/s', better: 'more', beside: { p99Ms: 3.149, lost: 0 } }

test('a ratio says how many times better, whichever way is good', () => {
  const delay: Row = { ...row, figure: 'delay', value: 2, unit: 'ms', better: 'less', beside: {} }
  const lines = table(
    [row, delay],
    [
      { ...delay, value: 8 },
      { ...row, value: 1_000, beside: { p99Ms: 9, lost: 3 } },
    ],
  ).split('\n')
  assert.match(lines[1]!, /^writes\s+1,500 \/s\s+1,000 \/s\s+1\.50×\s+p99 3\.15 \(9\) ms, lost 0 \(3\)$/)
  assert.match(lines[2]!, /^delay\s+2\.00 ms\s+8\.00 ms\s+4\.00×$/)
})

test('without a reference there is no ratio', () => {
  assert.doesNotMatch(table([row]), /×/)
})

test('order statistics by the nearest rank', () => {
  const sample = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.deepEqual(quantiles(sample), { p50: 50, p99: 99, max: 100 })
  assert.equal(median([3, 1, 2]), 2)
  assert.ok(Number.isNaN(median([])))
})
