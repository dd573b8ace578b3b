import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Flow, FlowProtocol } from './host.ts'
import type { ServicePort } from './service-ports.ts'
import { endpointLeft, forwardedPort, frontendsOf, isStaleFlow } from './stale-flows.ts'

const port = {
  protocol: 'udp',
  clusterIP: '10.96.0.7',
  port: 53,
  nodePort: 30_053,
  externalIPs: ['192.0.2.7'],
  balancerIPs: ['192.0.2.8'],
  serving: ['10.244.0.2:5353'],
} as unknown as ServicePort

check('to an endpoint that serves', '10.96.0.7:53 10.244.0.2:5353', false)
check('to one that is gone', '10.96.0.7:53 10.244.0.3:5353', true)
check('to another port of one that serves', '10.96.0.7:53 10.244.0.2:53', true)
check('to nobody: begun before there was one', '10.96.0.7:53 10.96.0.7:53', true)
check('by an external address', '192.0.2.7:53 10.244.0.3:5353', true)
check('by a balancer', '192.0.2.8:53 10.244.0.3:5353', true)
check('by a node port, at any address', '203.0.113.1:30053 203.0.113.1:30053', true)
check('by a node port to one that serves', '203.0.113.1:30053 10.244.0.2:5353', false)
check('of another port of the Service', '10.96.0.7:54 10.244.0.3:5353', false)
check('of somebody else', '10.96.0.8:53 10.244.0.3:5353', false)
check('of a Service that nobody serves', '10.96.0.7:53 10.244.0.3:5353', false, { serving: [] })
check('of a Service of TCP', '10.96.0.7:53 10.244.0.3:5353', false, { protocol: 'tcp' })
const tcp: Partial<ServicePort> = { protocol: 'tcp' }
check('of TCP to an endpoint that serves', '10.96.0.7:53 10.244.0.2:5353', false, tcp, 'tcp')
check('of TCP to one that is gone', '10.96.0.7:53 10.244.0.3:5353', true, tcp, 'tcp')
check('of TCP to a Service that nobody serves', '10.96.0.7:53 10.244.0.3:5353', true, { ...tcp, serving: [] }, 'tcp')
check('of TCP to a Service of UDP', '10.96.0.7:53 10.244.0.3:5353', false, {}, 'tcp')

checkLeft('nothing was there before', undefined, slice('a'), false)
checkLeft('one joined', slice('a'), slice('a', 'b'), false)
checkLeft('one went', slice('a', 'b'), slice('a'), true)
checkLeft('one gave way to another', slice('a'), slice('b'), true)
checkLeft('all went', slice('a'), undefined, true)
checkLeft('one serves no more', slice('a'), slice('!a'), true)
checkLeft('the slice is for names alone from now on', slice('a'), headless(slice('a')), true)
checkLeft('the slice was for names alone', headless(slice('a')), undefined, false)
checkLeft('one that did not serve went', slice('a', '!b'), slice('a'), false)

/** `!`: it does not serve. */
function slice(...endpoints: readonly string[]): EndpointSlice {
  return {
    metadata: {},
    endpoints: endpoints.map((name) => ({
      addresses: [name.replace('!', '')],
      conditions: name.startsWith('!') ? { serving: false } : {},
    })),
  } as unknown as EndpointSlice
}

function headless(slice: EndpointSlice): EndpointSlice {
  return { ...slice, metadata: { ...slice.metadata, labels: { 'service.kubernetes.io/headless': '' } } }
}

function checkLeft(name: string, previous: EndpointSlice | undefined, now: EndpointSlice | undefined, expected: boolean): void {
  test(`an endpoint left: ${name}`, () => assert.equal(endpointLeft(now, previous), expected))
}

function check(name: string, flow: string, expected: boolean, change: Partial<ServicePort> = {}, protocol: FlowProtocol = 'udp'): void {
  test(`a flow ${name}`, () => {
    const [to = '', from = ''] = flow.split(' ')
    const [destination = '', destinationPort] = to.split(':')
    const [replySource = '', replyPort] = from.split(':')
    const entry: Flow = { destination, destinationPort: Number(destinationPort), replySource, replyPort: Number(replyPort) }
    assert.equal(isStaleFlow(frontendsOf([forwardedPort({ ...port, ...change })], protocol), entry), expected)
  })
}
