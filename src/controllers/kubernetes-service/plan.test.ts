import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { endpointSliceMirroringController } from '../endpointslice-mirroring/controller.ts'
import { World } from '../testing/world.ts'
import { kubernetesServiceController } from './controller.ts'

const config = { addresses: ['192.0.2.7'], port: 6443, clusterIp: '10.96.0.1' }

test('makes the service and where it leads, and nobody mirrors it', () => {
  const world = given()
  world.settle([kubernetesServiceController(config), endpointSliceMirroringController])
  const service = world.get(Service, 'kubernetes', 'default')!
  assert.equal(service.spec.clusterIP, '10.96.0.1')
  assert.deepEqual(service.spec.ports, [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }])
  assert.deepEqual(service.metadata.labels, { component: 'apiserver', provider: 'kubernetes' })
  assert.equal(world.list(EndpointSlice).length, 1)
  assert.deepEqual(world.get(EndpointSlice, 'kubernetes', 'default')!.endpoints, [
    { addresses: ['192.0.2.7'], conditions: { ready: true } },
  ])
  assert.deepEqual(world.get(Endpoints, 'kubernetes', 'default')!.subsets, [
    { addresses: [{ ip: '192.0.2.7' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] },
  ])
})

test('follows a new address, and takes back where somebody else let it lead, but not what they made of the Service', () => {
  const world = given()
  world.settle([kubernetesServiceController(config)])
  world.change(Endpoints, 'kubernetes', 'default', { subsets: [] })
  world.change(Service, 'kubernetes', 'default', { spec: { clusterIP: '10.96.0.1', ports: [] } })
  world.settle([kubernetesServiceController({ ...config, addresses: ['fd00::7'] })])
  assert.deepEqual(world.get(Service, 'kubernetes', 'default')!.spec.ports, [])
  assert.equal(world.get(Endpoints, 'kubernetes', 'default')!.subsets![0]!.addresses![0]!.ip, 'fd00::7')
  assert.equal(world.get(EndpointSlice, 'kubernetes', 'default')!.addressType, 'IPv6')
})

for (const address of ['127.0.0.1', '::1', '169.254.1.1'])
  test(`nobody is led to ${address}`, () => {
    const world = given()
    world.settle([kubernetesServiceController({ ...config, addresses: [address] })])
    assert.notEqual(world.get(Service, 'kubernetes', 'default'), undefined)
    assert.deepEqual([world.list(Endpoints), world.list(EndpointSlice)], [[], []])
  })

test('waits for its namespace', () => {
  const world = new World()
  world.settle([kubernetesServiceController(config)])
  assert.deepEqual(world.history, [])
})

function given(): World {
  const world = new World()
  world.put(Namespace, { metadata: { name: 'default' }, spec: {}, status: { phase: 'Active' } })
  return world
}
