import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lease } from '#api/coordination/v1/lease.ts'
import { Node } from '#api/core/v1/node.ts'
import { WherryError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { kubeletConfiguration } from './configuration/kubelet-configuration.ts'
import { createTestNode } from './test-node.ts'

test('a node registers, renews its lease, and is not ready while its runtime is down', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images: { app: {} } })
  let isDown = false
  const status = async () => {
    if (isDown) throw new WherryError('ServiceUnavailable', 'gone')
    return simulated.status()
  }
  const node = await createTestNode({ clock, runtime: { ...simulated, status }, network: simulated.network })
  t.after(() => node.close())
  const kubelet = await node.startKubelet()
  await clock.advance(1000)

  const registered = await node.client.get(Node, 'node')
  assert.equal(registered.metadata.labels!['kubernetes.io/hostname'], 'node')
  assert.deepEqual(registered.status.addresses, [
    { type: 'InternalIP', address: '192.0.2.1' },
    { type: 'Hostname', address: 'node' },
  ])
  assert.deepEqual(
    [registered.status.capacity!['cpu'], registered.status.capacity!['memory'], registered.status.capacity!['pods']],
    ['4', '8Gi', '110'],
  )
  assert.equal(registered.status.allocatable!['memory'], `${8 * 2 ** 10 - 100}Mi`)
  assert.equal(registered.status.nodeInfo.containerRuntimeVersion, 'containerd://1.6.20')
  assert.equal(registered.status.images!.length, 1)
  assert.deepEqual(shown(registered), ['MemoryPressure False', 'DiskPressure False', 'PIDPressure False', 'Ready True'])

  const lease = () => node.client.get(Lease, 'node', 'kube-node-lease')
  const first = await lease()
  assert.deepEqual([first.spec.holderIdentity, first.metadata.ownerReferences![0]!.uid], ['node', registered.metadata.uid])
  await clock.advance(10_000)
  assert.ok((await lease()).spec.renewTime! > first.spec.renewTime!)

  // A taint and a condition of others stay; a quiet node writes its status only every five minutes.
  const taints = [{ key: 'mine', effect: 'NoSchedule' }]
  await node.client.patch(Node, 'node', { type: 'merge', body: { spec: { taints } } })
  const { resourceVersion } = (await node.client.get(Node, 'node')).metadata
  await clock.advance(200_000)
  assert.equal((await node.client.get(Node, 'node')).metadata.resourceVersion, resourceVersion)

  isDown = true
  simulated.breakEvents()
  await clock.advance(1000)
  const down = await node.client.get(Node, 'node')
  assert.equal(shown(down).at(-1), 'Ready False')
  assert.equal(down.status.conditions!.at(-1)!.message, 'container runtime is down: gone')
  assert.ok(node.events.includes('NodeNotReady Node node status is now: NodeNotReady'))
  isDown = false
  await clock.advance(5000)
  const back = await node.client.get(Node, 'node')
  assert.equal(shown(back).at(-1), 'Ready True')
  assert.ok(back.spec.taints!.some(({ key }) => key === 'mine'))

  await kubelet.stop()
  const quiet = (await lease()).metadata.resourceVersion
  await clock.advance(60_000)
  assert.equal((await lease()).metadata.resourceVersion, quiet)
  await node.startKubelet()
  await clock.advance(1000)
  assert.equal((await node.client.get(Node, 'node')).metadata.uid, registered.metadata.uid)
})

for (const [swapBytes, kernelVersion, isTold] of [
  [0, '6.1.0-18-amd64', false],
  [2 ** 30, '6.1.0-18-amd64', true],
  [2 ** 30, '6.4.0', false],
] as const)
  test(`with ${swapBytes} bytes of swap, Linux ${kernelVersion} ${isTold ? 'may' : 'does not'} write to disk what lies in memory`, async (t) => {
    const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
    const runtime = createSimulatedRuntime({ clock, random: seededRandom(1) })
    const node = await createTestNode({ clock, runtime, network: runtime.network, machine: { swapBytes, kernelVersion } })
    t.after(() => node.close())
    await node.startKubelet()
    await clock.advance(1000)
    assert.equal(
      node.events.some((event) => event.startsWith('PossibleMemoryBackedVolumesOnDisk ')),
      isTold,
    )
  })

test('a node that was given up says at once that it lives, and one whose object was deleted registers again', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1) })
  const node = await createTestNode({ clock, runtime, network: runtime.network })
  t.after(() => node.close())
  await node.startKubelet()
  await clock.advance(60_000)
  const { metadata, status } = await node.client.get(Node, 'node')
  const conditions = status.conditions!.map((one) => ({ ...one, status: 'Unknown', reason: 'NodeStatusUnknown' }))
  await node.client.patch(Node, 'node', { type: 'merge', body: { status: { conditions } } }, { subresource: 'status' })
  await clock.advance(0)
  assert.equal(shown(await node.client.get(Node, 'node')).at(-1), 'Ready True')

  await node.client.delete(Node, 'node')
  await clock.advance(5_000)
  const again = await node.client.get(Node, 'node')
  assert.notEqual(again.metadata.uid, metadata.uid)
  assert.equal(shown(again).at(-1), 'Ready True')
  const { resourceVersion } = again.metadata
  await clock.advance(200_000)
  assert.equal((await node.client.get(Node, 'node')).metadata.resourceVersion, resourceVersion)
})

test('tells what it sees of itself, and keeps resources that others advertise', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1) })
  const node = await createTestNode({ clock, runtime, network: runtime.network })
  t.after(() => node.close())
  const kubelet = await node.startKubelet()
  await clock.advance(1000)
  const told = (reason: string) => node.events.filter((event) => event.startsWith(`${reason} `)).length
  assert.deepEqual(['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID', 'Rebooted'].map(told), [1, 1, 1, 0])

  await node.client.patch(
    Node,
    'node',
    { type: 'merge', body: { status: { capacity: { 'example.com/dongle': '4' } } } },
    { subresource: 'status' },
  )
  await node.client.patch(Node, 'node', { type: 'merge', body: { spec: { unschedulable: true } } })
  await clock.advance(10_000)
  const { status, metadata } = await node.client.get(Node, 'node')
  assert.deepEqual([status.capacity!['example.com/dongle'], status.allocatable!['example.com/dongle']], ['4', '4'])
  assert.equal(told('NodeNotSchedulable'), 1)
  await clock.advance(100_000)
  assert.equal((await node.client.get(Node, 'node')).metadata.resourceVersion, metadata.resourceVersion)

  // Another life of the kubelet finds the same, and says nothing twice; a machine that was started anew is told of.
  await kubelet.stop()
  await node.client.patch(Node, 'node', { type: 'merge', body: { status: { nodeInfo: { bootID: 'former' } } } }, { subresource: 'status' })
  await node.client.patch(Node, 'node', { type: 'merge', body: { metadata: { labels: { 'kubernetes.io/os': 'plan9', mine: 'yes' } } } })
  await node.startKubelet()
  await clock.advance(1000)
  assert.deepEqual(['NodeHasSufficientMemory', 'Rebooted'].map(told), [1, 1])
  const again = await node.client.get(Node, 'node')
  assert.equal(again.status.nodeInfo.bootID, 'b')
  assert.deepEqual([again.metadata.labels!['kubernetes.io/os'], again.metadata.labels!['mine']], ['linux', 'yes'])
})

test('what the node has no more goes, also what a former kubelet said of it', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1) })
  const machine = { hugepages: { '2Mi': 2 ** 30, '1Gi': 2 ** 31 } as Record<string, number> }
  const node = await createTestNode({ clock, runtime, network: runtime.network, machine })
  t.after(() => node.close())
  const kubelet = await node.startKubelet()
  await clock.advance(1000)
  const status = { capacity: { 'example.com/dongle': '4' }, runtimeHandlers: [{ name: 'old', features: {} }] }
  await node.client.patch(Node, 'node', { type: 'merge', body: { status } }, { subresource: 'status' })
  await kubelet.stop()
  machine.hugepages = { '2Mi': 2 ** 30 }
  const config = { localStorageCapacityIsolation: false }
  await node.startKubelet({ configuration: kubeletConfiguration(config) })
  await clock.advance(1000)
  const { status: now } = await node.client.get(Node, 'node')
  const names = ['cpu', 'example.com/dongle', 'hugepages-2Mi', 'memory', 'pods']
  assert.deepEqual([Object.keys(now.capacity!).sort(), Object.keys(now.allocatable!).sort()], [names, names])
  assert.equal(now.runtimeHandlers, undefined)
})

const shown = ({ status }: Node): string[] => (status.conditions ?? []).map((one) => `${one.type} ${one.status}`)

test('a quiet node writes its status every five minutes, also when timers are early and the clock is set back', async (t) => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'), seededRandom(seed))
    const machine = createSimulatedProcess('machine', clock)
    const runtime = createSimulatedRuntime({ clock, random: seededRandom(1), images: { app: {} } })
    const node = await createTestNode({ clock: machine.clock, runtime, network: runtime.network, seed })
    t.after(() => node.close())
    await node.startKubelet()
    const beats: { readonly told: string; readonly at: number }[] = []
    for (let minute = 0; minute < 60; minute += 1) {
      await clock.advance(60_000)
      if (minute === 30) machine.jump(-3_600_000)
      const told = (await node.client.get(Node, 'node')).status.conditions!.find(({ type }) => type === 'Ready')!.lastHeartbeatTime!
      if (beats.at(-1)?.told !== told) beats.push({ told, at: minute })
    }
    const gaps = beats.slice(1).map(({ at }, index) => at - beats[index]!.at)
    assert.ok(gaps.length > 9 && Math.min(...gaps) >= 5 && Math.max(...gaps) <= 6, `seed ${seed}: ${gaps.join()}`)
  }
})

test('a part of the node that changes leads to one look', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images: {} })
  let looks = 0
  const status = () => {
    looks += 1
    return simulated.status()
  }
  const listeners = new Set<() => void>()
  const source = {
    read: () => ({ volumesInUse: ['v'.repeat(looks)] }),
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const parts = { nodeSources: [source] }
  const node = await createTestNode({ clock, runtime: { ...simulated, status }, network: simulated.network, parts })
  t.after(() => node.close())
  await node.startKubelet()
  await clock.advance(5_000)
  looks = 1
  for (const listener of listeners) listener()
  await clock.advance(1_000)
  assert.equal(looks, 2)
  assert.deepEqual((await node.client.get(Node, 'node')).status.volumesInUse, ['vv'])
})

test('the lease is renewed although a part of the node cannot say how it is', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images: {} })
  let isBroken = false
  const source = {
    read() {
      if (isBroken) throw new Error('too many open files')
      return {}
    },
    onChange: () => () => {},
  }
  const node = await createTestNode({ clock, runtime: simulated, network: simulated.network, parts: { nodeSources: [source] } })
  t.after(() => node.close())
  await node.startKubelet()
  await clock.advance(5_000)
  isBroken = true
  await clock.advance(60_000)
  const { spec } = await node.client.get(Lease, 'node', 'kube-node-lease')
  assert.ok(clock.now() - Date.parse(spec!.renewTime!) <= 11_000, spec!.renewTime!)
})

test('a condition that nobody tells of is noticed with the next heartbeat, and its message alone is no news', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images: {} })
  let isFull = false
  let reads = 0
  const source = {
    read() {
      reads += 1
      return {
        conditions: [
          { type: 'Full', status: isFull ? ('True' as const) : ('False' as const), reason: 'Read', message: `read ${reads} times` },
        ],
      }
    },
    onChange: () => () => {},
  }
  const node = await createTestNode({ clock, runtime: simulated, network: simulated.network, parts: { nodeSources: [source] } })
  t.after(() => node.close())
  await node.startKubelet()
  await clock.advance(5_000)
  const said = async () => (await node.client.get(Node, 'node')).status.conditions?.find(({ type }) => type === 'Full')
  const before = await said()
  await clock.advance(30_000)
  assert.deepEqual(await said(), before)
  isFull = true
  await clock.advance(11_000)
  assert.equal((await said())?.status, 'True')
  isFull = false
  await clock.advance(11_000)
  assert.equal((await said())?.status, 'False')
})
