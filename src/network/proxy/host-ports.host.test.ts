/** Host ports, seen by packets through a real kernel. Needs root, ip, nft and conntrack. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { addresses, openPacketWorld, ownAddress, type PacketWorld, type Probe } from './testing/packet-world.ts'

let world: PacketWorld
before(async () => {
  world = await openPacketWorld(`hp${process.pid % 10_000}`)
})
after(() => world.close())
beforeEach(() => {
  world.hostPods.clear()
  world.failures.length = 0
})

const [node4, node6] = addresses.node
const refused = ['refused']

test('host ports in both families, with and without an address; of two pods the first has it', async () => {
  const proxy = await world.start()
  const [first, second] = [
    pod('p', 'a', '2026-01-02T00:00:00Z', [
      { hostPort: 81 },
      { hostPort: 82, hostIP: node4 },
      { hostPort: 83, protocol: 'UDP' },
      { hostPort: 84, hostIP: '010.0.0.1' },
    ]),
    pod('q', 'b', '2026-01-01T00:00:00Z', [{ hostPort: 81 }, { hostPort: 85, hostIP: '127.0.0.1' }]),
  ]
  world.hostPods.put(first)
  await proxy.settled()
  for (const to of [node4, node6]) {
    assert.deepEqual((await world.probe({ from: 'client', to, port: 81 })).who, ['a'])
    assert.deepEqual((await world.probe({ from: 'client', to, port: 83, net: 'udp' })).who, ['a'])
    assert.deepEqual((await world.probe({ from: 'a', to, port: 81 })).who, ['a'], 'itself')
  }
  assert.deepEqual((await world.probe({ from: 'client', to: node4, port: 82 })).who, ['a'])
  assert.deepEqual((await world.probe({ from: 'client', to: node6, port: 82 })).who, refused)
  world.hostPods.put(second)
  await proxy.settled()
  assert.deepEqual((await world.probe({ from: 'client', to: node4, port: 81 })).who, ['b'], 'who is here longer')
  world.hostPods.remove(second)
  await proxy.settled()
  assert.deepEqual((await world.probe({ from: 'client', to: node4, port: 81 })).who, ['a'])
  assert.deepEqual(world.failures, [])
})

test('a host port is none of the name server’s, whatever its number', async () => {
  await world.inside('node', 'ip', 'address', 'add', `${ownAddress}/32`, 'dev', 'svc0')
  const proxy = await world.start()
  world.hostPods.put(pod('p', 'a', '2026-01-01T00:00:00Z', [{ hostPort: 8080 }]))
  await proxy.settled()
  assert.deepEqual((await world.probe({ from: 'client', to: node4, port: 8080 })).who, ['a'])
  for (const from of ['b', 'node'] as const) assert.deepEqual((await world.probe({ from, to: ownAddress, port: 8080 })).who, ['node'])
  assert.deepEqual(world.failures, [])
})

test('the node reaches host ports by its loopback address, and nobody else reaches that', async () => {
  const proxy = await world.start()
  const ports = [
    { hostPort: 81 },
    { hostPort: 82, hostIP: '127.0.0.1' },
    { hostPort: 83, protocol: 'UDP' },
    { hostPort: 84, hostIP: node4 },
  ]
  world.hostPods.put(pod('p', 'a', '2026-01-01T00:00:00Z', ports))
  await proxy.settled()
  const asNode = { who: ['a'], as: ['10.9.0.1'] }
  assert.deepEqual(await world.probe({ from: 'node', to: '127.0.0.1', port: 81 }), asNode)
  assert.deepEqual(await world.probe({ from: 'node', to: '127.0.0.1', port: 82 }), asNode)
  assert.deepEqual(await world.probe({ from: 'node', to: '127.0.0.1', port: 83, net: 'udp' }), asNode)
  assert.deepEqual((await world.probe({ from: 'node', to: '127.0.0.1', port: 84 })).who, refused)
  assert.deepEqual((await world.probe({ from: 'client', to: node4, port: 82 })).who, refused)
  // A pod that means the node by it, instead of itself.
  await world.inside('b', 'ip', 'address', 'delete', '127.0.0.1/8', 'dev', 'lo')
  await world.inside('b', 'ip', 'route', 'add', '127.0.0.1/32', 'via', '10.9.0.1')
  await world.inside('b', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet')
  for (const port of [81, 8080]) assert.deepEqual((await world.probe({ from: 'b', to: '127.0.0.1', port })).who, ['silence'])
  await world.inside('node', 'nft', 'flush', 'chain', 'ip', 'wherry', 'filter-loopback')
  assert.deepEqual((await world.probe({ from: 'b', to: '127.0.0.1', port: 8080 })).who, ['node'], 'it is the rule that keeps it away')
  await world.inside('b', 'ip', 'route', 'delete', '127.0.0.1/32')
  await world.inside('b', 'ip', 'address', 'add', '127.0.0.1/8', 'dev', 'lo')
  assert.deepEqual(world.failures, [])
})

test('UDP flows to a host port: away from a pod that is gone, and from the time before there was one', async () => {
  const port = { hostPort: 83, protocol: 'UDP' }
  const ports: readonly (readonly [to: string, port: object])[] = [
    [node4, port],
    [node6, port],
    [node4, { ...port, hostIP: node4 }],
  ]
  for (const [to, wanted] of ports) {
    const proxy = await world.start()
    const flow: Probe = { from: 'client', to, port: 83, net: 'udp', count: 3, fromPort: 4_000 }
    assert.notDeepEqual((await world.probe({ ...flow, count: 1 })).who, ['a'])
    const former = pod('p', 'a', '2026-01-01T00:00:00Z', [wanted])
    world.hostPods.put(former)
    await proxy.settled()
    assert.deepEqual((await world.probe(flow)).who, ['a'], 'begun before there was one')
    world.hostPods.remove(former)
    world.hostPods.put(pod('q', 'b', '2026-01-02T00:00:00Z', [wanted]))
    await proxy.settled()
    assert.deepEqual((await world.probe(flow)).who, ['b'], 'begun with the former one')
    world.hostPods.clear()
  }
  assert.deepEqual(world.failures, [])
})

const pod = (name: string, place: 'a' | 'b', startTime: string, ports: readonly object[]): Pod =>
  ({
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', ports: ports.map((port) => ({ protocol: 'TCP', containerPort: 8080, ...port })) }] },
    status: { phase: 'Running', startTime, podIPs: addresses[place].map((ip) => ({ ip })) },
  }) as unknown as Pod
