import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMachineRanges, freeIndex, overlap, parseMachineRanges } from './machine-ranges.ts'

check('one range', '10.243.0.0/24', 2, ['10.243.0.2'])
check('one of each family', '10.243.0.0/24,fd00:10:243::/64', 3, ['10.243.0.3', 'fd00:10:243::3'])
check('written by an address within', '10.243.0.77/24', 2, ['10.243.0.2'])
check('over a byte', '10.240.0.0/16', 258, ['10.240.1.2'])
check('the last one', '10.243.0.0/29', 6, ['10.243.0.6'])
check('past the last one', '10.243.0.0/29', 7, [undefined])
check('over a byte of IPv6', '10.240.0.0/16, fd00::/64', 258, ['10.240.1.2', 'fd00::102'])

function check(title: string, text: string, index: number, expected: readonly (string | undefined)[]): void {
  test(title, () =>
    assert.deepEqual(
      parseMachineRanges(text).map((range) => range.address(index)),
      expected,
    ),
  )
}

refused('no range', '10.243.0.0', /"10\.243\.0\.0" is no range such as/)
refused('no room for a node', '10.243.0.0/31', /must be from \/8 to \/30/)
refused('IPv6 alone', 'fd00::/64', /a range of IPv4 first/)
refused('IPv4 twice', '10.0.0.0/24,10.1.0.0/24', /a range of IPv4 first/)
refused('three', '10.0.0.0/24,fd00::/64,fd01::/64', /perhaps one of IPv6 after a comma/)

function refused(title: string, text: string, message: RegExp): void {
  test(title, () => assert.throws(() => parseMachineRanges(text), { code: 'Invalid', message }))
}

test('the first free place', () => {
  const ranges = parseMachineRanges('10.243.0.0/29')
  assert.equal(freeIndex(ranges, []), 2)
  assert.equal(freeIndex(ranges, [2, 3, 5]), 4)
  assert.throws(() => freeIndex(ranges, [2, 3, 4, 5, 6]), { code: 'ServiceUnavailable', message: /all addresses of 10\.243\.0\.0\/29/ })
})

test('ranges that share addresses', () => {
  assert.equal(overlap('10.0.0.0/8', '10.243.0.0/24'), true)
  assert.equal(overlap('10.243.0.0/24', '10.0.0.0/8'), true)
  assert.equal(overlap('10.242.0.0/16', '10.243.0.0/24'), false)
  assert.equal(overlap('0.0.0.0/0', 'fd00::/64'), false)
})

test('ranges that are taken', () => {
  const ranges = parseMachineRanges('10.243.0.0/24')
  const cluster = { podCIDR: '10.244.0.0/16', serviceCIDR: '10.96.0.0/12' }
  const device = (cidr: string) => ({ address: cidr.split('/')[0]!, cidr, netmask: '', family: 'IPv4' as const, mac: '', internal: false })
  checkMachineRanges(ranges, cluster, { eth0: [device('192.0.2.2/24')], 'wherry-nodes': [device('10.243.0.1/24')] })
  assert.throws(() => checkMachineRanges(ranges, cluster, { eth0: [device('10.0.0.7/8')] }), {
    code: 'ServiceUnavailable',
    message: /eth0 .* 10\.0\.0\.7\/8/,
  })
  assert.throws(() => checkMachineRanges(ranges, { ...cluster, podCIDR: '10.0.0.0/8' }, {}), { code: 'Invalid', message: /podCIDR/ })
})
