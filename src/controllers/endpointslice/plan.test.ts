import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { namespace, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { endpointSliceController } from './controller.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

test('tells where the pods are, and how', () => {
  const world = given({})
  world.put(Pod, pod('ready', { node: 'n', ip: '10.0.0.1', readyAt: now, spec: { hostname: 'first', subdomain: 'web' } }))
  world.put(Pod, pod('unready', { node: 'n', ip: '10.0.0.2' }))
  world.put(Pod, pod('leaving', { node: 'n', ip: '10.0.0.3', readyAt: now, deletedAt: now }))
  world.put(Pod, pod('ended', { node: 'n', ip: '10.0.0.4', phase: 'Succeeded' }))
  world.put(Pod, pod('other', { node: 'n', ip: '10.0.0.5', readyAt: now, labels: { app: 'db' } }))
  world.put(Pod, pod('waiting', { node: 'n' }))
  world.settle([endpointSliceController()])
  const [slice, ...more] = world.list(EndpointSlice)
  assert.deepEqual(more, [])
  assert.deepEqual(
    slice!.endpoints.map(({ addresses, conditions, zone, nodeName, hostname }) => [
      addresses[0],
      ...Object.values(conditions),
      nodeName,
      zone,
      hostname,
    ]),
    [
      ['10.0.0.1', true, true, false, 'n', 'east', 'first'],
      ['10.0.0.2', false, false, false, 'n', 'east', undefined],
      ['10.0.0.3', false, true, true, 'n', 'east', undefined],
    ],
  )
  assert.deepEqual(slice!.ports, [{ name: 'http', protocol: 'TCP', port: 8080 }])
  assert.equal(slice!.addressType, 'IPv4')
  assert.deepEqual(slice!.metadata.labels, {
    team: 'shop',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  })
  assert.equal(slice!.metadata.annotations!['endpoints.kubernetes.io/last-change-trigger-time'], '2026-01-01T00:00:00Z')
  assert.match(slice!.metadata.name, /^web-/)
  assert.equal(slice!.metadata.ownerReferences![0]!.kind, 'Service')
})

test('a service without pods has one empty slice, and keeps it', () => {
  const world = given({})
  world.settle([endpointSliceController()])
  assert.deepEqual(
    world.list(EndpointSlice).map(({ endpoints, ports }) => [endpoints, ports]),
    [[[], []]],
  )
  world.put(Pod, pod('a', { node: 'n', ip: '10.0.0.1', readyAt: now }))
  world.settle([endpointSliceController()])
  world.remove(Pod, world.get(Pod, 'a', namespace)!)
  world.settle([endpointSliceController()])
  assert.deepEqual(
    world.list(EndpointSlice).map(({ endpoints }) => endpoints),
    [[]],
  )
  assert.equal(world.history.filter((line) => line.startsWith('create')).length, 1, 'the slice is filled, not replaced')
})

test('a slice that is held while it goes is left alone, and another takes its place', () => {
  const world = given({})
  world.put(Pod, pod('a', { node: 'n', ip: '10.0.0.1', readyAt: now }))
  world.settle([endpointSliceController()])
  const [held] = world.list(EndpointSlice)
  world.change(EndpointSlice, held!.metadata.name, namespace, { metadata: { finalizers: ['hold'], deletionTimestamp: rfc3339(now) } })
  world.put(Pod, pod('b', { node: 'n', ip: '10.0.0.2', readyAt: now }))
  world.settle([endpointSliceController()])
  const shown = world.list(EndpointSlice).map(({ endpoints }) => endpoints.map(({ addresses }) => addresses[0]))
  assert.deepEqual(shown, [['10.0.0.1'], ['10.0.0.1', '10.0.0.2']])
})

test('says what could not be written', () => {
  const world = given({})
  world.refuse = (command) => (command.do === 'event' ? undefined : new WherryError('Forbidden', 'no'))
  world.pass(endpointSliceController(), `${namespace}/web`)
  assert.deepEqual(world.events.map(show), [
    'event Warning FailedToUpdateEndpointSlices Error updating Endpoint Slices for Service shop/web: failed to create EndpointSlice for Service shop/web: no',
  ])
})

test('publishes unready pods when asked to', () => {
  const world = given({ publishNotReadyAddresses: true, clusterIP: 'None' })
  world.put(Pod, pod('unready', { node: 'n', ip: '10.0.0.2' }))
  world.settle([endpointSliceController()])
  const [slice] = world.list(EndpointSlice)
  assert.deepEqual(slice!.endpoints[0]!.conditions, { ready: true, serving: false, terminating: false })
  assert.equal(slice!.metadata.labels!['service.kubernetes.io/headless'], '')
})

test('finds named ports in each pod, and keeps pods with other numbers apart', () => {
  const world = given({ ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'web' }] })
  for (const [name, containerPort] of [
    ['a', 8080],
    ['b', 9090],
  ] as const) {
    const spec = { containers: [{ name: 'main', ports: [{ name: 'web', protocol: 'TCP', containerPort }] }] }
    world.put(Pod, pod(name, { node: 'n', ip: `10.0.0.${containerPort % 7}`, readyAt: now, spec }))
  }
  world.settle([endpointSliceController()])
  assert.deepEqual(
    world
      .list(EndpointSlice)
      .map(({ ports }) => ports[0]!.port)
      .toSorted(),
    [8080, 9090],
  )
})

test('one slice for each address family', () => {
  const world = given({ ipFamilies: ['IPv4', 'IPv6'] })
  world.put(Pod, pod('a', { node: 'n', readyAt: now, status: { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } }))
  world.settle([endpointSliceController()])
  assert.deepEqual(
    world
      .list(EndpointSlice)
      .map(({ addressType, endpoints }) => [addressType, endpoints[0]!.addresses[0]])
      .toSorted(),
    [
      ['IPv4', '10.0.0.1'],
      ['IPv6', 'fd00::1'],
    ],
  )
})

test('leaves services without selector, mere names, and slices of others alone', () => {
  const world = given({ selector: undefined })
  world.put(Service, {
    metadata: { name: 'name', namespace },
    spec: { type: 'ExternalName', externalName: 'example.com', selector: { app: 'web' } },
  })
  const labels = { 'kubernetes.io/service-name': 'web', 'endpointslice.kubernetes.io/managed-by': 'somebody' }
  world.put(EndpointSlice, { metadata: { name: 'foreign', namespace, labels }, addressType: 'IPv4', endpoints: [], ports: [] })
  world.settle([endpointSliceController()])
  assert.deepEqual(world.history, [])
})

test('a heartbeat of a node touches no service, a new zone does', () => {
  const world = given({})
  world.put(Pod, pod('a', { node: 'n', ip: '10.0.0.1', readyAt: now }))
  const keys = endpointSliceController().sources.find(({ kind }) => (kind as unknown) === Node)!.keys as (
    ...of: unknown[]
  ) => readonly string[]
  const node = world.get(Node, 'n')!
  assert.deepEqual(keys({ ...node, status: {} }, world, node), [])
  assert.deepEqual(keys({ ...node, metadata: { ...node.metadata, labels: {} } }, world, node), [`${namespace}/web`])
})

test('however pods come and go: each once, at most 100 a slice, few writes', () => {
  const step = fc.record({ add: fc.nat(130), remove: fc.nat(60), flip: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const world = given({})
      let next = 0
      for (const { add, remove, flip } of steps) {
        for (let i = 0; i < add; i += 1) {
          next += 1
          world.put(Pod, pod(`p${next}`, { node: 'n', ip: `10.0.${next >> 8}.${next & 255}`, readyAt: now }))
        }
        for (const one of world.list(Pod).slice(0, remove)) world.remove(Pod, one)
        for (const one of world.list(Pod).slice(0, flip)) world.change(Pod, one.metadata.name, namespace, { status: { conditions: [] } })
        world.settle([endpointSliceController()])
        const slices = world.list(EndpointSlice)
        const told = slices.flatMap(({ endpoints }) => (endpoints ?? []).map(({ addresses }) => addresses[0]!))
        assert.deepEqual(
          told.toSorted(),
          world
            .list(Pod)
            .map(({ status }) => status.podIP!)
            .toSorted(),
        )
        assert.ok(slices.every(({ endpoints }) => (endpoints ?? []).length <= 100))
      }
      const before = world.history.length
      const [one] = world.list(Pod)
      if (one === undefined) return
      world.change(Pod, one.metadata.name, namespace, {
        metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 1 },
      })
      world.settle([endpointSliceController()])
      assert.equal(world.history.length, before + 1, 'one changed pod is one written slice')
    }),
    { numRuns: 25 },
  )
})

function given(spec: object): World {
  const world = new World()
  world.put(Node, { metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'east' } }, spec: {}, status: {} })
  world.put(Service, {
    metadata: { name: 'web', namespace, labels: { team: 'shop' } },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      ipFamilies: ['IPv4'],
      selector: { app: 'web' },
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
      ...spec,
    },
  })
  return world
}
