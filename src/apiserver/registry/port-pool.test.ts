import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portPool } from './port-pool.ts'

/** What a dry write shows in place of a port that it leaves open, after it got these. */
function check(given: readonly string[], want: string): void {
  test(`a dry write that got ${given.join(', ') || 'none'} is shown ${want}`, () => {
    const values = portPool(30_000, 32_767).dryRun.values()
    for (const value of given) values.got(value)
    assert.equal(values.pick(), want)
  })
}

check([], '32769')
check(['30005'], '30006')
check(['40000', '7'], '40001')
