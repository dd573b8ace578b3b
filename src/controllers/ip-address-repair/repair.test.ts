import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Service } from '#api/core/v1/service.ts'
import { IPAddress } from '#api/networking/v1/ip-address.ts'
import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { World } from '../testing/world.ts'
import { ipAddressRepairController } from './controller.ts'

const labels = (family: string, managedBy = 'ipallocator.k8s.io') => ({
  'ipaddress.kubernetes.io/ip-family': family,
  'ipaddress.kubernetes.io/managed-by': managedBy,
})
const of = (name: string, more: object = {}) => ({ resource: 'services', namespace: 'n', name, ...more })
const four = '10.96.0.7'

interface Case {
  /** Services by name. */
  readonly services?: Readonly<Record<string, readonly string[]>>
  readonly addresses?: Readonly<Record<string, { readonly parentRef: object; readonly labels?: object }>>
  /** Whom each address stands for in the end. */
  readonly left: Readonly<Record<string, string>>
  readonly events?: readonly string[]
}

check('what is there stays', { services: { a: [four] }, addresses: { [four]: { parentRef: of('a') } }, left: { [four]: 'a' } })
check('what is missing is made, of both families', {
  services: { a: [four, 'FD00::07'] },
  left: { [four]: 'a', 'fd00::7': 'a' },
  events: [
    `ClusterIPNotAllocated Cluster IP [IPv4]: ${four} is not allocated; repairing`,
    'ClusterIPNotAllocated Cluster IP [IPv6]: fd00::7 is not allocated; repairing',
  ],
})
check('what lies in no range is let be', { services: { a: ['192.0.2.7'] }, left: {} })
check('what stands for nothing that is there is made anew', {
  services: { a: [four] },
  addresses: { [four]: { parentRef: of('gone') } },
  left: { [four]: 'a' },
  events: [`ClusterIPNotAllocated the ClusterIP [IPv4]: ${four} for Service n/a has a wrong reference; repairing`],
})
check('what stands for something else is made anew', {
  services: { a: [four] },
  addresses: { [four]: { parentRef: { group: 'g.io', resource: 'gateways', name: 'x' }, labels: {} } },
  left: { [four]: 'a' },
  events: [`ClusterIPNotAllocated the ClusterIP [IPv4]: ${four} for Service n/a has a wrong reference; repairing`],
})
check('labels that were lost come back', {
  services: { a: [four] },
  addresses: { [four]: { parentRef: of('a'), labels: {} } },
  left: { [four]: 'a' },
})
check('what two Services have stays where it is', {
  services: { a: [four], b: [four] },
  addresses: { [four]: { parentRef: of('b') } },
  left: { [four]: 'b' },
})
check('what leaked goes', {
  addresses: { [four]: { parentRef: of('gone') } },
  left: {},
  events: [`IPAddressNotAllocated IPAddress: ${four} for Service n/gone appears to have leaked: cleaning up`],
})
check('what a Service does not have goes', {
  services: { a: ['None'] },
  addresses: { [four]: { parentRef: of('a') } },
  left: {},
  events: [`IPAddressWrongReference IPAddress: ${four} for Service n/a has a wrong reference; cleaning up`],
})
check('what was changed to stand for something else goes', {
  addresses: { [four]: { parentRef: { resource: 'things', name: 'x' } } },
  left: {},
  events: [
    `IPAddressNotAllocated IPAddress ${four} appears to have been modified, not referencing a Service &ParentReference{Group:,Resource:things,Namespace:,Name:x,}: cleaning up`,
  ],
})
check('what somebody else made stays', {
  addresses: { [four]: { parentRef: of('gone'), labels: labels('IPv4', 'somebody') } },
  left: { [four]: 'gone' },
})

test('an address has a minute to get its Service', () => {
  const world = given({ addresses: { [four]: { parentRef: of('late') } }, left: {} })
  const wakeAt = world.settle([ipAddressRepairController])
  assert.equal(wakeAt, world.now + 60_000)
  world.put(Service, { metadata: { name: 'late', namespace: 'n' }, spec: { type: 'ClusterIP', clusterIPs: [four] }, status: {} })
  world.now += 60_000
  world.settle([ipAddressRepairController])
  assert.notEqual(world.get(IPAddress, four), undefined)
})

test('an address that a Service is just being given is left alone', () => {
  const world = given({ services: { a: [] }, addresses: { [four]: { parentRef: of('a') } }, left: {} })
  assert.equal(world.settle([ipAddressRepairController]), world.now + 5_000)
})

function given({ services = {}, addresses = {} }: Case): World {
  const world = new World()
  world.put(ServiceCIDR, { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/12', 'fd00::/112'] }, status: {} })
  for (const [name, clusterIPs] of Object.entries(services))
    world.put(Service, { metadata: { name, namespace: 'n' }, spec: { type: 'ClusterIP', clusterIPs }, status: {} })
  for (const [name, one] of Object.entries(addresses))
    world.put(IPAddress, { metadata: { name, labels: one.labels ?? labels('IPv4') }, spec: { parentRef: one.parentRef } })
  return world
}

function check(name: string, one: Case): void {
  test(name, () => {
    const world = given(one)
    world.settle([ipAddressRepairController])
    world.now += 60_000
    world.settle([ipAddressRepairController])
    const left = world.list(IPAddress).map(({ metadata, spec }) => [metadata.name, spec.parentRef?.name])
    assert.deepEqual(Object.fromEntries(left), one.left)
    for (const { metadata } of world.list(IPAddress))
      if (one.events !== undefined) assert.equal(Object.keys(metadata.labels ?? {}).length, 2)
    assert.deepEqual(
      world.events.map(({ reason, message }) => `${reason} ${message}`),
      one.events ?? [],
    )
  })
}
