import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePodRanges } from './pod-ranges.ts'

check('10.244.0.0/16', ['10.244.0.0/16'])
check('10.244.3.7/16', ['10.244.0.0/16'])
check('fd00:10:244::/56, 10.244.0.0/16', ['fd00:10:244::/56', '10.244.0.0/16'])
check('10.244.0.0/24', ['10.244.0.0/24'])
check('10.244.0.0/25', /less than the \/24 that each node takes/)
check('fd00::/65', /less than the \/64/)
check('10.0.0.0/7', /too large; it takes \/8/)
check('fd00::/40', /too large; it takes \/48/)
check('10.244.0.0/16,10.245.0.0/16', /different families/)
check('10.244.0.0/16,fd00::/56,fd01::/56', /one range, or two/)
check('', /"" is no range/)

function check(text: string, expected: readonly string[] | RegExp): void {
  test(`pod ranges "${text}"`, () => {
    if (expected instanceof RegExp) assert.throws(() => parsePodRanges(text, 'podCIDR'), expected)
    else assert.deepEqual(parsePodRanges(text, 'podCIDR'), expected)
  })
}
