import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import type { Kubelet } from '../kubelet.ts'
import { createTestNode } from '../test-node.ts'
import { createEvictionManager } from './eviction-manager.ts'
import { GiB, MiB, madeStats, testNodeObject } from './testing.ts'

/** A whole kubelet under pressure: what its pods, its Node and the API server see. */
async function world(t: TestContext) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1), images: {} })
  const state = { available: 4 * GiB, uses: new Map<string, number>() }
  let kubelet: Kubelet | undefined
  const pods = {
    list: () => kubelet!.pods.list(),
    get: (namespace: string, name: string) => kubelet!.pods.get(namespace, name),
    byUid: (uid: string) => kubelet!.pods.byUid(uid),
    onChange: (listener: (uid: string) => void) => kubelet!.pods.onChange(listener),
    async killPod(uid: string, how: Parameters<Kubelet['pods']['killPod']>[1]) {
      await kubelet!.pods.killPod(uid, how)
      // What the pod held is free as soon as it is gone.
      state.available = 3 * GiB
    },
  }
  const events: string[] = []
  const manager = createEvictionManager({
    settings: {},
    figures: {
      observe: async () => ({
        observations: { 'memory.available': { capacity: 8 * GiB, available: state.available } },
        disks: { hasImageFs: false, isSplit: false },
      }),
      pods: async (uids) =>
        pods
          .list()
          .filter(({ pod }) => uids.has(pod.metadata.uid))
          .map(({ pod: { metadata } }) => {
            const stats = madeStats(metadata.name, { memory: state.uses.get(metadata.name) ?? MiB })
            return { ...stats, podRef: { ...stats.podRef, uid: metadata.uid } }
          }),
    },
    pods,
    reclaim: { containers: async () => {}, images: async () => {} },
    events: { record: ({ reason }) => void events.push(reason) },
    node: testNodeObject,
    clock,
    log: silentLog,
  })
  const parts = { admitters: [manager.admitter], nodeSources: [manager.nodeSource] }
  const node = await createTestNode({ clock, runtime, network: runtime.network, parts })
  t.after(() => node.close())
  t.after(() => manager.stop())
  kubelet = await node.startKubelet()
  await clock.advance(200)
  manager.start()
  const condition = async () => {
    const found = await node.client.get(Node, 'node')
    return found.status?.conditions?.find(({ type }) => type === 'MemoryPressure')
  }
  const run = async (name: string, resources = {}) => {
    await node.create(name, { containers: [{ name: 'main', image: 'web', resources }] })
    await clock.advance(2_000)
    return node.pod(name)
  }
  return { clock, state, node, events, condition, run }
}

test('memory runs short and comes back: eviction, condition, who is taken meanwhile, and the end of it', async (t) => {
  const { clock, state, node, events, condition, run } = await world(t)
  assert.equal((await run('large'))?.status?.phase, 'Running')
  assert.equal((await run('small'))?.status?.phase, 'Running')
  assert.equal((await condition())?.status, 'False')

  state.uses.set('large', 3 * GiB)
  state.available = 50 * MiB
  await clock.advance(60_000)
  const large = await node.pod('large')
  assert.deepEqual([large?.status?.phase, large?.status?.reason], ['Failed', 'Evicted'])
  assert.match(large?.status?.message ?? '', /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: 50Mi\. /)
  const disrupted = large?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
  assert.deepEqual([disrupted?.status, disrupted?.reason, disrupted?.message], ['True', 'TerminationByKubelet', large?.status?.message])
  assert.equal((await node.pod('small'))?.status?.phase, 'Running')
  assert.deepEqual(events, ['EvictionThresholdMet', 'Evicted'])

  const { status, reason, message } = (await condition())!
  assert.deepEqual([status, reason, message], ['True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'])
  assert.ok(node.events.includes('NodeHasInsufficientMemory Node node status is now: NodeHasInsufficientMemory'))
  const refused = await run('late')
  assert.deepEqual([refused?.status?.phase, refused?.status?.reason], ['Failed', 'Evicted'])
  assert.match(refused?.status?.message ?? '', /The node had condition: \[MemoryPressure\]\. $/)
  assert.equal((await run('promised', { requests: { memory: '10Mi' } }))?.status?.phase, 'Running')

  await clock.advance(5 * 60_000)
  assert.equal((await condition())?.status, 'False')
  assert.equal((await run('later'))?.status?.phase, 'Running')
})
