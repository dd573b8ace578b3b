import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import { balancedPorts } from './balanced-ports.ts'

const own = ['192.0.2.1', '2001:db8::1']

check('a port at an address of the machine', {}, 'port 80 of 192.0.2.1 leads to Service shop/web of type LoadBalancer')
check(
  'at an address that is written otherwise',
  { ips: [{ ip: '2001:0db8::1' }] },
  'port 80 of 2001:db8::1 leads to Service shop/web of type LoadBalancer',
)
check('at an address of another machine', { ips: [{ ip: '192.0.2.2' }] }, undefined)
check('by a name', { ips: [{ hostname: 'balancer.example' }] }, undefined)
check('a balancer that rewrites what it sends', { ips: [{ ip: '192.0.2.1', ipMode: 'Proxy' }] }, undefined)
check('without an address yet', { ips: [] }, undefined)
check('another port', { port: { port: 81 } }, undefined)
check('of UDP', { port: { port: 80, protocol: 'UDP' } }, undefined)
check(
  'a node port',
  { type: 'NodePort', port: { port: 8080, nodePort: 80 } },
  'port 80 of 192.0.2.1 leads to Service shop/web, whose node port it is',
)
check(
  'a node port of a balanced Service, whose own is another',
  { ips: [], port: { port: 8080, nodePort: 80 } },
  'port 80 of 192.0.2.1 leads to Service shop/web, whose node port it is',
)
check('a node port of UDP', { type: 'NodePort', port: { port: 8080, nodePort: 80, protocol: 'UDP' } }, undefined)
check('of another proxy', { labels: { 'service.kubernetes.io/service-proxy-name': 'other' } }, undefined)
check('a Service that was balanced once', { type: 'ClusterIP' }, undefined)

test('balanced ports: where node ports do not answer, they are no matter', () => {
  const service = {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] },
  } as unknown as Service
  const problem = balancedPorts([service], [own[1]!])
  assert.equal(problem(80, [own[0]!]), undefined)
  assert.match(problem(80, own)!, /of 2001:db8::1 leads/)
})

interface Given {
  readonly ips?: readonly object[]
  readonly port?: object
  readonly labels?: Readonly<Record<string, string>>
  readonly type?: string
}

function check(
  name: string,
  { ips = [{ ip: '192.0.2.1' }], port = { port: 80 }, labels = {}, type = 'LoadBalancer' }: Given,
  expected: string | undefined,
): void {
  test(`balanced ports: ${name}`, () => {
    const service = {
      metadata: { name: 'web', namespace: 'shop', labels },
      spec: { type, ports: [port] },
      status: { loadBalancer: { ingress: ips } },
    } as unknown as Service
    assert.equal(balancedPorts([service], own)(80, own), expected)
  })
}
