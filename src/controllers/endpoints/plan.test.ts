import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import type { EndpointSubset } from '#api/core/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import { repackSubsets } from '../common/repack-subsets.ts'
import { namespace, type PodFacts, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { endpointsController } from './controller.ts'

const lock = 'control-plane.alpha.kubernetes.io/leader'
const now = Date.parse('2026-01-01T00:00:00Z')
const ready = (ip: string): PodFacts => ({ node: 'n', ip, readyAt: now })

// A subset is shown as ready/not ready:ports.
check('ready and unready addresses share a subset', { a: ready('10.0.0.1'), b: { node: 'n', ip: '10.0.0.2' } }, {}, [
  '10.0.0.1/10.0.0.2:http=8080',
])
check(
  'what leaves or ended is left out',
  { a: { ...ready('10.0.0.1'), deletedAt: now }, b: { ...ready('10.0.0.2'), phase: 'Failed' } },
  {},
  [],
)
check('published although not ready', { a: { node: 'n', ip: '10.0.0.1' } }, { publishNotReadyAddresses: true }, ['10.0.0.1/:http=8080'])
check('ports of the same pods share a subset', { a: ready('10.0.0.1') }, { ports: [port('http', 8080), port('tls', 8443)] }, [
  '10.0.0.1/:http=8080,tls=8443',
])
check('a headless service needs no ports', { a: ready('10.0.0.1') }, { clusterIP: 'None', ports: undefined }, ['10.0.0.1/:'])
check('any other has no endpoints without', { a: ready('10.0.0.1') }, { ports: undefined }, [])

test('carries labels, marks and the time of the change', () => {
  const world = given({}, { clusterIP: 'None' })
  world.settle([endpointsController()])
  const made = world.get(Endpoints, 'web', namespace)!
  assert.deepEqual(made.metadata.labels, {
    team: 'shop',
    'service.kubernetes.io/headless': '',
    'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
  })
  assert.deepEqual(made.metadata.annotations, { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' })
  world.put(Pod, pod('a', { ...ready('10.0.0.1'), readyAt: now + 5000 }))
  world.settle([endpointsController()])
  assert.deepEqual(world.get(Endpoints, 'web', namespace)!.metadata.annotations, {
    'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:05Z',
  })
})

const byHand = { metadata: { name: 'web', namespace }, subsets: [{ addresses: [{ ip: '192.0.2.1' }] }] }
leaves('those that it made', { selector: { app: 'web' } }, undefined, 'deleted')
leaves('those made by hand', { selector: undefined }, byHand, 'deleted')
leaves(
  'a lock of old clients',
  { selector: undefined },
  { ...byHand, metadata: { ...byHand.metadata, annotations: { [lock]: '{}' } } },
  'kept',
)

test('what no service ever had is left alone: it may be about to come', () => {
  const world = new World()
  world.put(Endpoints, byHand)
  world.settle([endpointsController()])
  assert.deepEqual(world.history, [])
})

test('a service that only the cache does not show keeps its addresses', () => {
  const world = given({ a: ready('10.0.0.1') }, {})
  const controller = endpointsController()
  world.settle([controller])
  world.remove(Service, world.get(Service, 'web', namespace)!)
  world.refuse = (command) => (command.do === 'confirmAbsent' ? new WherryError('Conflict', 'it is there') : undefined)
  world.pass(controller, `${namespace}/web`)
  assert.notEqual(world.get(Endpoints, 'web', namespace), undefined)
})

test('says what could not be written', () => {
  const world = given({ a: ready('10.0.0.1') }, {})
  const controller = endpointsController()
  world.refuse = (command) => (command.do === 'event' ? undefined : new WherryError('Forbidden', 'no'))
  world.pass(controller, `${namespace}/web`)
  world.refuse = () => undefined
  world.pass(controller, `${namespace}/web`)
  world.refuse = (command) => (command.do === 'event' ? undefined : new WherryError('Forbidden', 'no'))
  world.put(Pod, pod('b', ready('10.0.0.2')))
  world.pass(controller, `${namespace}/web`)
  assert.deepEqual(world.events.map(show), [
    'event Warning FailedToCreateEndpoint Failed to create endpoint for service shop/web: no',
    'event Warning FailedToUpdateEndpoint Failed to update endpoint shop/web: no',
  ])
})

test('more than a thousand addresses are cut, ready ones last', () => {
  const pods: Record<string, PodFacts> = {}
  for (let i = 0; i < 1010; i += 1) pods[`p${i}`] = { node: 'n', ip: `10.1.${i >> 8}.${i & 255}`, ...(i % 2 === 0 ? { readyAt: now } : {}) }
  const world = given(pods, {})
  world.settle([endpointsController()])
  const { subsets, metadata } = world.get(Endpoints, 'web', namespace)!
  assert.equal(metadata.annotations!['endpoints.kubernetes.io/over-capacity'], 'truncated')
  assert.deepEqual([subsets![0]!.addresses!.length, subsets![0]!.notReadyAddresses!.length], [505, 495])
  for (const one of world.list(Pod).slice(0, 100)) world.remove(Pod, one)
  world.settle([endpointsController()])
  assert.equal(world.get(Endpoints, 'web', namespace)!.metadata.annotations!['endpoints.kubernetes.io/over-capacity'], undefined)
})

test('goes with its service, but hand-made ones never do', () => {
  const world = given({ a: ready('10.0.0.1') }, {})
  world.put(Endpoints, { metadata: { name: 'mine', namespace }, subsets: [] })
  world.settle([endpointsController()])
  world.remove(Service, world.get(Service, 'web', namespace)!)
  world.settle([endpointsController()])
  assert.deepEqual(
    world.list(Endpoints).map(({ metadata }) => metadata.name),
    ['mine'],
  )
})

test('packing keeps every address with every port, and packing again changes nothing', () => {
  const address = fc.record({ ip: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3') })
  const ports = fc.array(fc.record({ port: fc.constantFrom(80, 443, 8080), protocol: fc.constant('TCP' as const) }), { maxLength: 2 })
  const subset = fc.record({
    addresses: fc.array(address, { maxLength: 2 }),
    notReadyAddresses: fc.array(address, { maxLength: 2 }),
    ports,
  })
  fc.assert(
    fc.property(fc.array(subset, { maxLength: 4 }), (subsets) => {
      const packed = repackSubsets(subsets)
      assert.deepEqual(repackSubsets(packed), packed)
      assert.deepEqual(pairsOf(packed), pairsOf(subsets))
    }),
  )
})

/** Every address with every port; not ready wherever it is so once. */
function pairsOf(subsets: readonly EndpointSubset[]): Record<string, boolean> {
  const pairs: Record<string, boolean> = {}
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets)
    for (const { port } of ports.length === 0 ? [{ port: 0 }] : ports) {
      for (const { ip } of addresses) pairs[`${ip}:${port}`] ??= true
      for (const { ip } of notReadyAddresses) pairs[`${ip}:${port}`] = false
    }
  return Object.fromEntries(Object.entries(pairs).toSorted())
}

function port(name: string, targetPort: number) {
  return { name, protocol: 'TCP', port: targetPort, targetPort }
}

function given(pods: Readonly<Record<string, PodFacts>>, spec: object): World {
  const world = new World()
  const own = {
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [port('http', 8080)],
    ...spec,
  }
  world.put(Service, { metadata: { name: 'web', namespace, labels: { team: 'shop' } }, spec: own })
  for (const [name, facts] of Object.entries(pods)) world.put(Pod, pod(name, facts))
  return world
}

function check(name: string, pods: Readonly<Record<string, PodFacts>>, spec: object, expected: readonly string[]): void {
  test(name, () => {
    const world = given(pods, spec)
    world.settle([endpointsController()])
    const ips = (list: readonly { ip: string }[] | undefined) => (list ?? []).map(({ ip }) => ip).join()
    const shown = (world.get(Endpoints, 'web', namespace)!.subsets ?? []).map(
      ({ addresses, notReadyAddresses, ports }) =>
        `${ips(addresses)}/${ips(notReadyAddresses)}:${(ports ?? []).map((one) => `${one.name}=${one.port}`).join()}`,
    )
    assert.deepEqual(shown, expected)
  })
}

/** What becomes of Endpoints when their service goes. */
function leaves(name: string, spec: object, endpoints: object | undefined, expected: 'deleted' | 'kept'): void {
  test(`a service that goes leaves ${name} ${expected}`, () => {
    const world = given({ a: ready('10.0.0.1') }, spec)
    if (endpoints !== undefined) world.put(Endpoints, endpoints)
    const controller = endpointsController()
    world.settle([controller])
    assert.notEqual(world.get(Endpoints, 'web', namespace), undefined)
    world.remove(Service, world.get(Service, 'web', namespace)!)
    world.settle([controller])
    assert.equal(world.get(Endpoints, 'web', namespace) === undefined, expected === 'deleted')
  })
}
