import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { watchImages } from './node-images.ts'
import { createTestNode } from './test-node.ts'

test('a pulled image is told of within seconds, several at once, and nothing is looked at without need', async (t) => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images: { app: {} } })
  const pulled: string[] = []
  let looks = 0
  const watched = watchImages(
    {
      ...simulated,
      images: async () => {
        looks += 1
        const image = (name: string) => ({ id: name, repoTags: [name], repoDigests: [], sizeBytes: 1, pinned: false })
        return pulled.map(image)
      },
      pullImage: async (name: string) => {
        if (name === 'none') throw new Error('no such image')
        pulled.push(name)
        return name
      },
      removeImage: async (name: string) => void pulled.splice(pulled.indexOf(name), 1),
    },
    clock,
  )
  const node = await createTestNode({
    clock,
    runtime: watched.runtime,
    network: simulated.network,
    parts: { nodeSources: [watched.source] },
  })
  t.after(() => node.close())
  await node.startKubelet()
  await clock.advance(5_000)
  const shown = async () => ((await node.client.get(Node, 'node')).status.images ?? []).flatMap(({ names }) => names ?? [])
  const before = looks
  for (const name of ['a', 'b', 'c']) await watched.runtime.pullImage(name)
  await clock.advance(2_000)
  assert.deepEqual(await shown(), ['a', 'b', 'c'])
  // A second one where our own write comes back before its answer.
  assert.ok(looks - before <= 2)
  await watched.runtime.removeImage('b')
  await assert.rejects(watched.runtime.pullImage('none'))
  await clock.advance(2_000)
  assert.deepEqual(await shown(), ['a', 'c'])
  const quiet = looks
  await clock.advance(60_000)
  assert.equal(looks, quiet)
})
