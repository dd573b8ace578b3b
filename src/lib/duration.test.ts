import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { durationMs, formatDuration, formatDurationMs, parseDuration } from './duration.ts'

test('durations in text', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['0', 0, '0s'],
    ['1m30s', 90_000, '1m30s'],
    ['90s', 90_000, '1m30s'],
    ['1.5h', 5_400_000, '1h30m0s'],
    ['100ms', 100, '100ms'],
    ['-2s', -2000, '-2s'],
    ['1us', 0.001, '1µs'],
    ['.5s', 500, '500ms'],
  ]
  for (const [text, ms, canonical] of cases) {
    assert.equal(durationMs(text), ms, text)
    assert.equal(formatDuration(parseDuration(text)), canonical)
  }
  assert.equal(formatDurationMs(1500), '1.5s')
})

test('what is no duration says why', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'time: invalid duration ""'],
    ['x', 'time: invalid duration "x"'],
    ['5', 'time: missing unit in duration "5"'],
    ['5y', 'time: unknown unit "y" in duration "5y"'],
    // Read in one go, however long.
    ['1'.repeat(60_000), `time: missing unit in duration "${'1'.repeat(60_000)}"`],
  ]
  for (const [text, message] of cases) assert.throws(() => parseDuration(text), { name: 'RangeError', message })
})

test('a duration survives its text', () => {
  fc.assert(fc.property(fc.bigInt(-(2n ** 62n), 2n ** 62n), (ns) => assert.equal(parseDuration(formatDuration(ns)), ns)))
})
