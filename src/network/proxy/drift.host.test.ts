/** What somebody else changes of the rules, in a real kernel. Needs root, ip, nft and conntrack. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createServiceHost } from '#host/service-host.ts'
import { addresses, openPacketWorld, type PacketWorld } from './testing/packet-world.ts'

let world: PacketWorld
before(async () => {
  world = await openPacketWorld(`drift${process.pid % 10_000}`)
})
after(() => world.close())
beforeEach(() => world.services.clear())

const soon = { checkAfterMs: 20 }

check('a chain that was emptied', 'flush chain ip wherry nat-postrouting')
check('a rule of somebody else', 'insert rule ip6 wherry filter-forward drop')
check('a chain of somebody else', 'add chain ip wherry other { type filter hook forward priority 0; policy drop; }')
check('a table that was put to sleep', 'add table ip6 wherry { flags dormant; }')
check('an element, once an hour', 'delete element ip wherry endpoints { 10.8.0.7 . tcp . 80 . 1:1 }', { renewAfterMs: 100 })
check('all elements of a map, once an hour', 'flush map ip6 wherry services', { renewAfterMs: 100 })

test('nobody notices that everything is written anew', async () => {
  put(60)
  const host = createServiceHost(world.prefix('node'))
  let whole = 0
  await world.start({
    ...soon,
    renewAfterMs: 1,
    host: {
      ...host,
      async nft(text) {
        await host.nft(text)
        if (text.includes('delete table')) whole += 1
      },
      addresses: () => [...addresses.node],
    },
  })
  const service = { from: 'c', to: '10.8.0.7', port: 80 } as const
  const [first] = (await world.probe({ ...service, count: 1 })).who
  const held = await world.hold('client', '10.8.0.7', 80)
  const before = whole
  for (const untilMs = Date.now() + 20_000; whole < before + 5 && Date.now() < untilMs; )
    assert.deepEqual(
      (await world.probe({ ...service, count: 50 })).who,
      [first],
      'each new connection is answered, by whom the client knows',
    )
  assert.ok(whole >= before + 5)
  assert.match(await held.say('still here'), /heard still here/)
  held.end()
})

test('what we write ourselves is no drift', async () => {
  const host = createServiceHost(world.prefix('node'))
  const whole = { count: 0 }
  const looks = { until: 3, done: Promise.withResolvers<void>() }
  const proxy = await world.start({
    ...soon,
    host: {
      ...host,
      async nft(text) {
        if (text.includes('delete table')) whole.count += 1
        await host.nft(text)
      },
      async listRules(tables) {
        const listing = await host.listRules(tables)
        if ((looks.until -= 1) === 0) looks.done.resolve()
        return listing
      },
      addresses: () => [...addresses.node],
    },
  })
  for (const affinitySeconds of [0, 60, 0]) {
    looks.until = 3
    looks.done = Promise.withResolvers()
    put(affinitySeconds)
    await proxy.settled()
    await looks.done.promise
  }
  assert.equal(whole.count, 1)
})

function check(name: string, command: string, options: { readonly renewAfterMs?: number } = {}): void {
  test(`what somebody changed is as it was: ${name}`, async () => {
    put(0)
    await world.start({ ...soon, ...options })
    const wanted = await listed()
    await world.inside('node', 'nft', command)
    const untilMs = Date.now() + 10_000
    let present = await listed()
    while (present !== wanted && Date.now() < untilMs) present = await listed()
    assert.equal(present, wanted)
  })
}

/** Everything, whatever the order of elements. */
const listed = async () =>
  (await world.inside('node', 'nft', '--stateless', 'list', 'ruleset'))
    .split(/[\s,]+/)
    .sort()
    .join(' ')

function put(affinitySeconds: number): void {
  const metadata = { name: 'web', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' }
  world.services.put({
    metadata,
    spec: {
      type: 'ClusterIP',
      clusterIPs: ['10.8.0.7', 'fd00:8::7'],
      ports: [{ port: 80, protocol: 'TCP' }],
      ...(affinitySeconds > 0 && { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: affinitySeconds } } }),
    },
    status: {},
  } as unknown as Service)
  for (const [family, i] of [
    ['IPv4', 0],
    ['IPv6', 1],
  ] as const)
    world.slices.put({
      metadata: { ...metadata, name: `web-${family}`, labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: family,
      ports: [{ name: '', protocol: 'TCP', port: 8080 }],
      endpoints: (['a', 'b'] as const).map((pod) => ({ addresses: [addresses[pod][i]], conditions: { ready: true } })),
    } as unknown as EndpointSlice)
}
