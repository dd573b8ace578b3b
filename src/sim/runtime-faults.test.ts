import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { createTestNode } from '#kubelet/test-node.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from './clock.ts'
import { createSimulatedRuntime, type RuntimeFaults, type SimulatedRuntime } from './runtime.ts'

// A runtime that is slow, hangs, goes away and comes back, loses events or says what is not so: whatever it does, a container runs once, and
// once it behaves again everything is as the API server has it.
const kinds: Readonly<Record<string, RuntimeFaults>> = {
  slow: { slowMs: 3_000, lateEventMs: 2_000 },
  failing: { failBefore: 0.2, failAfter: 0.2, loseEvent: 0.3 },
  hanging: { hang: 0.05, loseEvent: 0.1 },
  forgetful: { omit: 0.2, loseEvent: 0.3 },
  late: { stale: 0.3, lateEventMs: 1_000 },
  everything: { slowMs: 500, failBefore: 0.1, failAfter: 0.1, hang: 0.02, omit: 0.1, stale: 0.1, loseEvent: 0.2, lateEventMs: 500 },
}
for (const [kind, faults] of Object.entries(kinds)) for (const seed of [1, 2, 3]) live(kind, faults, seed)

function live(kind: string, faults: RuntimeFaults, seed: number): void {
  test(`a runtime that is ${kind}, seed ${seed}: no container lost, none doubled`, async (t) => {
    const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
    const chance = seededRandom(seed)
    const images = { crashing: { exit: { afterMs: 90_000, code: 1 } } }
    const runtime = createSimulatedRuntime({ clock, random: seededRandom(seed * 7), images })
    const doubled: string[] = []
    const node = await createTestNode({ clock, runtime: watched(runtime, doubled), network: runtime.network, seed })
    t.after(() => node.close())
    await node.startKubelet()
    await clock.advance(1_000)

    runtime.setFaults(faults)
    let made = 0
    for (let minute = 0; minute < 20; minute += 1) {
      made += 1
      await node.create(`p${made}`, {
        terminationGracePeriodSeconds: 5,
        containers: [{ name: 'main', image: made % 3 === 0 ? 'crashing' : 'app', imagePullPolicy: 'IfNotPresent' }],
      })
      if (chance.next() < 0.4)
        await node.client.delete(Pod, `p${1 + Math.floor(chance.next() * made)}`, { namespace: 'default' }).catch(gone)
      if (chance.next() < 0.2) {
        runtime.setAway(true)
        await clock.advance(20_000 * chance.next())
        runtime.setAway(false)
      }
      for (let step = 0; step < 60; step += 1) await clock.advance(1_000)
    }
    runtime.setFaults({})
    runtime.breakEvents()
    await clock.advance(15 * 60_000)

    assert.deepEqual(doubled, [])
    const pods = (await node.client.list(Pod, { namespace: 'default' })).items
    const wanted = new Map(pods.map(({ metadata }) => [metadata.uid, metadata.name]))
    const sandboxes = await runtime.sandboxes()
    assert.deepEqual(
      sandboxes.filter(({ metadata }) => !wanted.has(metadata.uid)),
      [],
      'of pods that are gone nothing is left',
    )
    for (const { metadata, status } of pods) {
      const mine = (await runtime.containers({ podUid: metadata.uid })).filter(({ state }) => state === 'running')
      const isBetween = status?.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff'
      assert.equal(mine.length, isBetween ? 0 : 1, `${metadata.name} runs once`)
      assert.equal(status?.phase, 'Running', metadata.name)
      assert.equal(sandboxes.filter((one) => one.metadata.uid === metadata.uid && one.ready).length, 1, `${metadata.name} has one sandbox`)
    }
    assert.equal(await ready(node.client), 'True')
  })
}

test('a node whose runtime is away or hangs is not ready, and is again', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1) })
  const node = await createTestNode({ clock, runtime, network: runtime.network })
  t.after(() => node.close())
  await node.startKubelet()
  await clock.advance(5_000)
  assert.equal(await ready(node.client), 'True')
  for (const [begin, end] of [
    [() => runtime.setAway(true), () => runtime.setAway(false)],
    [() => runtime.setFaults({ hang: 1 }), () => runtime.setFaults({})],
  ] as const) {
    begin()
    runtime.breakEvents()
    await clock.advance(45_000)
    assert.equal(await ready(node.client), 'False')
    end()
    await clock.advance(150_000)
    assert.equal(await ready(node.client), 'True')
  }
})

async function ready(client: Awaited<ReturnType<typeof createTestNode>>['client']): Promise<string | undefined> {
  return (await client.get(Node, 'node')).status.conditions?.find(({ type }) => type === 'Ready')?.status
}

/** Notes each start of a container beside which another of the same pod and name runs. */
function watched(runtime: SimulatedRuntime, doubled: string[]): SimulatedRuntime {
  return {
    ...runtime,
    async startContainer(id) {
      try {
        await runtime.startContainer(id)
      } finally {
        const running = runtime.everything().filter(({ state }) => state === 'running')
        const places = running.map(({ labels, metadata }) => `${labels['io.kubernetes.pod.uid']} ${metadata.name}`)
        const twice = places.find((place, index) => places.indexOf(place) !== index)
        if (twice !== undefined) doubled.push(`${twice} when ${id} started`)
      }
    },
  }
}

function gone(error: unknown): void {
  if ((error as { code?: string }).code !== 'NotFound') throw error
}
