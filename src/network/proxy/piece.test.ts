import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLedger } from './ledger.ts'
import { emptyPiece, keepPlaces, type Piece, servicePiece } from './piece.ts'
import type { ServicePort } from './service-ports.ts'
import { stickyClientLines } from './sticky.ts'
import { changeLines, factsPiece, tableFrame } from './table.ts'
import type { Endpoint } from './usable-endpoints.ts'

const here = endpoint('10.244.0.2', true)
const there = endpoint('10.244.1.3', false)
const base: ServicePort = {
  key: 'shop/web/tcp/80',
  protocol: 'tcp',
  clusterIP: '10.96.0.7',
  port: 80,
  nodePort: 0,
  externalIPs: [],
  balancerIPs: [],
  sourceRanges: [],
  usable: { cluster: [here, there], local: [], hasAny: true },
  serving: [],
  internalPolicy: 'Cluster',
  externalPolicy: 'Cluster',
  affinitySeconds: 0,
}
const nobody = { cluster: [], local: [], hasAny: false }
const both = { cluster: [here, there], local: [here], hasAny: true }

check('two endpoints, no chain', {}, [
  'cluster-ips 10.96.0.7',
  'services 10.96.0.7 . tcp . 80: 10:2',
  'endpoints 10.96.0.7 . tcp . 80 . 1:1: 10.244.0.2 . 8080',
  'endpoints 10.96.0.7 . tcp . 80 . 1:2: 10.244.1.3 . 8080',
  'hairpin 10.244.0.2 . 10.244.0.2',
])
check('nobody: told at once', { usable: nobody, nodePort: 30080, balancerIPs: ['192.0.2.2'] }, [
  'cluster-ips 10.96.0.7',
  'refused 10.96.0.7 . tcp . 80',
  'refused 192.0.2.2 . tcp . 80',
  'refused-node-ports tcp . 30080',
])
check(
  'from inside only to this node, and nobody is here: dropped',
  { usable: { cluster: [], local: [], hasAny: true }, internalPolicy: 'Local' },
  ['cluster-ips 10.96.0.7', 'dropped 10.96.0.7 . tcp . 80'],
)
check('from outside only to this node', { usable: both, nodePort: 30080, externalPolicy: 'Local' }, [
  'cluster-ips 10.96.0.7',
  'services 10.96.0.7 . tcp . 80: 10:2',
  'endpoints 10.96.0.7 . tcp . 80 . 1:1: 10.244.0.2 . 8080',
  'endpoints 10.96.0.7 . tcp . 80 . 1:2: 10.244.1.3 . 8080',
  'node-ports tcp . 30080: 17:2',
  'node-port-endpoints tcp . 30080 . 1:1: 10.244.0.2 . 8080',
  'node-port-endpoints tcp . 30080 . 1:2: 10.244.1.3 . 8080',
  'node-port-endpoints tcp . 30080 . 2:1: 10.244.0.2 . 8080',
  'outside-node-ports tcp . 30080: goto node-port-here-1',
  'hairpin 10.244.0.2 . 10.244.0.2',
])
check('and nobody is here', { usable: { ...both, local: [] }, balancerIPs: ['192.0.2.2'], externalPolicy: 'Local' }, [
  'cluster-ips 10.96.0.7',
  'services 10.96.0.7 . tcp . 80: 10:2',
  'services 192.0.2.2 . tcp . 80: 13:2',
  'endpoints 10.96.0.7 . tcp . 80 . 1:1: 10.244.0.2 . 8080',
  'endpoints 10.96.0.7 . tcp . 80 . 1:2: 10.244.1.3 . 8080',
  'endpoints 192.0.2.2 . tcp . 80 . 1:1: 10.244.0.2 . 8080',
  'endpoints 192.0.2.2 . tcp . 80 . 1:2: 10.244.1.3 . 8080',
  'outside-services 192.0.2.2 . tcp . 80: drop',
  'hairpin 10.244.0.2 . 10.244.0.2',
])
check('ranges', { usable: nobody, balancerIPs: ['192.0.2.2'], sourceRanges: ['10.0.0.0/8'] }, [
  'cluster-ips 10.96.0.7',
  'refused 10.96.0.7 . tcp . 80',
  'refused 192.0.2.2 . tcp . 80',
  'limited 192.0.2.2 . tcp . 80',
  'allowed 192.0.2.2 . tcp . 80 . 10.0.0.0/8',
])

test('affinity has a chain of its own, and endpoints keep their slots whoever else comes', () => {
  const sticky = { ...base, affinitySeconds: 60 }
  const one = servicePiece([{ ...sticky, usable: { cluster: [there], local: [], hasAny: true } }], 'ip')
  const two = servicePiece([sticky], 'ip', one)
  assert.deepEqual([...two.chains.keys()], ['sticky-to-shop/web/tcp/80', 'sticky-go-to-shop/web/tcp/80'])
  assert.equal(two.elements.get('sticky-services')!.get('10.96.0.7 . tcp . 80'), 'goto sticky-to-shop/web/tcp/80')
  const slotsOf = (piece: Piece) => [...piece.elements.get('sticky-places')!.values()]
  assert.ok(slotsOf(one).every((slot) => slotsOf(two).includes(slot)))
  assert.match(slotsOf(one)[0]!, /^[89a-f][0-9a-f]{3}:[1-9a-f][0-9a-f]*$/, 'high enough to be no usual priority, and as nft writes it')
  const client = { client: '1 . 2 . 192.0.2.9', timeoutSeconds: 60, expiresSeconds: 7, slot: slotsOf(one)[0]! }
  const lines = stickyClientLines(
    't',
    'ip',
    [client, { ...client, slot: '8000:1' }, { ...client, expiresSeconds: 0 }],
    two.elements.get('sticky-places'),
  )
  assert.deepEqual(lines, [`add element ip t sticky-clients { 1 . 2 . 192.0.2.9 timeout 60s expires 7s : ${client.slot} }`])
})

test('a settled world changes nothing', () => {
  const ledger = createLedger()
  const ports = [{ ...base, nodePort: 30080, affinitySeconds: 60 }]
  ledger.set('service/shop/web', '1', servicePiece(ports, 'ip'))
  ledger.take()
  ledger.set('service/shop/web', '1', servicePiece(ports, 'ip', ledger.get('service/shop/web')))
  assert.deepEqual(changeLines('t', 'ip', ledger.take()), [])
})

test('one endpoint more is one element more, and one less, too', () => {
  const ledger = createLedger()
  const put = (...cluster: Endpoint[]) => {
    ledger.set('x', '', servicePiece([{ ...base, usable: { cluster, local: [], hasAny: true } }], 'ip', ledger.get('x')))
    return changeLines('t', 'ip', ledger.take())
  }
  const third = endpoint('10.244.0.1', false)
  put(here, there)
  const rules = (count: number) => [
    `add chain ip t to-${count}`,
    `add rule ip t to-${count} meta priority set numgen random mod ${count} offset 65537 goto pick`,
  ]
  assert.deepEqual(put(third, here, there), [
    ...rules(3),
    'delete element ip t services { 10.96.0.7 . tcp . 80 }',
    'add element ip t services { 10.96.0.7 . tcp . 80 : 10:3 }',
    'add element ip t endpoints { 10.96.0.7 . tcp . 80 . 1:3 : 10.244.0.1 . 8080 }',
    'add element ip t ways { 10:3 : goto to-3 }',
  ])
  assert.deepEqual(put(third, there), [
    'delete element ip t services { 10.96.0.7 . tcp . 80 }',
    'delete element ip t endpoints { 10.96.0.7 . tcp . 80 . 1:1, 10.96.0.7 . tcp . 80 . 1:3 }',
    'delete element ip t hairpin { 10.244.0.2 . 10.244.0.2 }',
    'add element ip t services { 10.96.0.7 . tcp . 80 : 10:2 }',
    'add element ip t endpoints { 10.96.0.7 . tcp . 80 . 1:1 : 10.244.0.1 . 8080 }',
  ])
})

test('what two Services want, the older has; the other when it goes, and a shared entry stays for whoever is left', () => {
  const ledger = createLedger()
  const set = (owner: string, age: string, port: Partial<ServicePort>) =>
    ledger.set(owner, age, servicePiece([{ ...base, ...port }], 'ip', ledger.get(owner)))
  set('young', '2026', { clusterIP: '10.96.0.9', externalIPs: ['192.0.2.2'], usable: { ...both, cluster: [here] } })
  set('old', '2025', { externalIPs: ['192.0.2.2'] })
  const all = ledger.takeAll()
  assert.equal(all.added.get('services')!.get('192.0.2.2 . tcp . 80'), '12:2')
  ledger.set('old', '', emptyPiece)
  const { added, removed } = ledger.take()
  assert.equal(added.get('services')!.get('192.0.2.2 . tcp . 80'), '12:1')
  assert.equal(removed.get('hairpin'), undefined)
})

test('numbers stay with their endpoints as far as they can', () => {
  assert.deepEqual(keepPlaces([], ['a', 'b']), ['a', 'b'])
  assert.deepEqual(keepPlaces(['b', 'a'], ['a', 'b', 'c']), ['b', 'a', 'c'])
  assert.deepEqual(keepPlaces(['a', 'b', 'c'], ['b', 'c']), ['c', 'b'])
  assert.deepEqual(keepPlaces(['a', 'b', 'c'], ['b', 'd', 'c']), ['d', 'b', 'c'])
  assert.deepEqual(keepPlaces(['a'], []), [])
})

test('the frame of a table replaces what is there in one transaction, and the facts are elements', () => {
  const facts = {
    clusterCIDR: '10.244.0.0/16,fd00::/48',
    ownPodCIDRs: ['10.244.1.0/24', 'fd00:0:0:1::/64'],
    nodeAddresses: ['192.0.2.1', 'fd01::1'],
    unmasqueraded: ['192.0.2.2'],
    serviceCIDRs: ['10.96.0.0/12', '10.97.0.0/16'],
  }
  assert.match(tableFrame({ name: 't', ...facts }, 'ip'), /^table ip t {}\ndelete table ip t\ntable ip t {/)
  const elements = Object.fromEntries(
    [...factsPiece(facts, ['10.96.0.10'], 'ip').elements].map(([store, keys]) => [store, [...keys.keys()]]),
  )
  assert.deepEqual(elements, {
    'pod-ranges': ['10.244.0.0/16'],
    'own-pod-ranges': ['10.244.1.0/24'],
    'service-ranges': ['10.96.0.0/12'],
    'node-addresses': ['192.0.2.1'],
    'own-addresses': ['10.96.0.10'],
    unmasqueraded: ['192.0.2.2'],
  })
})

function endpoint(address: string, local: boolean): Endpoint {
  return { address, port: 8080, local, ready: true, serving: true, terminating: false, zones: [], nodes: [] }
}

function check(name: string, given: Partial<ServicePort>, expected: string[]): void {
  test(name, () => {
    const piece = servicePiece([{ ...base, ...given }], 'ip')
    assert.equal(piece.chains.size, 0)
    const lines = [...piece.elements].flatMap(([store, elements]) =>
      [...elements].map(([key, value]) => `${store} ${key}${value && `: ${value}`}`),
    )
    assert.deepEqual(lines.sort(), expected.sort())
  })
}
