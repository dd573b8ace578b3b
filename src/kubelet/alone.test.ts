import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import { WherryError } from '#lib/errors.ts'
import type { PodSource } from './interfaces.ts'
import { staticPod } from './pod/static-pod.ts'
import { memoryFiles, noCgroups } from './test-node.ts'
import { container, starts, world } from './test-world.ts'

/** A client whose server goes and comes. `hangs`: nobody answers at all. */
function fickle() {
  let state: 'there' | 'away' | 'hangs' = 'there'
  const answer = (signal?: AbortSignal) =>
    state === 'away'
      ? Promise.reject(new WherryError('ServiceUnavailable', 'nobody is there'))
      : new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  const watch: Client['watch'] = (_, { signal }) => ({ [Symbol.asyncIterator]: () => ({ next: () => answer(signal) }) })
  const through = (client: Client): Client =>
    new Proxy(client, {
      get(target, name: keyof Client) {
        if (state === 'there') return target[name]
        return name === 'because' ? () => through(client) : name === 'watch' ? watch : () => answer()
      },
    })
  return { through, be: (next: typeof state) => void (state = next) }
}

function manifests(...specs: readonly object[]): PodSource {
  const texts = specs.map((spec, i) => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `static-${i}` }, spec }))
  const pods = texts.map((text) => staticPod({ path: '/m', text, seenAt: 0 }, 'node'))
  return { name: 'file', list: async () => pods, onChange: () => () => {}, close() {} }
}

for (const [state, startedAfterMs] of [
  ['away', 1_000],
  ['hangs', 6_000],
] as const)
  test(`an API server that ${state === 'away' ? 'is away' : state} keeps no static pod waiting`, async (t) => {
    const server = fickle()
    server.be(state)
    const spec = { hostNetwork: true, nodeSelector: { 'kubernetes.io/hostname': 'node' }, containers: [container('main')] }
    const { node, pass, runtime, kubelet } = await world(t, {}, 1, memoryFiles(), undefined, {
      client: server.through,
      parts: { podSources: [manifests(spec, { nodeSelector: { not: 'here' }, containers: [container('other')] })] },
    })
    await pass(startedAfterMs)
    assert.deepEqual(starts(runtime), ['start main 0'])
    assert.equal(kubelet.pods.get('default', 'static-0-node')!.withStatus.status.phase, 'Running')
    // What the node knows of itself is enough to refuse, too.
    assert.equal(kubelet.pods.get('default', 'static-1-node')!.withStatus.status.reason, 'NodeAffinity')
    await assert.rejects(node.client.get(Node, 'node'), { code: 'NotFound' })
    if (state === 'hangs') return

    server.be('there')
    await pass(20_000)
    const mirror = (await node.pod('static-0-node'))!
    const registered = await node.client.get(Node, 'node')
    assert.deepEqual([mirror.status.phase, mirror.metadata.ownerReferences?.[0]?.uid], ['Running', registered.metadata.uid])
    assert.deepEqual(starts(runtime), ['start main 0'])
  })

test('an agent that starts while the API server is away leaves alone what runs, and takes it over later', async (t) => {
  const server = fickle()
  const removed: string[] = []
  const cgroups = { ...noCgroups, removePod: async (uid: string) => void removed.push(uid), known: async () => [...uids] }
  const uids: string[] = []
  const { node, pass, runtime, kubelet, show } = await world(t, {}, 1, memoryFiles(), undefined, {
    client: server.through,
    cgroups,
    parts: { podSources: [manifests({ containers: [container('fixed')] })] },
  })
  for (const name of ['one', 'gone']) uids.push((await node.create(name, { containers: [container(name)] })).metadata.uid)
  await pass(2_000)
  assert.deepEqual(starts(runtime).toSorted(), ['start fixed 0', 'start gone 0', 'start one 0'])
  await kubelet.stop()
  await node.client.delete(Pod, 'gone', { namespace: 'default', gracePeriodSeconds: 0 })

  server.be('away')
  const second = await node.startKubelet()
  await pass(3_600_000)
  const before = [...runtime.history]
  assert.deepEqual(
    second.pods.list().map(({ pod }) => pod.metadata.name),
    ['static-0-node'],
  )
  assert.equal(second.pods.isComplete!(), false)
  assert.deepEqual([before.filter((line) => /stop|remove/.test(line)), removed], [[], []])

  server.be('there')
  await pass(60_000)
  assert.equal(second.pods.isComplete!(), true)
  assert.equal(await show('one'), 'Running one:running/ready')
  assert.equal(starts(runtime).length, 3)
  // What has no object is an orphan from now on.
  assert.deepEqual(
    runtime.history.slice(before.length).filter((line) => line.startsWith('stop')),
    ['stop gone 30', 'stop sandbox'],
  )
  assert.deepEqual(removed, [uids[1]])
})

test('a node that is deleted and registered anew owns new mirrors', async (t) => {
  const { node, pass } = await world(t, {}, 1, memoryFiles(), undefined, {
    parts: { podSources: [manifests({ containers: [container('main')] })] },
  })
  await pass(2_000)
  await node.client.delete(Node, 'node')
  // As the garbage collector does, for the owner is gone.
  await node.client.delete(Pod, 'static-0-node', { namespace: 'default', gracePeriodSeconds: 0 })
  await pass(5_000)
  const { metadata } = await node.client.get(Node, 'node')
  assert.equal((await node.pod('static-0-node'))!.metadata.ownerReferences?.[0]?.uid, metadata.uid)
})
