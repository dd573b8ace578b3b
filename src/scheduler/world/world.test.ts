import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { seededRandom } from '#lib/random.ts'
import { imageLocality } from '../plugins/nodes/image-locality.ts'
import { worldOf } from '../testing/fixtures.ts'
import type { World } from './world.ts'

const node = (name: string) => ({ metadata: { name }, spec: {}, status: { allocatable: { cpu: '8' } } }) as unknown as Node

const pod = (uid: string, generation: number, nodeName: string | undefined, phase: string, more: object = {}) =>
  ({
    metadata: { uid, name: uid, generation, ...more },
    spec: {
      ...(nodeName !== undefined && { nodeName }),
      containers: [
        { name: 'main', resources: { requests: { cpu: `${100 * generation}m` } }, ports: [{ hostPort: generation, protocol: 'TCP' }] },
      ],
    },
    status: { phase },
  }) as unknown as Pod

/** A world that has never seen anything but the last state. */
function counted(pods: readonly Pod[]): World {
  const world = worldOf(['a', 'b'].map(node))
  for (const one of pods) world.setPod(one)
  return world
}

/** What is on each node; an amount of nothing is none. */
const told = ({ nodes }: World) =>
  [...nodes.nodes.values()].map(({ name, slot, pods, ports }) => [
    name,
    [...pods.values()].map((info) => info.pod).sort((x, y) => (x.metadata.uid < y.metadata.uid ? -1 : 1)),
    [...ports].sort(),
    [nodes.cpu, nodes.memory, nodes.pods].map(({ allocatable, requested }) => [allocatable[slot], requested[slot]]),
    [nodes.scored.cpu[slot], nodes.scored.memory[slot]],
  ])

test('however its pods came to what they are, a node counts them as if they had always been so', () => {
  const random = seededRandom(11)
  for (let life = 0; life < 50; life += 1) {
    const world = counted([])
    const last = new Map<string, Pod>()
    for (let step = 0; step < 40; step += 1) {
      const uid = `pod-${Math.floor(random.next() * 4)}`
      const before = last.get(uid)
      const generation = (before?.metadata.generation ?? 1) + (random.next() < 0.3 ? 1 : 0)
      const nodeName = before?.spec.nodeName ?? (random.next() < 0.6 ? (random.next() < 0.5 ? 'a' : 'b') : undefined)
      if (random.next() < 0.1) {
        world.removePod(uid)
        last.delete(uid)
        continue
      }
      const phase = before?.status.phase === 'Failed' || random.next() < 0.1 ? 'Failed' : 'Running'
      const next = pod(uid, generation, nodeName, phase, { labels: { step: String(step) } })
      if (nodeName !== undefined && before === undefined && random.next() < 0.5)
        world.assume(world.podInfo({ ...next, spec: { containers: next.spec.containers } } as Pod), nodeName)
      world.setPod(next)
      last.set(uid, next)
      assert.deepEqual(told(world), told(counted([...last.values()])), `life ${life}, step ${step}`)
    }
  }
})

test('a promise holds for what the pod asks for now, and not longer than it could be kept', () => {
  const promisedCpu = (world: World) => [...world.nominatedTo('a').values()].map(({ shape }) => shape.requests[0]?.amount)
  for (const [name, after, expected] of [
    ['is shown again', pod('p', 1, undefined, 'Pending'), [100]],
    ['asks for more', pod('p', 2, undefined, 'Pending'), [200]],
    ['has ended', pod('p', 1, undefined, 'Failed'), []],
    ['goes', pod('p', 1, undefined, 'Pending', { deletionTimestamp: '2026-01-01T00:00:00Z' }), []],
    ['ran and has ended', pod('p', 1, 'a', 'Succeeded'), []],
    ['runs elsewhere', pod('p', 1, 'b', 'Running'), []],
  ] as const) {
    const world = counted([])
    world.nominate(world.podInfo(pod('p', 1, undefined, 'Pending')), 'a')
    world.setPod(after)
    assert.deepEqual(promisedCpu(world), expected, name)
    assert.equal(world.promiseOf('p'), expected.length === 0 ? undefined : 'a', name)
  }
})

test('pods that differ in what images they mount are not alike', () => {
  const { podInfo } = counted([])
  const mounting = (reference: string) => {
    const { spec, ...rest } = pod('p', 1, undefined, 'Pending')
    return podInfo({ ...rest, spec: { ...spec, volumes: [{ name: 'v', image: { reference } }] } } as Pod)
  }
  assert.notEqual(mounting('x').shape, mounting('y').shape)
  assert.equal(mounting('x').shape, mounting('x').shape)
})

test('a node that tells its images again holds what it held', () => {
  const world = counted([])
  const holding = (name: string) => {
    const { status, ...rest } = node('a')
    return { ...rest, status: { ...status, images: [{ names: [name], sizeBytes: 1 }] } } as Node
  }
  const basis = (shown: Node) => {
    world.setNode(shown)
    return imageLocality.basis!(world)
  }
  const before = basis(holding('x'))
  assert.equal(basis(holding('x')), before)
  assert.notEqual(basis(holding('y')), before)
})
