import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockRanges, formatRange, isEverything } from './address-ranges.ts'

check('a network', [{ cidr: '10.0.0.0/8' }], ['10.0.0.0/8'])
check('bits past the prefix do not count', [{ cidr: '10.1.2.3/8' }], ['10.0.0.0/8'])
check('one address', [{ cidr: '10.0.0.7/32' }], ['10.0.0.7'])
check('an exception inside', [{ cidr: '10.0.0.0/29', except: ['10.0.0.2/32'] }], ['10.0.0.0/31', '10.0.0.3-10.0.0.7'])
check(
  'exceptions at the ends, and one in another',
  [{ cidr: '10.0.0.0/29', except: ['10.0.0.0/31', '10.0.0.0/32', '10.0.0.7/32'] }],
  ['10.0.0.2-10.0.0.6'],
)
check('nothing is left', [{ cidr: '10.0.0.0/31', except: ['10.0.0.0/32', '10.0.0.1/32'] }], [])
check(
  'blocks that overlap and touch are one',
  [{ cidr: '10.0.0.0/25' }, { cidr: '10.0.0.64/26' }, { cidr: '10.0.0.128/25' }],
  ['10.0.0.0/24'],
)
check('what one leaves out another brings in', [{ cidr: '10.0.0.0/30', except: ['10.0.0.1/32'] }, { cidr: '10.0.0.1/32' }], ['10.0.0.0/30'])
check('everything', [{ cidr: '0.0.0.0/0' }], ['0.0.0.0/0'])
check('all but a network', [{ cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] }], ['0.0.0.0-9.255.255.255', '11.0.0.0-255.255.255.255'])
check('no CIDR means nothing', [{ cidr: 'x' }, { cidr: '10.0.0.1' }, { cidr: '10.0.0.0/33' }], [])
check(
  'IPv6',
  [{ cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] }, { cidr: '10.0.0.0/8' }],
  ['2001:db8::/48', '2001:db8:2::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  6,
)
check('IPv6 that holds IPv4 is written as IPv6', [{ cidr: '::ffff:10.0.0.1/128' }], ['0:0:0:0:0:ffff:a00:1'], 6)
check('of the other family nothing', [{ cidr: '2001:db8::/32' }], [])

test('everything is known as such', () => {
  assert.ok(isEverything(blockRanges([{ cidr: '0.0.0.0/1' }, { cidr: '128.0.0.0/1' }], 4), 4))
  assert.ok(isEverything(blockRanges([{ cidr: '::/0' }], 6), 6))
  assert.ok(!isEverything(blockRanges([{ cidr: '::/1' }], 6), 6))
  assert.ok(!isEverything([], 4))
})

function check(name: string, blocks: Parameters<typeof blockRanges>[0], expected: readonly string[], family: 4 | 6 = 4): void {
  test(name, () =>
    assert.deepEqual(
      blockRanges(blocks, family).map((range) => formatRange(range, family)),
      expected,
    ),
  )
}
