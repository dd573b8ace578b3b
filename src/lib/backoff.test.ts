import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoff } from './backoff.ts'

const options = { initialMs: 100, factor: 2, maxMs: 1000, jitter: 0.1 }

test('waits grow, stop growing, and vary within the jitter', () => {
  const least = { next: () => 0 }
  const most = { next: () => 1 }
  assert.deepEqual(
    [0, 1, 2, 3, 4, 400, 4000].map((attempt) => backoff(options, attempt, least)),
    [100, 200, 400, 800, 1000, 1000, 1000],
  )
  assert.ok(Math.abs(backoff(options, 0, most) - 110) < 1e-9)
  assert.equal(backoff(options, -1, least), 100)
})
