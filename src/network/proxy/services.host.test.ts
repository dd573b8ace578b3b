/** Every feature of Services, seen by packets through a real kernel. Needs root, ip, nft and conntrack. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { ServiceProxy, ServiceProxyOptions } from './proxy.ts'
import { addresses, openPacketWorld, ownAddress, type PacketWorld, type Place, type Probe, pods } from './testing/packet-world.ts'

let world: PacketWorld
let proxy: ServiceProxy
before(async () => {
  world = await openPacketWorld(`svc${process.pid % 10_000}`)
})
after(() => world.close())
beforeEach(() => {
  for (const cache of [world.services, world.slices, world.hostPods]) cache.clear()
  world.failures.length = 0
})

const [v4, v6] = ['10.8.0.7', 'fd00:8::7']
const [node4, node6] = addresses.node
const all = [...pods]
const refused = ['refused']
const silence = ['silence']
const external = { type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }] }
const ending = { ready: false, serving: true, terminating: true }

for (const net of ['tcp', 'udp'] as const) {
  check(`a Service of ${net}, from everywhere, in both families`, { spec: { ports: [{ port: 80, protocol: net.toUpperCase() }] } }, [
    ...(['client', 'node', 'a', 'b'] as const).flatMap((from) =>
      [v4, v6].map((to): Expected => ({ from, to, port: 80, net, count: 40, who: all })),
    ),
  ])
  check(
    `nobody there: told at once, by ${net}`,
    { spec: { ...external, ports: [{ port: 80, nodePort: 30080, protocol: net.toUpperCase() }] }, who: [] },
    [
      { from: 'a', to: v4, port: 80, net, who: refused },
      { from: 'node', to: v6, port: 80, net, who: refused },
      { from: 'client', to: v4, port: 80, net, who: refused },
      { from: 'client', to: node4, port: 30080, net, who: refused },
      { from: 'client', to: node6, port: 30080, net, who: refused },
      { from: 'client', to: node4, port: 80, net, who: refused },
    ],
  )
}
check('a client from outside comes under the node’s address, a pod under its own', {}, [
  { from: 'client', to: v4, port: 80, who: all, as: ['10.9.0.1'] },
  { from: 'client', to: v6, port: 80, who: all, as: ['fd00:9::1'] },
  { from: 'c', to: v4, port: 80, who: ['a'], as: [addresses.c[0]], only: 'a' },
])
check('a pod reaches itself through its Service', { who: ['a'] }, [
  { from: 'a', to: v4, port: 80, who: ['a'], as: ['10.9.0.1'] },
  { from: 'a', to: v6, port: 80, who: ['a'], as: ['fd00:9::1'] },
])
check('what is not given away: unknown ports are refused, unknown addresses dropped, the name server’s are its own', {}, [
  { from: 'a', to: v4, port: 81, who: refused },
  { from: 'node', to: v6, port: 81, who: refused },
  { from: 'a', to: '10.8.0.8', port: 80, who: silence },
  { from: 'client', to: 'fd00:8::8', port: 80, who: silence },
])
test('who asks for a name while nobody answers is not refused, and asks again', async () => {
  const own = [ownAddress, 'fd00:8::a']
  await world.inside('node', 'ip', 'address', 'replace', own[0]!, 'dev', 'svc0')
  await world.inside('node', 'ip', 'address', 'replace', own[1]!, 'dev', 'svc0', 'nodad')
  proxy = await world.start({ ownAddresses: own })
  for (const to of own) {
    assert.deepEqual((await world.probe({ from: 'a', to, port: 53, net: 'udp' })).who, silence)
    assert.deepEqual((await world.probe({ from: 'a', to, port: 53 })).who, refused)
  }
  assert.deepEqual((await world.probe({ from: 'a', to: node4, port: 53, net: 'udp' })).who, refused)
})

check('node ports answer at the node’s own address, in both families, and at no other', { spec: external }, [
  ...[node4, node6].flatMap((to): Expected[] => [
    { from: 'client', to, port: 30080, who: all, count: 40 },
    { from: 'a', to, port: 30080, who: all, count: 40 },
    { from: 'node', to, port: 30080, who: all, count: 40 },
  ]),
  { from: 'a', to: '10.9.0.1', port: 30080, who: refused },
  { from: 'node', to: '127.0.0.1', port: 30080, who: refused },
])
check(
  'node ports at the addresses that the setting says',
  { spec: external, options: { nodePortAddresses: ['10.9.0.0/16', 'fd00:9::/64'] } },
  [
    { from: 'a', to: '10.9.0.1', port: 30080, who: all, count: 40 },
    { from: 'a', to: 'fd00:9::1', port: 30080, who: all, count: 40 },
    { from: 'client', to: node4, port: 30080, who: refused },
  ],
)
check('external addresses count only where the setting says so', { spec: { externalIPs: ['192.168.77.50'] } }, [
  { from: 'a', to: '192.168.77.50', port: 80, who: ['EHOSTUNREACH', 'silence'], either: true },
])
check('external addresses', { spec: { externalIPs: ['192.168.77.50', 'fd00:77::50'] }, externalIPs: true }, [
  { from: 'a', to: '192.168.77.50', port: 80, who: all, count: 40 },
  { from: 'node', to: 'fd00:77::50', port: 80, who: all, count: 40 },
])
check(
  'a balancer’s addresses, but not one whose balancer rewrites what it sends',
  { spec: external, ingress: [{ ip: '192.168.77.50', ipMode: 'Proxy' }, { ip: node4 }, { ip: node6 }] },
  [
    { from: 'client', to: node4, port: 80, who: all, count: 40 },
    { from: 'client', to: node6, port: 80, who: all, count: 40 },
    { from: 'a', to: node4, port: 80, who: all, count: 40 },
    { from: 'a', to: '192.168.77.50', port: 80, who: ['EHOSTUNREACH', 'silence'], either: true },
  ],
)
check(
  'a balancer lets only its ranges in; node ports are open to all',
  { spec: { ...external, loadBalancerSourceRanges: [' 10.9.0.2/32', '10.9.0.0/30', 'fd00:9::/64'] } },
  [
    { from: 'client', to: node4, port: 80, who: silence },
    { from: 'a', to: node4, port: 80, who: all, count: 40 },
    { from: 'c', to: node4, port: 80, who: silence },
    { from: 'client', to: node6, port: 80, who: silence },
    { from: 'c', to: node6, port: 80, who: all, count: 40 },
    { from: 'client', to: node4, port: 30080, who: all, count: 40 },
  ],
)
check(
  'a balancer whose ranges have the node lets the node in by its own address',
  { spec: { ...external, loadBalancerSourceRanges: ['192.168.77.0/30'] } },
  [
    { from: 'node', to: node4, port: 80, who: all, count: 40 },
    { from: 'client', to: node4, port: 80, who: silence },
  ],
)
check(
  'traffic from outside that must stay here keeps its sender; who is inside gets any endpoint',
  { spec: { ...external, externalTrafficPolicy: 'Local' } },
  [
    ...[node4, node6].flatMap((to, family): Expected[] => [
      { from: 'client', to, port: 30080, who: ['a', 'b'], count: 40, as: [addresses.client[family]!] },
      { from: 'client', to, port: 80, who: ['a', 'b'], count: 40, as: [addresses.client[family]!] },
      { from: 'a', to, port: 30080, who: all, count: 40 },
      { from: 'node', to, port: 80, who: all, count: 40 },
    ]),
    { from: 'client', to: v4, port: 80, who: all, count: 40 },
  ],
)
check(
  'and where nobody is here, nothing comes through from outside',
  { spec: { ...external, externalTrafficPolicy: 'Local' }, who: ['c'] },
  [
    { from: 'client', to: node4, port: 30080, who: silence },
    { from: 'client', to: node6, port: 80, who: silence },
    { from: 'a', to: node4, port: 30080, who: ['c'] },
    { from: 'node', to: node6, port: 80, who: ['c'] },
    { from: 'a', to: v4, port: 80, who: ['c'] },
  ],
)
check('traffic from inside that must stay here', { spec: { internalTrafficPolicy: 'Local' } }, [
  { from: 'a', to: v4, port: 80, who: ['a', 'b'], count: 40 },
  { from: 'node', to: v6, port: 80, who: ['a', 'b'], count: 40 },
])
check('and where nobody is here', { spec: { ...external, internalTrafficPolicy: 'Local' }, who: ['c'] }, [
  { from: 'a', to: v4, port: 80, who: silence },
  { from: 'client', to: node4, port: 30080, who: ['c'] },
])
check('pods that end serve while nobody else does', { who: ['a', 'b'], conditions: { a: ending, b: { ready: false, serving: false } } }, [
  { from: 'c', to: v4, port: 80, who: ['a'] },
])
check('pods that end serve nobody once another is ready', { who: ['a', 'b'], conditions: { a: ending } }, [
  { from: 'c', to: v4, port: 80, who: ['b'] },
])
check(
  'a pod that ends serves the node’s own traffic from outside, though others are ready elsewhere',
  { spec: { ...external, externalTrafficPolicy: 'Local' }, who: ['a', 'c'], conditions: { a: ending } },
  [
    { from: 'client', to: node4, port: 30080, who: ['a'] },
    { from: 'b', to: v4, port: 80, who: ['c'] },
  ],
)
check(
  'several ports, each with its own endpoints’ port',
  {
    spec: {
      ports: [
        { name: 'x', port: 80, protocol: 'TCP' },
        { name: 'y', port: 81, protocol: 'UDP' },
      ],
    },
    who: ['b'],
  },
  [
    { from: 'a', to: v4, port: 80, who: ['b'] },
    { from: 'a', to: v4, port: 81, net: 'udp', who: ['b'] },
    { from: 'a', to: v6, port: 81, net: 'udp', who: ['b'] },
    { from: 'a', to: v4, port: 81, who: refused },
  ],
)
check(
  'pods of this zone are preferred, if all have hints',
  { hints: { a: { forZones: [{ name: 'z1' }] }, b: { forZones: [{ name: 'z2' }] }, c: { forZones: [{ name: 'z1' }] } }, zone: 'z1' },
  [{ from: 'node', to: v4, port: 80, who: ['a', 'c'], count: 40 }],
)
check(
  'pods of this node are preferred',
  { hints: { a: { forNodes: [{ name: 'there' }] }, b: { forNodes: [{ name: 'here' }] }, c: { forNodes: [{ name: 'there' }] } } },
  [{ from: 'node', to: v4, port: 80, who: ['b'] }],
)
check(
  'a hint that one lacks counts for none',
  { hints: { a: { forZones: [{ name: 'z1' }] }, b: { forZones: [{ name: 'z2' }] } }, zone: 'z1' },
  [{ from: 'node', to: v4, port: 80, who: all, count: 40 }],
)
check('another proxy’s Service is left alone', { labels: { 'service.kubernetes.io/service-proxy-name': 'other' } }, [
  { from: 'a', to: v4, port: 80, who: silence },
])

test('affinity: a client stays, whichever address it comes by, until its endpoint goes, and through a restart', async () => {
  const spec = { ...external, sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }
  for (const family of [0, 1]) {
    const [cluster, own] = [[v4, v6][family]!, addresses.node[family]!]
    put({ spec })
    proxy = await world.start()
    const first = (await world.probe({ from: 'client', to: cluster, port: 80, count: 20 })).who
    assert.equal(first.length, 1, `stays: ${first}`)
    assert.deepEqual((await world.probe({ from: 'client', to: own, port: 30080 })).who, first, 'by the node port')
    assert.deepEqual((await world.probe({ from: 'client', to: own, port: 80 })).who, first, 'by the balancer')
    proxy = await world.start()
    assert.deepEqual((await world.probe({ from: 'client', to: cluster, port: 80, count: 20 })).who, first, 'after a restart')
    const rest = all.filter((one) => one !== first[0])
    put({ spec, who: rest })
    await proxy.settled()
    const second = (await world.probe({ from: 'client', to: cluster, port: 80, count: 20 })).who
    assert.equal(second.length, 1)
    assert.ok(rest.includes(second[0] as 'a'), 'another one')
    put({ spec })
    await proxy.settled()
    assert.deepEqual((await world.probe({ from: 'client', to: cluster, port: 80, count: 20 })).who, second, 'the first is not taken back')
    put({ spec: { ...spec, sessionAffinity: 'None' } })
    await proxy.settled()
    assert.deepEqual((await world.probe({ from: 'client', to: cluster, port: 80, count: 40 })).who, all, 'and without affinity all')
  }
  assert.deepEqual(world.failures, [])
})

test('a node port goes from one Service to another, two swap theirs, and a port gets another protocol', async () => {
  const ports = (nodePort: number, protocol = 'TCP') => ({ type: 'NodePort', ports: [{ port: 80, nodePort, protocol }] })
  const one = { name: 'one', who: ['a'] as const }
  const two = { name: 'two', who: ['b'] as const, addresses: ['10.8.0.9', 'fd00:8::9'] }
  const who = async (port: number, net: 'tcp' | 'udp' = 'tcp') => {
    await proxy.settled()
    return (await world.probe({ from: 'client', to: node4, port, net })).who
  }
  put({ ...one, spec: ports(30_080) })
  put({ ...two, spec: ports(0) })
  proxy = await world.start()
  assert.deepEqual(await who(30_080), ['a'])
  put({ ...one, spec: ports(0) })
  put({ ...two, spec: ports(30_080) })
  assert.deepEqual(await who(30_080), ['b'])
  put({ ...one, spec: ports(30_081) })
  assert.deepEqual(await who(30_081), ['a'])
  put({ ...one, spec: ports(30_080) })
  put({ ...two, spec: ports(30_081) })
  assert.deepEqual([await who(30_080), await who(30_081)], [['a'], ['b']])
  put({ ...one, spec: ports(30_080, 'UDP') })
  assert.deepEqual([await who(30_080, 'udp'), await who(30_080)], [['a'], refused])
  assert.deepEqual(world.failures, [])
})

test('affinity ends with its time', async () => {
  put({ spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } } })
  proxy = await world.start()
  const seen = new Set<string>()
  const until = Date.now() + 20_000
  while (seen.size < 2 && Date.now() < until) {
    for (const one of (await world.probe({ from: 'client', to: v4, port: 80, count: 2 })).who) seen.add(one)
    while ((await world.inside('node', 'nft', 'list', 'map', 'ip', 'wherry', 'sticky-clients')).includes('expires'))
      await new Promise(setImmediate)
  }
  assert.ok(seen.size > 1)
})

test('UDP flows: away from an endpoint that is gone, and from the time before there was one', async () => {
  for (const [to, port] of [
    [v4, 80],
    [v6, 80],
    [node4, 30080],
  ] as const) {
    const spec = { ...external, ports: [{ port: 80, nodePort: 30080, protocol: 'UDP' }] }
    put({ spec, who: ['a'] })
    proxy = await world.start()
    const flow: Probe = { from: 'client', to, port, net: 'udp', count: 3, fromPort: 4_000 }
    assert.deepEqual((await world.probe(flow)).who, ['a'])
    put({ spec, who: ['a', 'b'] })
    await proxy.settled()
    assert.deepEqual((await world.probe(flow)).who, ['a'], 'a flow whose endpoint serves goes on')
    put({ spec, who: ['b'] })
    await proxy.settled()
    assert.deepEqual((await world.probe(flow)).who, ['b'])
    put({ spec, who: [] })
    await proxy.settled()
    put({ spec, who: ['c'] })
    await proxy.settled()
    assert.deepEqual((await world.probe(flow)).who, ['c'])
    // A flow that began when nobody forwarded it: the kernel remembers that it goes to the node itself.
    for (const cache of [world.services, world.slices]) cache.clear()
    await proxy.settled()
    await world.inside('node', 'nft', 'flush', 'ruleset')
    await proxy.stop()
    await world.probe({ ...flow, count: 1 })
    put({ spec, who: ['a'] })
    proxy = await world.start()
    assert.deepEqual((await world.probe(flow)).who, ['a'])
  }
})

test('who knocks at an endpoint that is silent and then gone is let in by another at the next try', { timeout: 60_000 }, async () => {
  for (const to of [v4, v6]) {
    put({ who: ['a'] })
    proxy = await world.start()
    await world.inside('a', 'nft', 'table inet silent { chain in { type filter hook input priority 0; policy drop; }; }')
    try {
      const knocking = world.hold('client', to, 80)
      const isKnocking = async () =>
        (await world.inside('node', 'conntrack', '-L', '-p', 'tcp', '--state', 'SYN_SENT', '-f', to === v4 ? 'ipv4' : 'ipv6')).includes(
          `dst=${to} `,
        )
      while (!(await isKnocking())) await new Promise(setImmediate)
      put({ who: ['b'] })
      const held = await knocking
      assert.match(await held.say('one'), /^b /)
      held.end()
    } finally {
      await world.inside('a', 'nft', 'delete table inet silent')
    }
    await proxy.stop()
  }
})

test('a connection goes on through a restart, which writes all rules anew, and the end of its Service', async () => {
  put({ who: ['a', 'b'] })
  proxy = await world.start()
  const held = await world.hold('client', v4, 80)
  const heard = await held.say('one')
  proxy = await world.start()
  assert.equal(await held.say('one'), heard)
  world.services.clear()
  await proxy.settled()
  assert.equal(await held.say('one'), heard)
  held.end()
})

test('no pod speaks to the port by which nodes send each other packets of pods', async () => {
  const table = { tunnel: { port: 8472, devices: ['cbr0'] }, unmasqueraded: [...addresses.node, ...addresses.client] }
  proxy = await world.start({ table: table as unknown as ServiceProxyOptions['table'] })
  const ask = async (from: Place, to: string, port: number) => (await world.probe({ from, to, port, net: 'udp', count: 1 })).who
  for (const to of [node4, node6, '10.9.0.1', 'fd00:9::1', ...addresses.client]) {
    assert.deepEqual(await ask('a', to, 8472), silence, to)
    assert.deepEqual(await ask('a', to, 8473), refused, to)
  }
  assert.deepEqual(await ask('client', node4, 8472), refused, 'nodes do')
})

test('rules that somebody removed come back by themselves', async () => {
  put({})
  proxy = await world.start({ checkAfterMs: 20 })
  for (const words of [
    ['flush', 'ruleset'],
    ['delete', 'table', 'ip', 'wherry'],
    ['flush', 'chain', 'ip6', 'wherry', 'services'],
  ]) {
    await world.inside('node', 'nft', ...words)
    const until = Date.now() + 5_000
    for (const to of [v4, v6]) {
      let { who } = await world.probe({ from: 'a', to, port: 80, count: 1 })
      while (!all.includes(who[0] as 'a') && Date.now() < until) ({ who } = await world.probe({ from: 'a', to, port: 80, count: 1 }))
      assert.ok(all.includes(who[0] as 'a'), `${words.join(' ')}: ${who}`)
    }
  }
})

test('pods go out under the node’s address, and to nodes under their own; nodes change as a difference', async () => {
  proxy = await world.start()
  assert.deepEqual((await world.probe({ from: 'a', to: addresses.client[0], port: 8080 })).as, [node4])
  assert.deepEqual((await world.probe({ from: 'a', to: addresses.client[1], port: 8080 })).as, [node6])
  assert.deepEqual((await world.probe({ from: 'a', to: node4, port: 8080 })).as, [addresses.a[0]])
  proxy.setFacts({ unmasqueraded: [...addresses.node, ...addresses.client] })
  await proxy.settled()
  assert.deepEqual((await world.probe({ from: 'a', to: addresses.client[0], port: 8080 })).as, [addresses.a[0]])
  assert.deepEqual((await world.probe({ from: 'a', to: addresses.client[1], port: 8080 })).as, [addresses.a[1]])
  assert.deepEqual((await world.probe({ from: 'a', to: addresses.b[0], port: 8080 })).as, [addresses.a[0]])
})

interface Expected extends Probe {
  readonly who: readonly string[]
  readonly as?: readonly string[]
  /** Any of `who` will do. */
  readonly either?: boolean
  /** Asked while only this pod is behind the Service. */
  readonly only?: Place
}

interface Given {
  readonly name?: string
  readonly addresses?: readonly string[]
  readonly spec?: object
  readonly labels?: Record<string, string>
  readonly ingress?: readonly object[]
  readonly who?: readonly (typeof pods)[number][]
  readonly conditions?: Partial<Record<Place, object>>
  readonly hints?: Partial<Record<Place, object>>
  readonly zone?: string
  readonly externalIPs?: boolean
  readonly options?: Partial<ServiceProxyOptions['table']>
}

function check(name: string, given: Given, expected: readonly Expected[]): void {
  test(name, async () => {
    put(given)
    proxy = await world.start({
      ...(given.zone !== undefined && { zone: given.zone }),
      ...(given.externalIPs !== undefined && { externalIPs: given.externalIPs }),
      ...(given.options && { table: given.options as ServiceProxyOptions['table'] }),
    })
    for (const { who, as, either = false, only, ...probe } of expected) {
      if (only !== undefined) {
        put({ ...given, who: [only as 'a'] })
        await proxy.settled()
      }
      const answers = await world.probe(probe)
      const text = JSON.stringify(probe)
      if (either)
        assert.ok(
          answers.who.every((one) => who.includes(one)),
          `${text}: ${answers.who}`,
        )
      else assert.deepEqual(answers.who, who, text)
      if (as !== undefined) assert.deepEqual(answers.as, as, text)
    }
    assert.deepEqual(world.failures, [])
  })
}

/** Puts the Service and what is behind it. */
function put({
  name: called = 'web',
  addresses: clusterIPs = [v4, v6],
  spec = {},
  labels = {},
  ingress = [{ ip: node4 }, { ip: node6 }],
  who = pods,
  conditions = {},
  hints = {},
}: Given): void {
  const service = {
    kind: 'Service',
    metadata: { name: called, namespace: 'shop', labels, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { type: 'ClusterIP', clusterIPs, ipFamilies: ['IPv4', 'IPv6'], ports: [{ port: 80, protocol: 'TCP' }], ...spec },
    status: (spec as { type?: string }).type === 'LoadBalancer' ? { loadBalancer: { ingress } } : {},
  } as unknown as Service
  world.services.put(service)
  for (const [family, addressType] of [
    [0, 'IPv4'],
    [1, 'IPv6'],
  ] as const)
    world.slices.put({
      kind: 'EndpointSlice',
      metadata: { name: `${called}-${addressType}`, namespace: 'shop', labels: { 'kubernetes.io/service-name': called } },
      addressType,
      ports: (service.spec.ports ?? []).map(({ name = '', protocol }) => ({ name, protocol, port: 8080 })),
      endpoints: who.map((place) => ({
        addresses: [addresses[place][family]],
        conditions: conditions[place] ?? { ready: true },
        nodeName: place === 'c' ? 'there' : 'here',
        ...(hints[place] && { hints: hints[place] }),
      })),
    } as unknown as EndpointSlice)
}
