/** Of any cluster: what it answers can be read, forward and reverse names agree, and a name is denied only where nothing stands beneath it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reverseName } from './hosts.ts'
import { ask, nameServerWith, serviceNamed, slice, viewOf } from './test-zone.ts'

const label = fc.constantFrom('a', 'b', 'c', 'web', 'pod-0', 'x1')
const address = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 20 })).map(([a, b]) => `10.244.${a}.${b}`),
  fc.integer({ min: 1, max: 20 }).map((i) => `fd00:244::${i.toString(16)}`),
)
const port = fc.record(
  { name: fc.constantFrom('http', 'dns', ''), port: fc.integer({ min: 1, max: 65_535 }), protocol: fc.constantFrom('TCP', 'UDP') },
  { requiredKeys: ['port', 'protocol'] },
)
const endpoint = fc.record(
  { addresses: fc.tuple(address), hostname: label, conditions: fc.record({ ready: fc.boolean() }) },
  { requiredKeys: ['addresses'] },
)
const service = fc.oneof(
  fc.record({
    clusterIPs: fc.constant(['None']),
    clusterIP: fc.constant('None'),
    ports: fc.array(port, { maxLength: 3 }),
    publishNotReadyAddresses: fc.boolean(),
  }),
  fc.record({
    clusterIPs: fc.integer({ min: 1, max: 9 }).map((i) => [`10.96.0.${i}`, `fd00:10:96::${i}`]),
    ports: fc.array(port, { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('ExternalName'), externalName: fc.tuple(label, label).map(([a, b]) => `${a}.${b}.svc.cluster.local`) }),
)
const cluster = fc
  .array(
    fc.record({
      name: label,
      namespace: label,
      spec: service,
      endpoints: fc.array(endpoint, { maxLength: 5 }),
      ports: fc.array(port, { maxLength: 2 }),
    }),
    { maxLength: 6 },
  )
  .map((all) => [...new Map(all.map((one) => [`${one.namespace}/${one.name}`, one])).values()])

type Cluster = typeof cluster extends fc.Arbitrary<infer T> ? T : never

test('any cluster', () =>
  fc.assert(
    fc.asyncProperty(
      cluster,
      fc.array(fc.oneof(label, fc.constantFrom('_tcp', '_http', '*', 'svc', 'pod', 'dns')), { maxLength: 6 }),
      async (all, extra) => {
        const serve = serverOf(all)
        const get = (name: string, type: string) => ask(serve, { questions: [{ type: type as 'A', name }] })
        // Names that may be there: all that can be made of what the cluster has, whatever of them is.
        const beneath: string[] = ['svc', 'pod', 'dns', 'ns.dns', extra.join('.')]
        for (const { name, namespace, endpoints, ports, spec } of all) {
          const own = `${name}.${namespace}.svc`
          beneath.push(`${namespace}.svc`, `${namespace}.pod`, own)
          for (const { addresses, hostname } of endpoints) beneath.push(`${hostname ?? addresses[0].replaceAll(/[.:]/g, '-')}.${own}`)
          for (const { name: portName, protocol } of [...ports, ...('ports' in spec ? spec.ports : [])])
            beneath.push(`_${protocol.toLowerCase()}.${own}`, `_${portName}._${protocol.toLowerCase()}.${own}`)
        }
        const exists = new Set<string>()
        for (const name of beneath.map((one) => (one === '' ? 'cluster.local' : `${one}.cluster.local`))) {
          const codes = new Set<string>()
          for (const type of ['A', 'AAAA', 'SRV', 'CNAME', 'TXT']) {
            const answer = await get(name, type)
            const first = answer.answers?.[0]
            // What an alias leads to has a code of its own.
            if (first?.type === 'CNAME' && type !== 'CNAME') continue
            codes.add(answer.rcode)
            if (answer.answers?.length === 0) assert.equal(answer.authorities?.[0]?.type, 'SOA', `${name} ${type}`)
            else assert.equal(answer.rcode, 'NOERROR')
            for (const record of answer.answers ?? []) {
              if (record.type === 'SRV') {
                const targets = [
                  ...((await get(record.data.target, 'A')).answers ?? []),
                  ...((await get(record.data.target, 'AAAA')).answers ?? []),
                ]
                assert.ok(targets.length > 0, `${name} leads to ${record.data.target}`)
              }
            }
          }
          assert.equal(codes.size, 1, `${name} is there for some types and not for others: ${[...codes]}`)
          if (codes.has('NOERROR')) exists.add(name)
        }
        for (const name of exists)
          for (let above = name; above !== 'cluster.local'; above = above.slice(above.indexOf('.') + 1)) {
            if (!above.endsWith('cluster.local')) break
            assert.equal((await get(above, 'CNAME')).rcode, 'NOERROR', `${above} is above ${name}`)
          }
        for (const { endpoints, spec } of all)
          for (const one of [...endpoints.flatMap(({ addresses }) => addresses), ...('clusterIPs' in spec ? spec.clusterIPs : [])].filter(
            (text) => text !== 'None',
          ))
            for (const record of (await get(reverseName(one), 'PTR')).answers ?? []) {
              const forward = await get(String('data' in record && record.data), one.includes(':') ? 'AAAA' : 'A')
              assert.ok(
                forward.answers?.some((found) => 'data' in found && found.data === one),
                `${one} is ${'data' in record ? record.data : ''}, which is not ${one}`,
              )
            }
      },
    ),
    { numRuns: 150 },
  ))

function serverOf(all: Cluster) {
  return nameServerWith({
    view: viewOf(
      all.map(({ name, namespace, spec }) => serviceNamed(name, spec, namespace)),
      all.flatMap(({ name, namespace, endpoints, ports }) =>
        ['IPv4', 'IPv6'].map((family) => {
          const own = endpoints.filter(({ addresses }) => addresses[0].includes(':') === (family === 'IPv6'))
          const made = slice(name, family, own, ports)
          return { ...made, metadata: { ...made.metadata, namespace } } as typeof made
        }),
      ),
      all.map(({ namespace }) => namespace),
    ),
  })
}
