import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { Node } from '#api/core/v1/node.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { inOrder } from '#loop/in-order.ts'
import { makeRequest, type RequestParts } from '../testing/certificate-requests.ts'
import { World } from '../testing/world.ts'
import { certificateApproverController } from './controller.ts'

const approval = {
  serverNames: () => ['kubernetes', 'server', '*.example.org', 'localhost', '192.0.2.1', '::1', '2001:db8::1'],
  ranges: ['10.96.0.0/12', '10.244.0.0/16', 'fd00:10:244::/56'],
  clusterDomain: 'cluster.local',
}
const controller = certificateApproverController(approval)
const usages = ['digital signature', 'server auth']
const own = { dnsNames: ['n'], addresses: ['192.0.2.9'] }

check('its own name and address', {}, true)
check('one address of each family, however it is spelt', { parts: { addresses: ['192.0.2.9', '2001:db8:0:0::9'] } }, true)
check('usages of an RSA key', { usages: ['key encipherment', ...usages] }, true)
check('its name by itself', { parts: { dnsNames: ['n'], addresses: [] } }, true)
check('an external address', { addresses: [['ExternalIP', '198.51.100.9']], parts: { addresses: ['198.51.100.9'] } }, true)

check('nobody named', { parts: { dnsNames: [], addresses: [] } }, false)
check('an address more than it has', { parts: { addresses: ['192.0.2.9', '192.0.2.10'] } }, false)
check('another name beside its own', { parts: { dnsNames: ['n', 'kubernetes'] } }, false)
check('another node asks', { username: 'system:node:other' }, false)
check('a person asks', { username: 'admin', groups: ['system:masters'] }, false)
check('the name alone makes no node', { groups: ['system:authenticated'] }, false)
check('for a client', { usages: ['digital signature', 'client auth'] }, false)
check('for both', { usages: [...usages, 'client auth'] }, false)
check('as somebody else', { parts: { commonName: 'system:node:other' } }, false)
check('as another organization', { parts: { organizations: ['system:masters'] } }, false)
check('with a URI', { parts: { uris: ['spiffe://cluster/ns/default'] } }, false)
check('with a mail address', { parts: { emailAddresses: ['a@example.org'] } }, false)
check('its own address in the other family’s clothes', { parts: { addresses: ['::ffff:192.0.2.9'] } }, false)
check('signed by another key', { parts: { signedBy: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey } }, false)
check('a Node without addresses', { addresses: [] }, false)

for (const [what, address] of Object.entries({
  'the API server': '192.0.2.1',
  "the API server's second family": '2001:db8::1',
  'a Service': '10.96.0.1',
  'a pod': '10.244.3.4',
  'a pod of the second family': 'fd00:10:244::5',
  loopback: '127.0.0.2',
  'loopback of IPv6': '::1',
  'this link': '169.254.169.254',
  'this link of IPv6': 'fe80::1',
  nobody: '0.0.0.0',
  everybody: '255.255.255.255',
  'an address in the other family’s clothes': '::ffff:192.0.2.1',
}))
  check(`the address of ${what}, though its Node says so`, { addresses: [['InternalIP', address]], parts: { addresses: [address] } }, false)

for (const name of ['api.example.org', 'kubernetes', 'server', 'localhost', 'web.shop.svc', 'web.shop.svc.cluster.local', 'cluster.local'])
  check(`a node called ${name}`, { name, parts: { dnsNames: [name] } }, false)

check('a node below a name that means others', { name: 'n.east.example.org', parts: { dnsNames: ['n.east.example.org'] } }, true)

test('the address of another API server', () => {
  const world = given({})
  world.put(EndpointSlice, { metadata: { name: 'kubernetes', namespace: 'default' }, endpoints: [{ addresses: ['192.0.2.9'] }] })
  assert.equal(isApproved(world), false)
})

test('what waits for a person is told, once there was time for the Node to come', () => {
  const world = given({ parts: { addresses: ['192.0.2.9', '192.0.2.10'] } })
  const plan = () => controller.plan(controller.view('r', world, world.now)!)
  const { commands, wakeAt } = plan()
  assert.deepEqual([commands, wakeAt], [[], world.now + 30_000])
  world.now = wakeAt
  assert.partialDeepStrictEqual(plan(), { commands: [{ do: 'event', type: 'Warning', reason: 'NotApproved' }], wakeAt: Infinity })
  assert.match(JSON.stringify(plan()), /Node object does not have the address 192\.0\.2\.10\. .* kubectl certificate approve r"/)
})

test('the address of another node', () => {
  const world = given({})
  world.put(Node, { metadata: { name: 'other' }, status: { addresses: [{ type: 'InternalIP', address: '192.0.2.9' }] } })
  assert.equal(isApproved(world), false)
})

test('a request that came before the Node has its addresses is looked at when it has', () => {
  const world = given({ addresses: [] })
  assert.equal(isApproved(world), false)
  const source = controller.sources.find(({ kind }) => kind === Node)!
  const before = world.get(Node, 'n')!
  const after = { ...before, status: { addresses: [{ type: 'InternalIP', address: '192.0.2.9' }] } }
  assert.deepEqual(source.keys!(after as never, world, before as never), ['r'])
  assert.deepEqual(source.keys!(after as never, world, after as never), [], 'heartbeats are no news')
  world.hold(Node, after as never)
  assert.equal(isApproved(world), true)
  assert.deepEqual(source.keys!(after as never, world, before as never), [], 'nothing is left to approve')
})

test('without its setting nobody is approved', () => {
  assert.equal(isApproved(given({}), certificateApproverController()), false)
})

interface Given {
  readonly name?: string
  readonly username?: string
  readonly groups?: readonly string[]
  readonly usages?: readonly string[]
  readonly parts?: RequestParts
  readonly addresses?: readonly (readonly [type: string, address: string])[]
}

function given({ name = 'n', addresses, parts, ...spec }: Given): World {
  const world = new World()
  const present = addresses ?? [
    ['Hostname', name],
    ['InternalIP', '192.0.2.9'],
    ['InternalIP', '2001:db8::9'],
  ]
  world.put(Node, { metadata: { name }, status: { addresses: present.map(([type, address]) => ({ type, address })) } })
  world.put(CertificateSigningRequest, {
    metadata: { name: 'r' },
    spec: {
      request: Buffer.from(makeRequest({ ...own, commonName: `system:node:${name}`, ...parts })).toString('base64'),
      signerName: 'kubernetes.io/kubelet-serving',
      usages,
      username: `system:node:${name}`,
      groups: ['system:nodes', 'system:authenticated'],
      ...spec,
    },
    status: {},
  })
  return world
}

function isApproved(world: World, by = controller): boolean {
  const view = by.view('r', world, world.now)!
  for (const command of inOrder(by.plan(view).commands)) world.do(command)
  assert.deepEqual(by.plan(by.view('r', world, world.now)!).commands, [], 'a second look does nothing')
  return (world.get(CertificateSigningRequest, 'r')!.status.conditions ?? []).some(({ type }) => type === 'Approved')
}

function check(name: string, what: Given, expected: boolean): void {
  test(`${expected ? 'approved' : 'left alone'}: ${name}`, () => assert.equal(isApproved(given(what)), expected))
}
