import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { namespace } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { serviceBalancerController } from './controller.ts'
import { addressesMax } from './serving-nodes.ts'
import { balancerClass, cleanupFinalizer } from './wants.ts'

const controller = balancer()

check('the addresses of all nodes', {}, { a: {}, b: {} }, ['10.0.0.a', '10.0.0.b'])
check(
  'an external address before an internal one',
  {},
  { a: { addresses: [address('ExternalIP', '192.0.2.1'), address('InternalIP', '10.0.0.1')] } },
  ['192.0.2.1'],
)
check('no name of a node', {}, { a: { addresses: [address('Hostname', 'a'), address('InternalIP', '10.0.0.1')] } }, ['10.0.0.1'])
check(
  'of the families that it has',
  { ipFamilies: ['IPv6'] },
  { a: { addresses: [address('InternalIP', '10.0.0.1'), address('InternalIP', '2001:db8::1')] } },
  ['2001:db8::1'],
)
check('no node that is not ready', {}, { a: { ready: 'False' }, b: { ready: 'Unknown' }, c: {} }, ['10.0.0.c'])
check('no node that is taken out', {}, { a: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }, b: {} }, [
  '10.0.0.b',
])
check(
  'a node that is not taken out after all',
  {},
  { a: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'false' } } },
  ['10.0.0.a'],
)
check('no node that an autoscaler removes', {}, { a: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } }, [])
check('a node where nothing is scheduled', {}, { a: { taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] } }, [
  '10.0.0.a',
])
check('of its own class', { loadBalancerClass: balancerClass }, { a: {} }, ['10.0.0.a'])
check('nothing for another class', { loadBalancerClass: 'example.com/other' }, { a: {} }, undefined)
check('nothing for another type', { type: 'NodePort' }, { a: {} }, undefined)
check('only nodes with a ready endpoint where traffic stays', { externalTrafficPolicy: 'Local' }, { a: {}, b: {}, c: {} }, ['10.0.0.b'], {
  b: true,
  c: false,
})

test('tells of what it does', () => {
  const world = given({}, { a: {} })
  world.settle([controller])
  world.put(Node, node('b', {}))
  world.settle([controller])
  for (const name of ['a', 'b']) world.remove(Node, world.get(Node, name)!)
  world.settle([controller])
  assert.deepEqual(world.events.map(show), [
    'event Normal EnsuringLoadBalancer Ensuring load balancer',
    'event Normal EnsuredLoadBalancer Ensured load balancer',
    'event Normal UpdatedLoadBalancer Updated load balancer with new hosts',
    'event Warning UnAvailableLoadBalancer There are no available nodes for LoadBalancer',
  ])
})

test('what is deleted is let go of when its addresses are', () => {
  const world = given({}, { a: {} })
  world.settle([controller])
  const service = world.get(Service, 'web', namespace)!
  assert.deepEqual(service.metadata.finalizers, [cleanupFinalizer])
  world.do({ do: 'delete', kind: Service, name: 'web', namespace, uid: service.metadata.uid })
  assert.notEqual(world.get(Service, 'web', namespace), undefined)
  world.settle([controller])
  assert.equal(world.get(Service, 'web', namespace), undefined)
  assert.deepEqual(world.events.slice(2).map(show), [
    'event Normal DeletingLoadBalancer Deleting load balancer',
    'event Normal DeletedLoadBalancer Deleted load balancer',
  ])
})

test('what is no load balancer any more loses its addresses, and nothing else', () => {
  const world = given({}, { a: {} }, ['example.com/other'])
  world.settle([controller])
  world.change(Service, 'web', namespace, { spec: { type: 'ClusterIP' } })
  world.settle([controller])
  const { metadata, status } = world.get(Service, 'web', namespace)!
  assert.deepEqual([metadata.finalizers, status.loadBalancer], [['example.com/other'], {}])
})

test('a Service of another class is let alone while it is deleted, even with the finalizer', () => {
  const world = given({ loadBalancerClass: 'example.com/other' }, { a: {} }, [cleanupFinalizer])
  const service = world.get(Service, 'web', namespace)!
  world.do({ do: 'delete', kind: Service, name: 'web', namespace, uid: service.metadata.uid })
  world.settle([controller])
  assert.deepEqual(world.get(Service, 'web', namespace)!.metadata.finalizers, [cleanupFinalizer])
})

test("a port of the nodes is one Service's alone, until it lets go of it", () => {
  const world = given({}, { a: {} })
  world.settle([controller])
  world.put(Service, { ...balanced({}), metadata: { name: 'also', namespace, creationTimestamp: rfc3339(0) } })
  world.settle([controller])
  assert.equal(ingress(world, 'also').length, 0, 'older, but it came to the port later')
  const failed =
    'event Warning SyncLoadBalancerFailed Error syncing load balancer: failed to ensure load balancer: port 80/TCP of the nodes is served by service shop/web'
  assert.deepEqual(world.events.slice(2).map(show), ['event Normal EnsuringLoadBalancer Ensuring load balancer', failed])
  world.change(Service, 'web', namespace, { spec: { ports: [{ port: 81, protocol: 'TCP' }] } })
  world.settle([controller])
  assert.deepEqual([ingress(world, 'web'), ingress(world, 'also')], [['10.0.0.a'], ['10.0.0.a']])
})

test('of two that come at once only one has a port', () => {
  const world = given({}, { a: {} })
  world.put(Service, { ...balanced({}), metadata: { name: 'also', namespace } })
  world.settle([controller])
  assert.deepEqual([ingress(world, 'also'), ingress(world, 'web')], [['10.0.0.a'], []])
})

test('one that is held while it goes lets go of its port', () => {
  const world = given({}, { a: {} }, ['example.com/hold'])
  world.settle([controller])
  world.put(Service, { ...balanced({}), metadata: { name: 'younger', namespace } })
  world.settle([controller])
  assert.deepEqual(ingress(world, 'younger'), [])
  const { uid } = world.get(Service, 'web', namespace)!.metadata
  world.do({ do: 'delete', kind: Service, name: 'web', namespace, uid })
  world.settle([controller])
  assert.deepEqual([ingress(world, 'web'), ingress(world, 'younger')], [[], ['10.0.0.a']])
})

test('the same number of another protocol is another port', () => {
  const world = given({}, { a: {} })
  world.put(Service, { ...balanced({ ports: [{ port: 80, protocol: 'UDP' }] }), metadata: { name: 'also', namespace } })
  world.settle([controller])
  assert.deepEqual([ingress(world, 'web'), ingress(world, 'also')], [['10.0.0.a'], ['10.0.0.a']])
})

test('no Service takes the port that the cluster itself is served at', () => {
  const world = given({ ports: [{ port: 6443, protocol: 'TCP' }] }, { a: {} })
  world.settle([controller])
  assert.deepEqual(ingress(world, 'web'), [])
  assert.match(world.events.map(show).join(), /port 6443\/TCP of the nodes is served by the API server/)
})

test('in a large cluster it keeps the addresses that it has', () => {
  const names = Array.from({ length: addressesMax }, (_, i) => `m${i}`)
  const world = given({}, Object.fromEntries(names.map((name) => [name, {}])))
  world.settle([controller])
  const before = ingress(world, 'web')
  world.put(Node, node('a', {}))
  world.settle([controller])
  assert.deepEqual(ingress(world, 'web'), before)
  world.remove(Node, world.get(Node, 'm0')!)
  world.settle([controller])
  assert.deepEqual(ingress(world, 'web'), ['10.0.0.a', ...before.filter((one) => one !== '10.0.0.m0')])
})

test('says again why a Service has no address, for as long as it has none', () => {
  const world = given({ ports: [{ port: 6443, protocol: 'TCP' }] }, { a: {} })
  const own = balancer()
  const wakeAt = world.settle([own])
  world.settle([own])
  const said = () => world.events.filter(({ reason }) => reason === 'SyncLoadBalancerFailed').length
  assert.equal(said(), 1)
  world.now = wakeAt
  world.settle([own])
  assert.equal(said(), 2)
  world.change(Service, 'web', namespace, { spec: { ports: [{ port: 80, protocol: 'TCP' }] } })
  assert.equal(world.settle([own]), Infinity)
})

interface NodeFacts {
  readonly addresses?: readonly object[]
  readonly ready?: string
  readonly labels?: object
  readonly taints?: readonly object[]
}

function address(type: string, text: string): object {
  return { type, address: text }
}

function balancer() {
  return serviceBalancerController([{ protocol: 'TCP', port: 6443, by: 'the API server' }])
}

const node = (name: string, { addresses, ready = 'True', labels = {}, taints = [] }: NodeFacts) => ({
  metadata: { name, labels },
  spec: { taints },
  status: { addresses: addresses ?? [address('InternalIP', `10.0.0.${name}`)], conditions: [{ type: 'Ready', status: ready }] },
})

const balanced = (spec: object) => ({
  spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ipFamilies: ['IPv4'], ...spec },
  status: { loadBalancer: {} },
})

function given(spec: object, nodes: Readonly<Record<string, NodeFacts>>, finalizers?: readonly string[]): World {
  const world = new World()
  world.put(Service, { ...balanced(spec), metadata: { name: 'web', namespace, ...(finalizers && { finalizers }) } })
  for (const [name, facts] of Object.entries(nodes)) world.put(Node, node(name, facts))
  return world
}

const ingress = (world: World, name: string) =>
  (world.get(Service, name, namespace)!.status.loadBalancer?.ingress ?? []).map(({ ip }) => ip)

function check(
  name: string,
  spec: object,
  nodes: Readonly<Record<string, NodeFacts>>,
  expected: readonly string[] | undefined,
  endpoints: Readonly<Record<string, boolean>> = {},
): void {
  test(`gives ${name}`, () => {
    const world = given(spec, nodes)
    world.put(EndpointSlice, {
      metadata: { name: 'web-x', namespace, labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints: Object.entries(endpoints).map(([nodeName, ready]) => ({ addresses: ['10.1.0.1'], nodeName, conditions: { ready } })),
    })
    world.settle([controller])
    const { metadata } = world.get(Service, 'web', namespace)!
    assert.deepEqual(metadata.finalizers, expected === undefined ? undefined : [cleanupFinalizer])
    assert.deepEqual(ingress(world, 'web'), expected ?? [])
  })
}
