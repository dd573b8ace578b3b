import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Node } from '#api/core/v1/node.ts'
import { show, World } from '../testing/world.ts'
import { nodeIpamController } from './controller.ts'

const plan = { clusterCidr: '10.244.0.0/16', nodeBits: 24 }

check('gives the lowest free networks', ['', ''], ['10.244.0.0/24', '10.244.1.0/24'])
check('fills gaps, and keeps what is there', ['', '10.244.0.0/24', '10.244.2.0/24'], ['10.244.1.0/24', '10.244.0.0/24', '10.244.2.0/24'])
check('goes around networks given by hand', ['', '10.244.0.0/22'], ['10.244.4.0/24', '10.244.0.0/22'])
check('networks elsewhere are in nobody’s way', ['', '192.168.0.0/24', 'fd00::/64'], ['10.244.0.0/24', '192.168.0.0/24', 'fd00::/64'])

test('says when there are no more', () => {
  const world = given(['', ''])
  world.pass(nodeIpamController({ clusterCidr: '10.244.0.0/24', nodeBits: 24 }), 'all')
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
        world.settle([nodeIpamController(plan)])
        const given = world.list(Node).map(({ spec }) => spec.podCIDR)
        assert.equal(new Set(given).size, given.length)
        assert.ok(given.every((cidr) => cidr?.startsWith('10.244.')))
      }
    }),
  )
})

function given(cidrs: readonly string[]): World {
  const world = new World()
  for (const [at, cidr] of cidrs.entries())
    world.put(Node, { metadata: { name: `n${at}` }, spec: cidr === '' ? {} : { podCIDR: cidr, podCIDRs: [cidr] }, status: {} })
  return world
}

function check(name: string, before: readonly string[], expected: readonly string[]): void {
  test(name, () => {
    const world = given(before)
    world.settle([nodeIpamController(plan)])
    assert.deepEqual(
      world.list(Node).map(({ spec }) => spec.podCIDR),
      expected,
    )
    for (const { spec } of world.list(Node)) assert.deepEqual(spec.podCIDRs, [spec.podCIDR])
  })
}
