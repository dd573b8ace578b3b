import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IPAddress } from '#api/networking/v1/ip-address.ts'
import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { World } from '../testing/world.ts'
import { serviceCidrsController } from './controller.ts'
import { protectionFinalizer } from './plan.ts'

const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0, finalizers: [protectionFinalizer] }

interface Case {
  readonly name: string
  /** Ranges by name; `-` in front: it is being deleted. */
  readonly ranges: Readonly<Record<string, readonly string[]>>
  readonly addresses?: readonly string[]
  /** What is left in the end, and whether it may be used. */
  readonly left: Readonly<Record<string, string>>
  /** Addresses that no service holds. */
  readonly foreign?: true
}

check({ name: 'a range is protected and ready', ranges: { a: ['10.0.0.0/24'] }, left: { a: 'True' } })
check({ name: 'an unused one goes', ranges: { a: ['10.0.0.0/24'], '-b': ['10.1.0.0/24'] }, addresses: ['10.0.0.7'], left: { a: 'True' } })
check({ name: 'one with an address stays', ranges: { '-b': ['10.1.0.0/24'] }, addresses: ['10.1.0.7'], left: { b: 'False' } })
check({
  name: 'somebody else’s address keeps nothing',
  ranges: { '-b': ['10.1.0.0/24'] },
  addresses: ['10.1.0.7'],
  foreign: true,
  left: {},
})
check({
  name: 'one within another goes, whatever it holds',
  ranges: { a: ['10.0.0.0/8'], '-b': ['10.1.0.0/24'] },
  addresses: ['10.1.0.7'],
  left: { a: 'True' },
})
check({
  name: 'one that another is part of stays for what lies outside of it',
  ranges: { a: ['10.1.0.0/29'], '-b': ['10.1.0.0/24'] },
  addresses: ['10.1.0.7', '10.1.0.99'],
  left: { a: 'True', b: 'False' },
})
check({ name: 'both families count', ranges: { '-b': ['10.1.0.0/24', 'fd00::/64'] }, addresses: ['fd00::7'], left: { b: 'False' } })

test('a range goes only after the moment in which others learn of it', () => {
  const world = given({ name: '', ranges: { '-b': ['10.1.0.0/24'] }, left: {} })
  const wakeAt = world.settle([serviceCidrsController])
  assert.equal(wakeAt, world.now + 10_000)
  assert.deepEqual(world.get(ServiceCIDR, 'b')?.metadata.finalizers, [protectionFinalizer])
})

function given({ ranges, addresses = [], foreign }: Case): World {
  const world = new World()
  for (const [name, cidrs] of Object.entries(ranges))
    world.put(ServiceCIDR, { metadata: { name: name.replace('-', ''), ...(name.startsWith('-') && deleted) }, spec: { cidrs }, status: {} })
  const labels = foreign ? {} : { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' }
  for (const name of addresses)
    world.put(IPAddress, { metadata: { name, labels }, spec: { parentRef: { resource: 'services', name: 'x' } } })
  return world
}

function check(one: Case): void {
  test(one.name, () => {
    const world = given(one)
    world.settle([serviceCidrsController])
    world.now += 10_000
    world.settle([serviceCidrsController])
    const left = world.list(ServiceCIDR).filter(({ metadata }) => (metadata.finalizers ?? []).length > 0)
    assert.deepEqual(Object.fromEntries(left.map(({ metadata, status }) => [metadata.name, status.conditions?.[0]?.status])), one.left)
  })
}
