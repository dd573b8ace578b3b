import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podAddresses } from './pod-addresses.ts'

check(['10.1.0.2'], ['192.0.2.1'], ['10.1.0.2'])
check(['fd00::2', '10.1.0.2'], ['192.0.2.1', '2001:db8::1'], ['10.1.0.2', 'fd00::2'])
check(['10.1.0.2', 'fd00::2'], ['2001:db8::1', '192.0.2.1'], ['fd00::2', '10.1.0.2'])
check(['10.1.0.2', '10.1.0.3', 'fd00::2'], ['192.0.2.1'], ['10.1.0.2', 'fd00::2'])
check(['fd00::2'], [], ['fd00::2'])
check([], ['192.0.2.1'], [])

function check(ips: readonly string[], nodeAddresses: readonly string[], expected: readonly string[]): void {
  test(`${ips.join(', ') || 'none'} on a node with ${nodeAddresses.join(', ') || 'none'}`, () =>
    assert.deepEqual(podAddresses(ips, nodeAddresses), expected))
}
