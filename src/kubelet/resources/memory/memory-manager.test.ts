import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { CheckpointFile } from '../../plugins/checkpoint.ts'
import type { AnyContainer } from '../../pod/containers.ts'
import type { NumaNode } from '../machine-topology.ts'
import { createMemoryManager } from './memory-manager.ts'
import { checkReservedMemory } from './reserved-memory.ts'

const GIB = 2 ** 30
const nodes: readonly NumaNode[] = [0, 1].map((id) => ({
  id,
  distances: id === 0 ? [10, 20] : [20, 10],
  memory: { memory: 8 * GIB, 'hugepages-2Mi': GIB },
}))
/** One of the 8 GiB of each node is kept back. */
const reserved = [0, 1].map((numaNode) => ({ numaNode, limits: { memory: '1Gi' } }))

test('gives memory of one node while it has enough, then of the other, then refuses', async () => {
  const { give, manager } = make()
  assert.equal(await give(pod('a', { main: '4Gi' })), '0')
  assert.equal(await give(pod('b', { main: '4Gi' })), '1')
  assert.equal(await give(pod('c', { main: '3Gi' })), '0')
  await assert.rejects(give(pod('d', { main: '4Gi' })), /no NUMA nodes with enough memory/)
  await manager.release('a')
  assert.equal(await give(pod('d', { main: '4Gi' })), '0')
})

test('gives memory of two nodes to who needs more than one has, and then nobody else is on one of them alone', async () => {
  const { give } = make()
  assert.equal(await give(pod('a', { main: '10Gi' })), '0,1')
  assert.equal(await give(pod('b', { main: '1Gi' })), '0,1')
  await assert.rejects(give(pod('c', { main: '6Gi' })), /no NUMA nodes with enough memory/)
})

test('mixes no group of nodes with another', async () => {
  const { give, manager } = make()
  await give(pod('a', { main: '1Gi' }))
  const large = pod('b', { main: '10Gi' })
  assert.deepEqual(manager.hints?.(large, large.spec.containers[0]!), new Map([['memory', []]]))
  await assert.rejects(give(large), /failed to/)
})

test('a container that ends before others gives its memory to them', async () => {
  const { give } = make()
  assert.equal(await give(pod('a', { main: '6Gi' }, { first: '7Gi' })), '0')
  assert.equal(await give(pod('b', { main: '7Gi' })), '1')
})

test('gives the same again after a restart, and forgets pods that went meanwhile', async () => {
  const { give, state } = make()
  await give(pod('a', { main: '7Gi' }))
  await give(pod('b', { main: '7Gi' }))
  const again = make(state, new Set(['a', 'c']))
  await again.manager.load()
  assert.equal(await again.give(pod('a', { main: '7Gi' })), '0')
  assert.equal(await again.give(pod('c', { main: '7Gi' })), '1')
})

test('says where a container could lie, for every resource that it asks for', () => {
  const { manager } = make()
  const one = pod('a', { main: '4Gi' })
  const hints = [
    { nodes: 0b01n, preferred: true },
    { nodes: 0b10n, preferred: true },
    { nodes: 0b11n, preferred: false },
  ]
  assert.deepEqual(manager.hints?.(one, one.spec.containers[0]!), new Map([['memory', hints]]))
  assert.deepEqual(manager.podHints?.(pod('b', { x: '4Gi', y: '4Gi' })), new Map([['memory', [{ nodes: 0b11n, preferred: true }]]]))
})

test('goes where it is told to', async () => {
  const { manager } = make()
  const one = pod('a', { main: '4Gi' })
  await manager.allocate(one, one.spec.containers[0]!, { nodes: 0b10n, preferred: true })
  assert.deepEqual(manager.grant(one, one.spec.containers[0]!), { cpusetMems: '1' })
})

test('leaves alone who may be given less', async () => {
  const { manager } = make()
  const some = {
    metadata: { uid: 'a' },
    spec: { containers: [{ name: 'main', resources: { requests: { memory: '1Gi' } } }] },
  } as unknown as Pod
  await manager.allocate(some, some.spec.containers[0]!, undefined)
  assert.deepEqual(manager.grant(some, some.spec.containers[0]!), {})
})

test('refuses records and reservations that cannot be', async () => {
  const block = { node: 0, resource: 'memory', bytes: 9 * GIB }
  const record = { name: 'main', isInit: false, isSidecar: false, nodes: [0], blocks: [block] }
  await assert.rejects(make({ saved: { a: [record] } }).manager.load(), /more memory of NUMA node 0 was given/)
  checkReservedMemory(reserved, nodes, { memory: '2Gi', cpu: '1' })
  assert.throws(() => checkReservedMemory(reserved, nodes, { memory: '3Gi' }), /memory is 2Gi in all and has to be 3Gi/)
  assert.throws(() => checkReservedMemory([{ numaNode: 7, limits: {} }], nodes, {}), /no NUMA node 7/)
})

function make(state: { saved?: unknown } = {}, known = new Set(['a', 'b', 'c', 'd'])) {
  const file: CheckpointFile = { read: async () => state.saved, write: async (value) => void (state.saved = structuredClone(value)) }
  const manager = createMemoryManager({ nodes, reserved, file, isKnown: (uid) => known.has(uid) })
  async function give(one: Pod): Promise<string | undefined> {
    for (const container of [...(one.spec.initContainers ?? []), ...one.spec.containers]) await manager.allocate(one, container, undefined)
    return (await manager.grant(one, one.spec.containers[0]!)).cpusetMems
  }
  return { manager, give, state }
}

function pod(uid: string, main: Record<string, string>, init: Record<string, string> = {}): Pod {
  const list = (amounts: Record<string, string>) =>
    Object.entries(amounts).map(([name, memory]): AnyContainer => {
      const amount = { cpu: '1', memory }
      return { name, resources: { requests: amount, limits: amount } } as unknown as AnyContainer
    })
  return { metadata: { uid, name: uid }, spec: { initContainers: list(init), containers: list(main) } } as unknown as Pod
}
