import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalizeMicroTime, normalizeTime } from './times.ts'

function check(text: string, expected: string | RegExp): void {
  test(`a time ${text}`, () => {
    if (typeof expected === 'string') assert.equal(normalizeTime(text), expected)
    else assert.throws(() => normalizeTime(text), expected)
  })
}

check('2025-12-31T23:59:55Z', '2025-12-31T23:59:55Z')
check('2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z')
check('2026-01-31T01:00:00+02:00', '2026-01-30T23:00:00Z')
// Days that there are not are refused, however usual the form.
check('2025-02-29T00:00:00Z', /day out of range/)
check('2025-04-31T00:00:00Z', /day out of range/)
check('2025-01-00T00:00:00Z', /day out of range/)
check('2025-13-01T00:00:00Z', /month out of range/)
check('2025-00-31T00:00:00Z', /month out of range/)

test('a micro time past the 28th', () => {
  assert.equal(normalizeMicroTime('2025-12-31T23:59:55.000001Z'), '2025-12-31T23:59:55.000001Z')
  assert.throws(() => normalizeMicroTime('2025-02-30T23:59:55.000001Z'), /day out of range/)
})
