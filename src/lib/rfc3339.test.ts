import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rfc3339, rfc3339Micro } from './rfc3339.ts'

check(0, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000000Z')
check(1_767_225_600_999, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.999000Z')
check(-1, '1969-12-31T23:59:59Z', '1969-12-31T23:59:59.999000Z')

function check(at: number, seconds: string, micro: string): void {
  test(`the instant ${at}`, () => {
    assert.equal(rfc3339(at), seconds)
    assert.equal(rfc3339Micro(at), micro)
  })
}
