import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { namespace } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { endpointSliceMirroringController as controller } from './controller.ts'

const subsets = [
  { addresses: [{ ip: '192.0.2.1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
]

check('shows hand-made endpoints as a slice', {}, {}, ['IPv4 192.0.2.1 192.0.2.2(not ready) :80'])
check('one slice for each family', {}, { subsets: [{ addresses: [{ ip: '192.0.2.1' }, { ip: 'fd00::1' }], ports: [] }] }, [
  'IPv4 192.0.2.1 :',
  'IPv6 fd00::1 :',
])
check('not where the service has a selector', { selector: { app: 'web' } }, {}, [])
check('not where it is unwanted', {}, { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, [])
check('not what elects leaders', {}, { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }, [])

test('changes the slice in place, and removes it with the service', () => {
  const world = given({}, {})
  world.settle([controller])
  const [{ metadata }] = world.list(EndpointSlice) as [EndpointSlice]
  world.change(Endpoints, 'web', namespace, {
    subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports: [{ name: 'http', port: 81, protocol: 'TCP' }] }],
  })
  world.settle([controller])
  assert.deepEqual(
    world.list(EndpointSlice).map((slice) => slice.metadata.uid),
    [metadata.uid],
  )
  assert.deepEqual(shown(world), ['IPv4 192.0.2.9 :81'])
  world.remove(Service, world.get(Service, 'web', namespace)!)
  world.settle([controller])
  assert.deepEqual(shown(world), [])
})

test('tells of addresses that are none, with the write only', () => {
  const world = given({}, { subsets: [{ addresses: [{ ip: 'nonsense' }, { ip: '192.0.2.1' }] }] })
  world.settle([controller])
  assert.deepEqual(world.events.map(show), [
    'event Warning InvalidIPAddress Skipped 1 invalid IP addresses when mirroring to EndpointSlices',
  ])
})

test('never touches slices of others', () => {
  const world = given({ selector: { app: 'web' } }, {})
  const labels = { 'kubernetes.io/service-name': 'web', 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' }
  world.put(EndpointSlice, { metadata: { name: 'web-x', namespace, labels }, addressType: 'IPv4', endpoints: [], ports: [] })
  world.settle([controller])
  assert.deepEqual(world.history, [])
})

function given(spec: object, own: { readonly subsets?: object[]; readonly labels?: object; readonly annotations?: object }): World {
  const world = new World()
  const { subsets: mine = subsets, ...metadata } = own
  world.put(Service, { metadata: { name: 'web', namespace }, spec: { type: 'ClusterIP', ...spec } })
  world.put(Endpoints, { metadata: { name: 'web', namespace, ...metadata }, subsets: mine })
  return world
}

const shown = (world: World): string[] =>
  world
    .list(EndpointSlice)
    .map(
      ({ addressType, endpoints, ports }) =>
        `${addressType} ${endpoints.map(({ addresses, conditions }) => addresses[0] + (conditions.ready ? '' : '(not ready)')).join(' ')} :${(ports ?? []).map(({ port }) => port).join()}`,
    )
    .toSorted()

function check(name: string, spec: object, own: object, expected: readonly string[]): void {
  test(name, () => {
    const world = given(spec, own)
    world.settle([controller])
    assert.deepEqual(shown(world), expected)
  })
}
