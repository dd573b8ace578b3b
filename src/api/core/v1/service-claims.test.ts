import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceClaims } from './service-claims.ts'

type Port = { readonly port: number; readonly protocol?: string; readonly nodePort?: number }

const serviceOf = (ports: readonly Port[], spec: object = {}) =>
  ({ metadata: { name: 's' }, spec: { type: 'NodePort', clusterIP: 'None', ports, ...spec } }) as never

/** The node ports that are claimed, `?` for any, and those that the service has when each `?` got one from 1 on. */
function check(name: string, service: never, wanted: { readonly claims: readonly string[]; readonly ports: readonly number[] }): void {
  test(name, () => {
    const claims = serviceClaims(service)
    let next = 0
    let given = service as { spec: { ports: readonly Port[] } }
    for (const { value, set } of claims) given = set(given as never, value || `${++next}`) as never
    assert.deepEqual(
      {
        claims: claims.map(({ value, field }) => `${field} ${value || '?'}`),
        ports: given.spec.ports.map(({ nodePort }) => nodePort ?? 0),
      },
      { claims: wanted.claims.map((claim) => `spec.ports[${claim[0]}].nodePort ${claim.slice(2)}`), ports: wanted.ports },
    )
  })
}

check('each number gets one', serviceOf([{ port: 80 }, { port: 443 }]), { claims: ['0 ?', '1 ?'], ports: [1, 2] })
check(
  'ports of one number share one',
  serviceOf([
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ]),
  {
    claims: ['0 ?'],
    ports: [1, 1],
  },
)
check('the one that either asks for', serviceOf([{ port: 53 }, { port: 53, protocol: 'UDP', nodePort: 30053 }]), {
  claims: ['0 30053'],
  ports: [30053, 30053],
})
check(
  'and where they ask for two, both have theirs',
  serviceOf([
    { port: 53, nodePort: 30001 },
    { port: 53, nodePort: 30002 },
  ]),
  {
    claims: ['0 30001', '1 30002'],
    ports: [30001, 30002],
  },
)
check('none where nobody wants any', serviceOf([{ port: 80 }], { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }), {
  claims: [],
  ports: [0],
})

test('a hundred thousand ports are claimed one by one, not each by looking at all', () => {
  const ports = Array.from({ length: 100_000 }, (_, i) => ({ port: i }))
  const started = process.threadCpuUsage()
  assert.equal(serviceClaims(serviceOf(ports)).length, ports.length)
  assert.ok(process.threadCpuUsage(started).user < 3e6)
})
