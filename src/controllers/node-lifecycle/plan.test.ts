import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Lease } from '#api/coordination/v1/lease.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Taint } from '#api/core/v1/types.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { conditionOf } from '../common/conditions.ts'
import { namespace, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { nodeLifecycleController } from './controller.ts'

test('a node that speaks is left alone, however wrong its clock', () => {
  const world = given({ n: 'True', m: 'True' })
  const controller = nodeLifecycleController()
  world.settle([controller])
  for (let beat = 0; beat < 20; beat += 1) {
    world.now += 10_000
    world.put(Lease, { metadata: { name: 'n', namespace: 'kube-node-lease' }, spec: { renewTime: new Date(beat * 1000).toISOString() } })
    world.put(Lease, { metadata: { name: 'm', namespace: 'kube-node-lease' }, spec: { renewTime: new Date(beat * 1000).toISOString() } })
    world.settle([controller])
  }
  assert.equal(ready(world, 'n')!.status, 'True')
})

test('a silent node becomes unknown after its grace, not before', () => {
  const world = given({ n: 'True', m: 'True' })
  world.put(Pod, pod('a', { node: 'n', readyAt: world.now }))
  const controller = nodeLifecycleController()
  const wakeAt = world.settle([controller])
  assert.equal(wakeAt, world.now + 50_001)
  world.now = wakeAt - 1
  keepAlive(world, 'm')
  world.settle([controller])
  assert.equal(ready(world, 'n')!.status, 'True')
  world.now = wakeAt
  world.settle([controller])
  assert.deepEqual(shownTaints(world, 'n'), ['unreachable:NoExecute', 'unreachable:NoSchedule'])
  assert.deepEqual(shownTaints(world, 'm'), [])
  const { status, reason, message } = ready(world, 'n')!
  assert.deepEqual([status, reason, message], ['Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.'])
  assert.equal(conditionOf(world.get(Pod, 'a', namespace)!.status.conditions, 'Ready')!.status, 'False')
  assert.deepEqual(world.events.slice(2).map(show), [
    'event Normal NodeNotReady Node n status is now: NodeNotReady',
    'event Warning NodeNotReady Node is not ready',
  ])
  // It speaks again.
  world.change(Node, 'n', undefined, { status: { conditions: [condition('Ready', 'True', world.now)] } })
  world.settle([controller])
  assert.deepEqual(shownTaints(world, 'n'), [])
})

test('a clock that is set back gives a silent node its grace anew, and not an hour', () => {
  const world = given({ n: 'True', m: 'True' })
  const controller = nodeLifecycleController()
  world.settle([controller])
  world.now -= 3_600_000
  const wakeAt = world.settle([controller])
  assert.equal(wakeAt, world.now + 50_001)
  world.now = wakeAt
  keepAlive(world, 'm')
  world.settle([controller])
  assert.equal(ready(world, 'n')!.status, 'Unknown')
})

test('tells of nodes that come and go, once', () => {
  const world = given({ n: 'True', m: 'True' })
  const controller = nodeLifecycleController()
  world.settle([controller])
  world.put(Lease, { metadata: { name: 'n', namespace: 'kube-node-lease' }, spec: {} })
  world.remove(Node, world.get(Node, 'n')!)
  world.settle([controller])
  world.change(Lease, 'n', 'kube-node-lease', { spec: { renewTime: rfc3339(world.now) } })
  world.settle([controller])
  assert.deepEqual(world.events.map(show), [
    'event Normal RegisteredNode Node n event: Registered Node n in Controller',
    'event Normal RegisteredNode Node m event: Registered Node m in Controller',
    'event Normal RemovingNode Node n event: Removing Node n from Controller',
  ])
})

test('a node that never spoke has a little longer', () => {
  const world = given({ m: 'True' })
  world.put(Node, { metadata: { name: 'n' }, spec: {}, status: {} })
  const controller = nodeLifecycleController()
  world.settle([controller])
  world.now += 60_001
  keepAlive(world, 'm')
  world.settle([controller])
  const { reason, message } = ready(world, 'n')!
  assert.deepEqual([reason, message], ['NodeStatusNeverUpdated', 'Kubelet never posted node status.'])
})

// The node's conditions and spec → its taints. Another, healthy node stands beside it.
taints('by pressure', { conditions: ['MemoryPressure=True', 'DiskPressure=True', 'PIDPressure=True', 'NetworkUnavailable=True'] }, [
  'disk-pressure:NoSchedule',
  'memory-pressure:NoSchedule',
  'network-unavailable:NoSchedule',
  'pid-pressure:NoSchedule',
])
taints('cordoned', { unschedulable: true }, ['unschedulable:NoSchedule'])
taints('not ready', { conditions: ['Ready=False'] }, ['not-ready:NoExecute', 'not-ready:NoSchedule'])
taints(
  'well again',
  { taints: ['memory-pressure:NoSchedule', 'unschedulable:NoSchedule', 'not-ready:NoExecute', 'unreachable:NoSchedule'] },
  [],
)
taints('swaps the evicting taint at once', { conditions: ['Ready=False'], taints: ['unreachable:NoExecute'] }, [
  'not-ready:NoExecute',
  'not-ready:NoSchedule',
])
taints('leaves those of others', { taints: ['mine:NoSchedule', 'memory-pressure:NoExecute'] }, [
  'memory-pressure:NoExecute',
  'mine:NoSchedule',
])

test('notes when an evicting taint was first seen', () => {
  const world = given({ n: 'True' })
  world.change(Node, 'n', undefined, { spec: { taints: [{ key: 'mine', effect: 'NoExecute' }] } })
  world.settle([nodeLifecycleController()])
  assert.equal(world.get(Node, 'n')!.spec.taints![0]!.timeAdded, rfc3339(world.now))
})

test('gives nodes up one after the other', () => {
  const world = given({ a: 'False', b: 'False', c: 'True', d: 'True', e: 'True' })
  const controller = nodeLifecycleController()
  assert.equal(world.settle([controller]), world.now + 10_000)
  assert.deepEqual(evicting(world), ['a'])
  world.now += 10_000
  world.settle([controller])
  assert.deepEqual(evicting(world), ['a', 'b'])
})

test('gives none up where most of a small zone is down, and goes on in another', () => {
  const world = given({ a: 'False', b: 'False', c: 'False', d: 'True' })
  world.put(Node, node('x', 'False', world.now, 'west'))
  world.put(Node, node('y', 'True', world.now, 'west'))
  world.settle([nodeLifecycleController()])
  assert.deepEqual(evicting(world), ['x'])
})

test('takes all back when everything is down: then it is us who cannot see', () => {
  const world = given({ a: 'False', b: 'True' })
  const controller = nodeLifecycleController()
  world.settle([controller])
  assert.deepEqual(evicting(world), ['a'])
  world.change(Node, 'b', undefined, { status: { conditions: [condition('Ready', 'Unknown', world.now)] } })
  world.settle([controller])
  assert.deepEqual(evicting(world), [])
})

test('never evicts faster than it may, nor a ready node, whatever happens', () => {
  const step = fc.record({ node: fc.nat(5), status: fc.constantFrom('True', 'False', 'Unknown'), waitMs: fc.nat(15_000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const world = given({ n0: 'True', n1: 'True', n2: 'True', n3: 'True', n4: 'True', n5: 'True' })
      const controller = nodeLifecycleController({ ...defaultsWithoutSilence })
      let last = -Infinity
      for (const { node: at, status, waitMs } of steps) {
        world.now += waitMs
        world.change(Node, `n${at}`, undefined, { status: { conditions: [condition('Ready', status, world.now)] } })
        const before = new Set(evicting(world))
        world.settle([controller])
        const added = evicting(world).filter((name) => !before.has(name))
        assert.ok(added.length <= 1)
        if (added.length === 1) assert.ok(world.now - last >= 9_000, 'two within ten seconds')
        if (added.length === 1) last = world.now
        for (const name of evicting(world)) assert.notEqual(ready(world, name)!.status, 'True')
      }
    }),
    { numRuns: 60 },
  )
})

const defaultsWithoutSilence = {
  graceMs: 1e9,
  startupGraceMs: 1e9,
  limits: { nodesPerSecond: 0.1, reducedNodesPerSecond: 0.01, largeZoneNodes: 50, unhealthyShare: 0.55 },
}

const condition = (type: string, status: string, now: number) => ({
  type,
  status,
  lastHeartbeatTime: rfc3339(now),
  lastTransitionTime: rfc3339(now),
})

const node = (name: string, status: string, now: number, zone = 'east') => ({
  metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
  spec: {},
  status: { conditions: [condition('Ready', status, now)] },
})

function given(nodes: Readonly<Record<string, string>>): World {
  const world = new World()
  for (const [name, status] of Object.entries(nodes)) world.put(Node, node(name, status, world.now))
  return world
}

function keepAlive(world: World, name: string): void {
  world.put(Lease, { metadata: { name, namespace: 'kube-node-lease' }, spec: { renewTime: new Date(world.now).toISOString() } })
}

const ready = (world: World, name: string) => conditionOf(world.get(Node, name)!.status.conditions, 'Ready')
const short = ({ key, effect }: Taint): string => `${key.replace('node.kubernetes.io/', '')}:${effect}`
const shownTaints = (world: World, name: string): string[] => (world.get(Node, name)!.spec.taints ?? []).map(short).toSorted()
const evicting = (world: World): string[] =>
  world
    .list(Node)
    .filter(({ spec }) => spec.taints?.some((taint) => ['not-ready:NoExecute', 'unreachable:NoExecute'].includes(short(taint))))
    .map(({ metadata }) => metadata.name)

interface Facts {
  readonly conditions?: readonly string[]
  readonly taints?: readonly string[]
  readonly unschedulable?: boolean
}

function taints(name: string, { conditions = [], taints: before = [], unschedulable }: Facts, expected: readonly string[]): void {
  test(`taints: ${name}`, () => {
    const world = given({ healthy: 'True' })
    const all = [...(conditions.some((one) => one.startsWith('Ready')) ? [] : ['Ready=True']), ...conditions]
    world.put(Node, {
      metadata: { name: 'n' },
      spec: {
        ...(unschedulable ? { unschedulable } : {}),
        taints: before.map((text) => {
          const [key, effect] = text.split(':')
          return { key: key === 'mine' ? key : `node.kubernetes.io/${key}`, effect, timeAdded: '2025-12-31T00:00:00Z' }
        }),
      },
      status: { conditions: all.map((text) => condition(text.split('=')[0]!, text.split('=')[1]!, world.now)) },
    })
    world.settle([nodeLifecycleController()])
    assert.deepEqual(shownTaints(world, 'n'), expected)
  })
}
