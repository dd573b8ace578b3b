import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { namespace, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { endpointSliceController } from './controller.ts'
import { allocateZones } from './topology.ts'

const auto = { 'service.kubernetes.io/topology-mode': 'Auto' }

// Nodes are zone: processors; pods are zone: how many. Expected: from zone to zone, how many, or why not.
check('each for its own zone', { a: '2', b: '2' }, { a: 2, b: 2 }, { 'a>a': 2, 'b>b': 2 })
check('a zone with too many gives', { a: '2', b: '2' }, { a: 5, b: 1 }, { 'a>a': 3, 'a>b': 2, 'b>b': 1 })
check('by what the zones can do', { a: '3', b: '1' }, { a: 4, b: 4 }, { 'a>a': 4, 'b>a': 2, 'b>b': 2 })
check('a zone without any gets some', { a: '1', b: '1', c: '1' }, { a: 6 }, { 'a>a': 2, 'a>b': 2, 'a>c': 2 })
check('fewer than zones', { a: '1', b: '1', c: '1' }, { a: 2 }, 'Insufficient number of endpoints (2 endpoints, 3 zones)')
check('one zone only', { a: '2' }, { a: 4 }, 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes')
check(
  'a node that does not say',
  { a: '2', b: '0' },
  { a: 4 },
  'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
)
check(
  'too uneven for so few',
  { a: '10', b: '1', c: '1' },
  { a: 3 },
  'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 3 zones)',
)
check(
  'the older annotation counts more',
  { a: '2', b: '2' },
  { a: 2, b: 2 },
  {},
  { ...auto, 'service.kubernetes.io/topology-aware-hints': 'Disabled' },
)

test('tells once when hints begin, and once why they end', () => {
  const world = given({ a: '2', b: '2' }, { a: 2, b: 2 }, auto)
  const controller = endpointSliceController()
  world.settle([controller])
  world.change(Node, 'node-b', undefined, { status: { conditions: [{ type: 'Ready', status: 'False' }] } })
  world.settle([controller])
  assert.deepEqual(hints(world), {})
  world.put(Pod, pod('more', { node: 'node-a', ip: '10.0.9.9', readyAt: world.now }))
  world.settle([controller])
  assert.deepEqual(world.events.map(show), [
    'event Normal TopologyAwareHintsEnabled Topology Aware Hints has been enabled, addressType: IPv4',
    'event Warning TopologyAwareHintsDisabled Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4',
  ])
})

test('tells when the service wants no hints any more', () => {
  const world = given({ a: '2', b: '2' }, { a: 2, b: 2 }, auto)
  const controller = endpointSliceController()
  world.settle([controller])
  world.change(Service, 'web', namespace, { metadata: { annotations: null } })
  world.settle([controller])
  assert.deepEqual(hints(world), {})
  assert.deepEqual(world.events.slice(1).map(show), [
    'event Warning TopologyAwareHintsDisabled Topology Aware Hints has been disabled, addressType: IPv4',
  ])
})

test('what is there stays while no zone is overloaded', () => {
  const world = given({ a: '4', b: '4' }, { a: 5, b: 5 }, auto)
  const controller = endpointSliceController()
  world.settle([controller])
  const before = world.history.length
  world.change(Node, 'node-a', undefined, { status: { allocatable: { cpu: '5' } } })
  world.settle([controller])
  assert.equal(world.history.length, before)
})

test('says of a pod whose node nobody knows that it is left out', () => {
  const world = given({ a: '4' }, { a: 1 }, {})
  world.put(Pod, pod('lost', { node: 'gone', ip: '10.0.9.9', readyAt: world.now }))
  world.settle([endpointSliceController()])
  assert.deepEqual(world.events.map(show), [
    'event Warning FailedToUpdateEndpointSlices Error updating Endpoint Slices for Service shop/web: skipping Pod lost for Service shop/web: Node gone Not Found',
  ])
})

test('every zone gets its least, whatever the endpoints and zones are', () => {
  const zone = fc.constantFrom('a', 'b', 'c')
  fc.assert(
    fc.property(
      fc.array(zone, { maxLength: 30 }),
      fc.dictionary(zone, fc.integer({ min: 1, max: 9 }), { minKeys: 2 }),
      (zones, weights) => {
        const total = Object.values(weights).reduce((sum, one) => sum + one, 0)
        const shares = new Map(Object.entries(weights).map(([name, weight]) => [name, weight / total]))
        const ready = new Map(zones.map((name, i) => [`e${i}`, { addresses: [], zone: name } as never]))
        const allocated = allocateZones(ready, new Map(), shares)
        if ('problem' in allocated) return
        assert.equal(allocated.size, zones.length)
        for (const [name, share] of shares) {
          if (zones.some((one) => !shares.has(one))) continue
          const count: number = [...allocated.values()].filter((one) => one === name).length
          assert.ok(count >= Math.floor(share * zones.length) - 1, `${name} has ${count} of ${zones.length}`)
        }
        const again = allocateZones(ready, allocated as ReadonlyMap<string, string>, shares)
        assert.deepEqual(again, allocated, 'a second look changes nothing')
      },
    ),
  )
})

function given(nodes: Readonly<Record<string, string>>, pods: Readonly<Record<string, number>>, annotations: object): World {
  const world = new World()
  for (const [zone, cpu] of Object.entries(nodes))
    world.put(Node, {
      metadata: { name: `node-${zone}`, labels: { 'topology.kubernetes.io/zone': zone } },
      spec: {},
      status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: 'True' }] },
    })
  world.put(Service, {
    metadata: { name: 'web', namespace, annotations },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      ipFamilies: ['IPv4'],
      selector: { app: 'web' },
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    },
  })
  let last = 0
  for (const [zone, count] of Object.entries(pods))
    for (let i = 0; i < count; i += 1) {
      last += 1
      world.put(Pod, pod(`${zone}${i}`, { node: `node-${zone}`, ip: `10.0.0.${last}`, readyAt: world.now }))
    }
  return world
}

function hints(world: World): Record<string, number> {
  const moves = world
    .list(EndpointSlice)
    .flatMap(({ endpoints }) => endpoints)
    .flatMap(({ zone, hints: own }) => (own?.forZones ?? []).map(({ name }) => `${zone}>${name}`))
  return Object.fromEntries([...Map.groupBy(moves, (move) => move)].map(([move, list]) => [move, list.length]))
}

function check(
  name: string,
  nodes: Readonly<Record<string, string>>,
  pods: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>> | string,
  annotations: object = auto,
): void {
  test(name, () => {
    const world = given(nodes, pods, annotations)
    world.settle([endpointSliceController()])
    assert.deepEqual(hints(world), typeof expected === 'string' ? {} : expected)
    if (typeof expected === 'string')
      assert.deepEqual(world.events.map(show), [`event Warning TopologyAwareHintsDisabled ${expected}, addressType: IPv4`])
  })
}
