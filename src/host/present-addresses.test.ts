import assert from 'node:assert/strict'
import type { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { missingAddresses, withPresentAddresses } from './present-addresses.ts'

check('192.0.2.1', { eth0: ['192.0.2.1'] }, '192.0.2.1')
check('192.0.2.1', { eth0: ['192.0.2.9', 'fd00::9'] }, '192.0.2.9')
check('192.0.2.1,fd00::1', { eth0: ['192.0.2.1', 'fd00::9'] }, '192.0.2.1,fd00::9')
// What our tunnel repeats is no address of the machine.
check('192.0.2.1', { eth0: ['192.0.2.9'], 'wherry-vxlan': ['192.0.2.1'] }, '192.0.2.9')
check('192.0.2.1', { docker0: ['192.0.2.1'] }, '192.0.2.1')
// Nowhere else to be: it may come back.
check('192.0.2.1', { eth0: [] }, '192.0.2.1', ['192.0.2.1'])
check('192.0.2.1', { eth0: ['fd00::9'], docker0: ['172.17.0.1'] }, '192.0.2.1', ['192.0.2.1'])
check('127.0.0.1', { lo: ['127.0.0.1'], eth0: ['192.0.2.9'] }, '127.0.0.1')

function check(
  nodeAddress: string,
  devices: Readonly<Record<string, readonly string[]>>,
  expected: string,
  missing: readonly string[] = [],
): void {
  test(`${nodeAddress} on a machine with ${JSON.stringify(devices)}`, () => {
    const interfaces = Object.fromEntries(
      Object.entries(devices).map(([name, all]) => [
        name,
        all.map((address) => ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4', internal: name === 'lo' })),
      ]),
    ) as ReturnType<typeof networkInterfaces>
    const config = withPresentAddresses({ nodeAddress }, interfaces)
    assert.equal(config.nodeAddress, expected)
    assert.deepEqual(missingAddresses(config, interfaces), missing)
  })
}
