import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { hostPortPiece, servicePiece } from './piece.ts'
import type { ServicePort } from './service-ports.ts'
import { servicePorts } from './service-ports.ts'
import { mergePieces, tableChanges, wholeTable } from './table.ts'

const base: ServicePort = {
  key: 'shop/web/tcp/80',
  protocol: 'tcp',
  clusterIPs: ['10.96.0.7'],
  port: 80,
  nodePort: 0,
  externalIPs: [],
  balancerIPs: [],
  sourceRanges: undefined,
  endpoints: [],
  internalPolicy: 'Cluster',
  externalPolicy: 'Cluster',
  affinitySeconds: 0,
}
const here = { address: '10.244.0.2', port: 8080, local: true }
const there = { address: '10.244.1.3', port: 8080, local: false }

check('one endpoint', { endpoints: [here] }, [
  'svc-shop/web/tcp/80: meta l4proto tcp dnat ip to 10.244.0.2:8080',
  'service-addresses 10.96.0.7 . tcp . 80: goto svc-shop/web/tcp/80',
  'hairpin 10.244.0.2 . 10.244.0.2',
])
check('two endpoints are drawn from', { endpoints: [here, there] }, [
  'svc-shop/web/tcp/80: meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.2 . 8080, 1 : 10.244.1.3 . 8080 }',
  'service-addresses 10.96.0.7 . tcp . 80: goto svc-shop/web/tcp/80',
  'hairpin 10.244.0.2 . 10.244.0.2',
])
check('no endpoint: told at once', {}, ['no-endpoints 10.96.0.7 . tcp . 80'])
check('internal traffic that must stay here, and nobody is here: dropped', { endpoints: [there], internalPolicy: 'Local' }, [
  'svc-shop/web/tcp/80: meta l4proto tcp dnat ip to 10.244.1.3:8080',
  'service-addresses 10.96.0.7 . tcp . 80: drop',
])
check('a node port keeps the way back', { endpoints: [there], nodePort: 30080 }, [
  'svc-shop/web/tcp/80: meta l4proto tcp dnat ip to 10.244.1.3:8080',
  'ext-shop/web/tcp/80: meta mark set mark or 0x4000',
  'ext-shop/web/tcp/80: goto svc-shop/web/tcp/80',
  'service-addresses 10.96.0.7 . tcp . 80: goto svc-shop/web/tcp/80',
  'node-ports tcp . 30080: goto ext-shop/web/tcp/80',
])

check(
  "a balancer's address and one of the users' own are reached as a node port is",
  { endpoints: [there], balancerIPs: ['192.0.2.2'], externalIPs: ['192.0.2.3'] },
  [
    'svc-shop/web/tcp/80: meta l4proto tcp dnat ip to 10.244.1.3:8080',
    'ext-shop/web/tcp/80: meta mark set mark or 0x4000',
    'ext-shop/web/tcp/80: goto svc-shop/web/tcp/80',
    'service-addresses 10.96.0.7 . tcp . 80: goto svc-shop/web/tcp/80',
    'service-addresses 192.0.2.3 . tcp . 80: goto ext-shop/web/tcp/80',
    'service-addresses 192.0.2.2 . tcp . 80: goto ext-shop/web/tcp/80',
  ],
)
check(
  "a balancer's address lets its ranges in",
  { endpoints: [there], balancerIPs: ['192.0.2.2'], sourceRanges: ['10.0.0.0/8', '10.1.0.0/16'] },
  [
    'svc-shop/web/tcp/80: meta l4proto tcp dnat ip to 10.244.1.3:8080',
    'ext-shop/web/tcp/80: meta mark set mark or 0x4000',
    'ext-shop/web/tcp/80: goto svc-shop/web/tcp/80',
    'fw-shop/web/tcp/80: ip saddr 10.0.0.0/8 goto ext-shop/web/tcp/80',
    'fw-shop/web/tcp/80: ip saddr 10.1.0.0/16 goto ext-shop/web/tcp/80',
    'fw-shop/web/tcp/80: drop',
    'service-addresses 10.96.0.7 . tcp . 80: goto svc-shop/web/tcp/80',
    'service-addresses 192.0.2.2 . tcp . 80: goto fw-shop/web/tcp/80',
  ],
)
check("a balancer's address without endpoints: told at once", { balancerIPs: ['192.0.2.2'] }, [
  'no-endpoints 10.96.0.7 . tcp . 80',
  'no-endpoints 192.0.2.2 . tcp . 80',
])

checkAddresses(
  'of a balancer',
  { status: { loadBalancer: { ingress: [{ ip: '192.0.2.2', ipMode: 'VIP' }, { ip: '2001:db8::1' }, { hostname: 'x' }] } } },
  {
    balancerIPs: ['192.0.2.2'],
  },
)
checkAddresses(
  'of a balancer that rewrites what it sends',
  { status: { loadBalancer: { ingress: [{ ip: '192.0.2.2', ipMode: 'Proxy' }] } } },
  {},
)
checkAddresses("of the users' own", { spec: { externalIPs: ['192.0.2.3', '2001:db8::1'] } }, { externalIPs: ['192.0.2.3'] })
checkAddresses('with ranges', { spec: { loadBalancerSourceRanges: [' 10.0.0.0/8', '2001:db8::/32'] } }, { sourceRanges: ['10.0.0.0/8'] })
checkAddresses('with the range of all', { spec: { loadBalancerSourceRanges: ['10.0.0.0/8', '0.0.0.0/0'] } }, {})

test('a settled world changes nothing', () => {
  const piece = servicePiece({ ...base, endpoints: [here, there], nodePort: 30080, affinitySeconds: 60 }, '10.244.0.0/16')
  assert.equal(tableChanges({ name: 't' }, piece, piece), '')
})

test('a new endpoint changes one rule, whatever else there is', () => {
  const text = tableChanges(
    { name: 't' },
    servicePiece({ ...base, endpoints: [there] }, '10.244.0.0/16'),
    servicePiece({ ...base, endpoints: [there, { ...there, address: '10.244.1.4' }] }, '10.244.0.0/16'),
  )
  assert.deepEqual(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['add chain', 'flush chain', 'add rule'],
  )
})

test('an element is taken away before the chain that it leads to', () => {
  const text = tableChanges({ name: 't' }, servicePiece({ ...base, endpoints: [here] }, '10.244.0.0/16'), mergePieces([]))
  assert.ok(text.indexOf('delete element') < text.indexOf('delete chain'), text)
})

test('the whole table replaces the old one in one transaction', () => {
  const text = wholeTable({ name: 't', clusterCIDR: '10.244.0.0/16', nodeAddresses: ['192.0.2.2'] }, [
    hostPortPiece({ protocol: 'TCP', hostIP: '', hostPort: 80, podIP: '10.244.0.9', containerPort: 8080 }),
  ])
  assert.match(text, /^table ip t {}\ndelete table ip t\ntable ip t {/)
  assert.match(text, /add element ip t host-ports { tcp \. 80 : 10\.244\.0\.9 \. 8080 }/)
})

checkEndpoints('ready ones serve', [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'], conditions: { ready: false } }], ['10.0.0.1'])
checkEndpoints(
  'without any ready one, those that end and still serve',
  [{ addresses: ['10.0.0.1'], conditions: { ready: false, serving: true, terminating: true } }],
  ['10.0.0.1'],
)
checkEndpoints('never an address of the node itself', [{ addresses: ['127.0.0.1'] }, { addresses: ['169.254.169.254'] }], [])
checkEndpoints('each address once', [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.1'] }], ['10.0.0.1'])

function check(name: string, given: Partial<ServicePort>, expected: string[]): void {
  test(name, () => {
    const piece = servicePiece({ ...base, ...given }, '10.244.0.0/16')
    const lines = [
      ...Object.entries(piece.chains).flatMap(([chain, rules]) => rules.map((rule) => `${chain}: ${rule}`)),
      ...Object.entries(piece.elements).flatMap(([owner, elements]) =>
        Object.entries(elements).map(([key, value]) => `${owner} ${key}${value && `: ${value}`}`),
      ),
    ]
    assert.deepEqual(lines, expected)
  })
}

function checkEndpoints(name: string, endpoints: object[], expected: string[]): void {
  test(name, () => {
    const service = {
      metadata: { name: 'web', namespace: 'shop' },
      spec: { type: 'ClusterIP', clusterIPs: ['10.96.0.7'], ports: [{ port: 80, protocol: 'TCP' }] },
    } as unknown as Service
    const slice = { addressType: 'IPv4', ports: [{ port: 8080, protocol: 'TCP' }], endpoints } as unknown as EndpointSlice
    assert.deepEqual(
      servicePorts(service, [slice], 'n')[0]!.endpoints.map(({ address }) => address),
      expected,
    )
  })
}

function checkAddresses(name: string, { spec, status }: { spec?: object; status?: object }, expected: Partial<ServicePort>): void {
  test(`addresses ${name}`, () => {
    const service = {
      metadata: { name: 'web', namespace: 'shop' },
      spec: { type: 'LoadBalancer', clusterIPs: ['10.96.0.7'], ports: [{ port: 80, protocol: 'TCP' }], ...spec },
      status,
    } as unknown as Service
    const { externalIPs, balancerIPs, sourceRanges } = servicePorts(service, [], 'n')[0]!
    assert.deepEqual({ externalIPs, balancerIPs, sourceRanges }, { externalIPs: [], balancerIPs: [], sourceRanges: undefined, ...expected })
  })
}
