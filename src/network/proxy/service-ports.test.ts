import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { healthCheckPortOf, localReadyCount, type PortsOptions, type ServicePort, servicePorts } from './service-ports.ts'

const options: PortsOptions = {
  family: 'ip',
  place: { nodeName: 'n', zone: '' },
  ownAddresses: ['10.96.0.10'],
  externalIPs: true,
  nodeAddresses: ['192.0.2.1'],
}

// --- what is forwarded ---------------------------------------------------------------------------------------------------------------

check('a port', {}, [{ key: 'shop/web/tcp/80', protocol: 'tcp', clusterIP: '10.96.0.7', port: 80, nodePort: 0, affinitySeconds: 0 }])
check('headless ones are not forwarded', { spec: { clusterIPs: ['None'], clusterIP: 'None' } }, [])
check('nor names elsewhere', { spec: { type: 'ExternalName' } }, [])
check('nor those of another proxy', { metadata: { labels: { 'service.kubernetes.io/service-proxy-name': '' } } }, [])
check('nor the address that the node serves itself', { spec: { clusterIPs: ['10.96.0.10'] } }, [])
check('nor a family that it has not', { spec: { clusterIPs: ['fd00::7'] } }, [])
check('the family’s own address', { spec: { clusterIPs: ['fd00::7', '10.96.0.8'] } }, [{ clusterIP: '10.96.0.8' }])
check('one from before there were two families', { spec: { clusterIPs: undefined, clusterIP: '10.96.0.9' } }, [{ clusterIP: '10.96.0.9' }])
check('an address that is not written as addresses are costs nobody else a rule', { spec: { clusterIPs: ['010.96.0.9'] } }, [])
check('affinity for three hours, if nothing else is said', { spec: { sessionAffinity: 'ClientIP' } }, [{ affinitySeconds: 10_800 }])
check('affinity', { spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } } }, [
  { affinitySeconds: 5 },
])

// --- addresses for outside -----------------------------------------------------------------------------------------------------------

const balancer = (ingress: object[], spec = {}) => ({ spec: { type: 'LoadBalancer', ...spec }, status: { loadBalancer: { ingress } } })
check('of a balancer', balancer([{ ip: '192.0.2.2', ipMode: 'VIP' }, { ip: '192.0.2.3' }, { ip: '2001:db8::1' }, { hostname: 'x' }]), [
  { balancerIPs: ['192.0.2.2', '192.0.2.3'] },
])
check('not of one that rewrites what it sends', balancer([{ ip: '192.0.2.2', ipMode: 'Proxy' }]), [{ balancerIPs: [] }])
check('of the users’ own, in their canonical form, once', { spec: { externalIPs: ['192.0.2.3', '192.0.2.003', '', 'x', '2001:db8::1'] } }, [
  { externalIPs: ['192.0.2.3'] },
])
check('of the users’ own, which do not count', { spec: { externalIPs: ['192.0.2.3'] } }, [{ externalIPs: [] }], { externalIPs: false })
const ranges = (loadBalancerSourceRanges: string[]) => balancer([{ ip: '198.51.100.2' }], { loadBalancerSourceRanges })
check('ranges, without those that lie in another', ranges([' 10.0.0.5/8', '10.1.0.0/16', '2001:db8::/32', '172.16.0.0/12 ']), [
  { sourceRanges: ['10.0.0.0/8', '172.16.0.0/12'] },
])
check('the range of all', ranges(['10.0.0.0/8', '0.0.0.0/0']), [{ sourceRanges: [] }])
check('ranges of the other family limit nothing here', ranges(['2001:db8::/32']), [{ sourceRanges: [] }])
check('ranges with the node in them let it come by the balancer’s address', ranges(['192.0.2.0/24']), [
  { sourceRanges: ['192.0.2.0/24', '198.51.100.2/32'] },
])

// --- endpoints -----------------------------------------------------------------------------------------------------------------------

const slice = (endpoints: object[], more: object = {}): EndpointSlice =>
  ({ addressType: 'IPv4', ports: [{ port: 8080, protocol: 'TCP', name: '' }], endpoints, ...more }) as unknown as EndpointSlice

checkEndpoints('never an address of the node itself', [slice([{ addresses: ['127.0.0.1'] }, { addresses: ['169.254.169.254'] }])], '')
checkEndpoints('each once', [slice([{ addresses: ['10.0.0.1'] }]), slice([{ addresses: ['10.0.0.1'] }])], '10.0.0.1:8080')
checkEndpoints('only the first address of each', [slice([{ addresses: ['10.0.0.1', '10.0.0.2'] }])], '10.0.0.1:8080')
checkEndpoints('of this family', [slice([{ addresses: ['10.0.0.1'] }], { addressType: 'FQDN' })], '')
checkEndpoints('of this port', [slice([{ addresses: ['10.0.0.1'] }], { ports: [{ name: 'other', port: 1, protocol: 'TCP' }] })], '')
checkEndpoints('of this protocol', [slice([{ addresses: ['10.0.0.1'] }], { ports: [{ name: '', port: 1, protocol: 'UDP' }] })], '')
checkEndpoints('with a number', [slice([{ addresses: ['10.0.0.1'] }], { ports: [{ name: '', protocol: 'TCP' }] })], '')
checkEndpoints(
  'of two pods that have one address the one that runs',
  [
    slice([
      { addresses: ['10.0.0.1'], conditions: { ready: true } },
      { addresses: ['10.0.0.1'], conditions: { ready: false, serving: false, terminating: true } },
    ]),
  ],
  '10.0.0.1:8080',
)
checkEndpoints(
  'whichever comes first',
  [
    slice([
      { addresses: ['10.0.0.1'], conditions: { ready: false, serving: false, terminating: true } },
      { addresses: ['10.0.0.1'], conditions: { ready: true } },
    ]),
  ],
  '10.0.0.1:8080',
)

test('what a balancer is told: ready ones of this node, each address once', () => {
  const here = (address: string, ready?: boolean) => ({ addresses: [address], nodeName: 'n', conditions: { ready } })
  const slices = [
    slice([here('10.0.0.1'), here('10.0.0.2', false), { addresses: ['10.0.0.3'], nodeName: 'other' }]),
    slice([here('10.0.0.1', true), here('10.0.0.4', true)], { ports: [{ name: 'x', port: 1 }] }),
    slice([here('fd00::1', true)], { addressType: 'IPv6' }),
  ]
  assert.equal(localReadyCount(slices, options), 2)
  assert.equal(localReadyCount(slices, { ...options, family: 'ip6' }), 1)
})

test('a health check port: of balancers whose traffic stays on the node', () => {
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30_001 }
  assert.equal(healthCheckPortOf(service({ spec })), 30_001)
  assert.equal(healthCheckPortOf(service({ spec: { ...spec, type: 'NodePort' } })), 0)
  assert.equal(healthCheckPortOf(service({ spec: { ...spec, externalTrafficPolicy: 'Cluster' } })), 0)
  assert.equal(healthCheckPortOf(service({ spec: { ...spec, healthCheckNodePort: undefined } })), 0)
})

interface Given {
  readonly metadata?: object
  readonly spec?: object
  readonly status?: object
}

function service({ metadata, spec, status }: Given): Service {
  return {
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { type: 'ClusterIP', clusterIPs: ['10.96.0.7'], ports: [{ port: 80, protocol: 'TCP' }], ...spec },
    status,
  } as unknown as Service
}

function check(name: string, given: Given, expected: readonly Partial<ServicePort>[], more: Partial<PortsOptions> = {}): void {
  test(name, () => {
    const ports = servicePorts(service(given), [], { ...options, ...more })
    assert.equal(ports.length, expected.length)
    for (const [at, wanted] of expected.entries())
      for (const [field, value] of Object.entries(wanted)) assert.deepEqual(ports[at]![field as keyof ServicePort], value, field)
  })
}

function checkEndpoints(name: string, slices: readonly EndpointSlice[], expected: string): void {
  test(`endpoints: ${name}`, () => {
    const [port] = servicePorts(service({}), slices, options)
    assert.equal(port!.usable.cluster.map((one) => `${one.address}:${one.port}`).join(), expected)
  })
}
