import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hardwareAddress, hidingRules, insideLines } from './machine-network.ts'
import { parseMachineRanges } from './machine-ranges.ts'

const both = parseMachineRanges('10.243.0.0/24,fd00:10:243::/64')
const machine = { name: 'n', index: 2, addresses: ['10.243.0.2', 'fd00:10:243::2'], isLeaving: false }

test('nodes are hidden from the world, and from nobody in the cluster', () => {
  const text = hidingRules(both)
  assert.match(text, /ip saddr 10\.243\.0\.0\/24 oifname != "wherry\*" masquerade/)
  assert.match(text, /ip6 saddr fd00:10:243::\/64 oifname != "wherry\*" masquerade/)
  assert.doesNotMatch(hidingRules(both.slice(0, 1)), /ip6/)
})

test('inside: addresses before the routes that need them', () =>
  assert.equal(
    insideLines(machine, both, 1400),
    `link set dev lo up
link set dev eth0 mtu 1400
address replace 10.243.0.2/24 dev eth0
address replace fd00:10:243::2/64 dev eth0 nodad
link set dev eth0 up
route replace 0.0.0.0/0 via 10.243.0.1 dev eth0
route replace ::/0 via fd00:10:243::1 dev eth0
`,
  ))

test('a machine that lost IPv6 has its nodes without', () => assert.doesNotMatch(insideLines(machine, both.slice(0, 1), 1500), /fd00|::/))

test('a hardware address is that of the address, and nobody’s', () => {
  assert.equal(hardwareAddress(machine), '02:57:0a:f3:00:02')
  assert.equal(Number.parseInt(hardwareAddress(machine).slice(0, 2), 16) & 0b11, 0b10, 'of one device, given out here')
})
