import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Node } from '#api/core/v1/node.ts'
import { show, World } from '../testing/world.ts'
import { nodeIpamController } from './controller.ts'
import type { AddressPlan } from './plan.ts'

const plan: AddressPlan = [{ clusterCidr: '10.244.0.0/16', nodeBits: 24 }]
const both: AddressPlan = [...plan, { clusterCidr: 'fd00:10:244::/56', nodeBits: 64 }]

check('gives the lowest free networks', ['', ''], ['10.244.0.0/24', '10.244.1.0/24'])
check('fills gaps, and keeps what is there', ['', '10.244.0.0/24', '10.244.2.0/24'], ['10.244.1.0/24', '10.244.0.0/24', '10.244.2.0/24'])
check('goes around networks given by hand', ['', '10.244.0.0/22'], ['10.244.4.0/24', '10.244.0.0/22'])
check('networks elsewhere are in nobody’s way', ['', '192.168.0.0/24', 'fd00::/64'], ['10.244.0.0/24', '192.168.0.0/24', 'fd00::/64'])
check(
  'one network of each family',
  ['', '10.244.0.0/24,fd00:10:244::/64', ''],
  ['10.244.1.0/24,fd00:10:244:1::/64', '10.244.0.0/24,fd00:10:244::/64', '10.244.2.0/24,fd00:10:244:2::/64'],
  both,
)
check('IPv6 alone', ['', 'fd00:10:244::/62'], ['fd00:10:244:4::/64', 'fd00:10:244::/62'], both.slice(1))
check('IPv6 first', [''], ['fd00:10:244::/64,10.244.0.0/24'], both.toReversed())
check('a range within which the cluster’s lies leaves nothing', ['', '10.0.0.0/8'], [undefined, '10.0.0.0/8'])
check('a node that has one family keeps that', ['10.244.0.0/24', ''], ['10.244.0.0/24', '10.244.1.0/24,fd00:10:244::/64'], both)
check(
  'of a family that is used up nobody gets half',
  ['', ''],
  ['10.244.0.0/24,fd00::/64', undefined],
  [...plan, { clusterCidr: 'fd00::/64', nodeBits: 64 }],
)

test('says when there are no more', () => {
  const world = given(['', ''])
  world.pass(nodeIpamController([{ clusterCidr: '10.244.0.0/24', nodeBits: 24 }]), 'all')
  assert.deepEqual(world.events.map(show), ['event Normal CIDRNotAvailable Node n1 status is now: CIDRNotAvailable'])
  assert.equal(world.get(Node, 'n1')!.spec.podCIDR, undefined)
})

test('never gives a network twice, however nodes come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ come: fc.nat(4), go: fc.nat(3) }), { maxLength: 10 }), (steps) => {
      const world = new World()
      let next = 0
      for (const { come, go } of steps) {
        for (let i = 0; i < come; i += 1) world.put(Node, { metadata: { name: `n${(next += 1)}` }, spec: {}, status: {} })
        for (const node of world.list(Node).slice(0, go)) world.remove(Node, node)
        world.settle([nodeIpamController(both)])
        const given = world.list(Node).flatMap(({ spec }) => spec.podCIDRs!)
        assert.equal(new Set(given).size, given.length)
        assert.ok(given.every((cidr, at) => cidr.startsWith(at % 2 === 0 ? '10.244.' : 'fd00:10:244:')))
      }
    }),
  )
})

function given(cidrs: readonly string[]): World {
  const world = new World()
  for (const [at, text] of cidrs.entries()) {
    const podCIDRs = text.split(',')
    world.put(Node, { metadata: { name: `n${at}` }, spec: text === '' ? {} : { podCIDR: podCIDRs[0]!, podCIDRs }, status: {} })
  }
  return world
}

function check(name: string, before: readonly string[], expected: readonly (string | undefined)[], addresses = plan): void {
  test(name, () => {
    const world = given(before)
    // What lacks a network is told of at each look.
    if (expected.includes(undefined)) world.pass(nodeIpamController(addresses), 'all')
    else world.settle([nodeIpamController(addresses)])
    assert.deepEqual(
      world.list(Node).map(({ spec }) => spec.podCIDRs?.join()),
      expected,
    )
    for (const { spec } of world.list(Node)) assert.equal(spec.podCIDR, spec.podCIDRs?.[0])
  })
}
