import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstAddress, parseServiceRanges } from './service-ranges.ts'

check('10.96.0.0/12', ['10.96.0.0/12'])
check('fd00:10:96::/112', ['fd00:10:96::/112'])
check('10.96.1.7/12, FD00::7/64', ['10.96.0.0/12', 'fd00::/64'])
check('fd00::/64,10.96.0.0/29', ['fd00::/64', '10.96.0.0/29'])
check('10.96.0.0', /"10\.96\.0\.0" is no range/)
check('', /"" is no range/)
check('10.96.0.0/12,', /"" is no range/)
check('10.96.0.0/12,10.0.0.0/12', /must be of different families/)
check('10.96.0.0/12,fd00::/64,fd01::/64', /it takes one range, or two/)
check('10.96.0.0/30', /has fewer than 8 addresses; give \/29 or more/)
check('fd00::/126', /has fewer than 8 addresses; give \/125 or more/)
check('fd00::/48', /too large; of IPv6 it takes \/64 or less/)

test('the first address is the one after the network', () => {
  assert.deepEqual(['10.96.0.0/12', '10.0.0.8/29', 'fd00::/64'].map(firstAddress), ['10.96.0.1', '10.0.0.9', 'fd00::1'])
})

function check(text: string, wanted: readonly string[] | RegExp): void {
  test(`"${text}"`, () => {
    if (wanted instanceof RegExp) assert.throws(() => parseServiceRanges(text, 'x'), { code: 'Invalid', message: wanted })
    else assert.deepEqual(parseServiceRanges(text, 'x'), wanted)
  })
}
