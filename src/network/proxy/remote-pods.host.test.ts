/** Pods of other nodes that come to this one, seen by packets through a real kernel. Needs root, ip, nft and conntrack. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { ServiceProxyOptions } from './proxy.ts'
import { addresses, openPacketWorld, type PacketWorld } from './testing/packet-world.ts'

/** The client's namespace stands for another node with a client and a server as its pods. */
const remote = [
  { client: '10.9.1.99', server: '10.9.1.98', length: 32, node: addresses.node[0], here: addresses.a[0], addressType: 'IPv4' },
  { client: 'fd00:9:1::99', server: 'fd00:9:1::98', length: 128, node: addresses.node[1], here: addresses.a[1], addressType: 'IPv6' },
] as const

let world: PacketWorld
before(async () => {
  world = await openPacketWorld(`rp${process.pid % 10_000}`)
  for (const { client, server, length, node } of remote) {
    for (const address of [client, server]) {
      await world.inside('client', 'ip', 'address', 'add', `${address}/${length}`, 'dev', 'eth0', ...(length === 128 ? ['nodad'] : []))
      await world.inside('node', 'ip', 'route', 'add', `${address}/${length}`, 'dev', 'vout')
    }
    await world.inside('client', 'ip', 'route', 'add', `${node}/${length}`, 'dev', 'eth0', 'src', client)
  }
})
after(() => world.close())
beforeEach(() => {
  for (const cache of [world.services, world.slices]) cache.clear()
  world.failures.length = 0
})

for (const policy of ['Local', 'Cluster'] as const)
  for (const { client, server, node, here, addressType } of remote)
    test(`a node port of policy ${policy} leads pods of other nodes to any endpoint, and back (${addressType})`, async () => {
      put(policy, addressType, server, 'there')
      const proxy = await world.start({ table: { clusterCIDR: '10.9.0.0/16,fd00:9::/32' } as ServiceProxyOptions['table'] })
      assert.deepEqual(await world.probe({ from: 'client', to: node, port: 30080 }), { who: ['client'], as: [node] })
      put(policy, addressType, here, 'here')
      await proxy.settled()
      const seen = policy === 'Local' ? client : addressType === 'IPv4' ? '10.9.0.1' : 'fd00:9::1'
      assert.deepEqual(await world.probe({ from: 'client', to: node, port: 30080 }), { who: ['a'], as: [seen] })
      assert.deepEqual(world.failures, [])
    })

function put(externalTrafficPolicy: string, addressType: string, address: string, nodeName: string): void {
  const clusterIPs = [addressType === 'IPv4' ? '10.8.0.7' : 'fd00:8::7']
  world.services.put({
    metadata: { name: 'web', namespace: 'shop', labels: {} },
    spec: { type: 'NodePort', clusterIPs, externalTrafficPolicy, ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }] },
  } as unknown as Service)
  world.slices.put({
    metadata: { name: 'web', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType,
    ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints: [{ addresses: [address], conditions: { ready: true }, nodeName }],
  } as unknown as EndpointSlice)
}
