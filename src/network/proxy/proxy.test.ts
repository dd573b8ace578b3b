/** What is written when, by a machine that fails as told. What packets meet is in `services.host.test.ts`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { sliceServiceIndex, startServiceProxy } from './proxy.ts'
import { fakeInformer } from './testing/packet-world.ts'
import { serviceHost } from './testing/service-host.ts'

test('nothing is written before the nodes are known', async () => {
  const world = start({ isSynced: false })
  world.put('web')
  await world.settle()
  assert.equal(world.written.length, 0)
  world.nodes.isSynced = true
  world.nodesKnown.resolve()
  await world.settle()
  assert.equal(world.written.length, 1)
  await world.proxy.stop()
})

test('clients that cannot be read cost their affinity, and nobody the rules', async () => {
  const world = start()
  world.put('web', { sessionAffinity: 'ClientIP' })
  world.stickyClients = async () => {
    throw new Error('too many of them')
  }
  await world.settle()
  assert.match(world.written[0]!, /add chain ip t sticky-to-shop\/web\/tcp\/80/)
  await world.proxy.stop()
})

test('a refused transaction is written anew after a second, also by a clock that was set back', async () => {
  const world = start()
  world.put('web')
  world.refusal = 'no memory'
  await world.settle()
  assert.deepEqual([world.written.length, world.refused()], [0, 1])
  world.refusal = undefined
  world.setBackMs = 3_600_000
  await world.clock.advance(1_000)
  await world.settle()
  assert.equal(world.written.length, 1)
  await world.proxy.stop()
})

test('what dashboards ask for', async () => {
  const world = start()
  world.put('web')
  world.refusal = 'no memory'
  await world.settle()
  world.refusal = undefined
  await world.clock.advance(1_000)
  await world.settle()
  world.put('other', {}, new Date(world.clock.now() - 400).toISOString())
  await world.settle()
  world.proxy.metrics!.probed('/healthz', 200)
  world.proxy.metrics!.probed('/else', 404)
  const text = world.registry.text()
  for (const line of [
    'sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"} 1',
    'sync_proxy_rules_duration_seconds_count{ip_family="IPv4"} 2',
    'sync_full_proxy_rules_duration_seconds_count{ip_family="IPv4"} 1',
    'sync_partial_proxy_rules_duration_seconds_count{ip_family="IPv4"} 1',
    'sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} 1.000001e+06',
    'sync_proxy_rules_service_changes_total 2',
    'sync_proxy_rules_endpoint_changes_pending 0',
    'network_programming_duration_seconds_bucket{ip_family="IPv4",le="0.25"} 0',
    'network_programming_duration_seconds_bucket{ip_family="IPv4",le="0.5"} 1',
    'network_programming_duration_seconds_count{ip_family="IPv4"} 1',
    'proxy_healthz_total{code="200"} 1',
  ])
    assert.ok(
      text.includes(`kubeproxy_${line}\n`),
      `${line} in\n${text
        .split('\n')
        .filter((one) => one.startsWith('kubeproxy'))
        .join('\n')}`,
    )
  assert.doesNotMatch(text, /404/)
  await world.proxy.stop()
})

test('chains that nothing leads to go when it is time, whatever is being written then', async () => {
  const world = start()
  world.put('web', { sessionAffinity: 'ClientIP' })
  await world.settle()
  world.put('web')
  await world.settle()
  const gate = Promise.withResolvers<void>()
  world.gate = gate.promise
  world.put('other')
  await world.turns()
  await world.clock.advance(5_000)
  assert.doesNotMatch(world.written.join(), /delete chain/)
  gate.resolve()
  world.gate = undefined
  await world.settle()
  assert.match(world.written.at(-1)!, /delete chain ip t sticky-to-shop\/web\/tcp\/80/)
  await world.proxy.stop()
})

test('flows to who left are looked for once the rules lead elsewhere, also while others are looked for', async () => {
  const world = start()
  const spec = { ports: ['UDP', 'TCP'].map((protocol) => ({ port: 53, protocol, name: protocol.toLowerCase() })) }
  const events: string[] = []
  let look = Promise.withResolvers<void>()
  world.forgetFlows = async (_family, protocol) => {
    events.push(`${protocol} after ${world.written.length}`)
    await look.promise
    return 0
  }
  world.put('web', spec)
  await world.turns()
  const gate = Promise.withResolvers<void>()
  world.gate = gate.promise
  world.leave('web')
  await world.turns()
  look.resolve()
  await world.turns()
  gate.resolve()
  look = Promise.withResolvers()
  look.resolve()
  await world.settle()
  assert.deepEqual(events, ['udp after 1', 'tcp after 2'])
  await world.proxy.stop()
})

test('a slice with the label of headless Services is for names alone, also when it gets the label', async () => {
  const world = start()
  world.put('web')
  await world.settle()
  assert.match(world.written[0]!, /10\.8\.0\.1 \. tcp \. 80 \. 1:1 : 10\.9\.0\.9 \. 8080/)
  const slice = world.slices.informer.get('web', 'shop')!
  world.slices.put({
    ...slice,
    metadata: { ...slice.metadata, labels: { ...slice.metadata.labels, 'service.kubernetes.io/headless': '' } },
  })
  await world.settle()
  assert.match(world.written[1]!, /add element ip t refused \{ 10\.8\.0\.1 \. tcp \. 80 \}/)
  await world.proxy.stop()
})

function start({ isSynced } = { isSynced: true }) {
  const clock = createVirtualClock(1_000_000_000)
  const services = fakeInformer<Service>()
  const slices = fakeInformer<EndpointSlice>(sliceServiceIndex.service)
  const nodesKnown = Promise.withResolvers<void>()
  if (isSynced) nodesKnown.resolve()
  const nodes = { isSynced, synced: () => nodesKnown.promise }
  let refused = 0
  const written: string[] = []
  const turns = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  const world = {
    clock,
    nodes,
    nodesKnown,
    services,
    slices,
    written,
    turns,
    setBackMs: 0,
    refusal: undefined as string | undefined,
    gate: undefined as Promise<void> | undefined,
    refused: () => refused,
    stickyClients: serviceHost.stickyClients,
    forgetFlows: serviceHost.forgetFlows,
    registry: createRegistry(),
    put(name: string, spec: object = {}, triggeredAt?: string) {
      const last = name === 'web' ? 1 : 2
      services.put({
        kind: 'Service',
        metadata: { name, namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
        spec: { type: 'ClusterIP', clusterIPs: [`10.8.0.${last}`], ports: [{ port: 80, protocol: 'TCP' }], ...spec },
        status: {},
      } as unknown as Service)
      slices.put({
        kind: 'EndpointSlice',
        metadata: {
          name,
          namespace: 'shop',
          labels: { 'kubernetes.io/service-name': name },
          ...(triggeredAt && { annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': triggeredAt } }),
        },
        addressType: 'IPv4',
        ports: ['', 'tcp', 'udp'].map((port) => ({ name: port, protocol: port === 'udp' ? 'UDP' : 'TCP', port: 8080 })),
        endpoints: [{ addresses: ['10.9.0.9'], conditions: { ready: true } }],
      } as unknown as EndpointSlice)
    },
    leave(name: string) {
      const slice = slices.informer.get(name, 'shop')!
      slices.put({ ...slice, endpoints: [] })
    },
  }
  const proxy = startServiceProxy({
    services: services.informer,
    slices: slices.informer,
    pods: fakeInformer<Pod>().informer,
    nodes,
    host: {
      ...serviceHost,
      stickyClients: (...asked) => world.stickyClients(...asked),
      forgetFlows: (...asked) => world.forgetFlows(...asked),
      async nft(text) {
        await world.gate
        if (world.refusal !== undefined) {
          refused += 1
          throw new Error(world.refusal)
        }
        written.push(text)
      },
    },
    clock: { ...clock, now: () => clock.now() - world.setBackMs, schedule: (at, run) => clock.schedule(at + world.setBackMs, run) },
    random: seededRandom(1),
    log: silentLog,
    registry: world.registry,
    nodeName: 'here',
    ownAddresses: [],
    table: { name: 't', clusterCIDR: '10.9.0.0/16', nodeAddresses: ['192.0.2.1'] },
  })
  return Object.assign(world, {
    proxy,
    async settle() {
      await turns()
      await proxy.settled()
    },
  })
}
