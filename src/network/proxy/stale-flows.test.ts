import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UdpFlow } from './host.ts'
import type { ServicePort } from './service-ports.ts'
import { isStaleFlow, udpFrontends } from './stale-flows.ts'

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

function check(name: string, flow: string, expected: boolean, change: Partial<ServicePort> = {}): void {
  test(`a flow ${name}`, () => {
    const [to = '', from = ''] = flow.split(' ')
    const [destination = '', destinationPort] = to.split(':')
    const [replySource = '', replyPort] = from.split(':')
    const entry: UdpFlow = { destination, destinationPort: Number(destinationPort), replySource, replyPort: Number(replyPort) }
    assert.equal(isStaleFlow(udpFrontends([{ ...port, ...change }]), entry), expected)
  })
}
