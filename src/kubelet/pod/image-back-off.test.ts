import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { container, starts, world } from '../test-world.ts'

async function failing(t: Parameters<typeof world>[0]) {
  let pulls = 0
  const pullFails = () => ((pulls += 1) > 0 ? 'no such image' : undefined)
  const { node, pass, runtime } = await world(t, { absent: { isAbsent: true, pullFails }, fine: { isAbsent: true } })
  await node.create('one', { containers: [container('main', 'absent'), container('other', 'absent')] })
  await pass(1000)
  return {
    runtime,
    pass,
    patch: (body: object) => node.client.patch(Pod, 'one', { type: 'strategic', body }, { namespace: 'default' }),
    pulls: () => pulls,
  }
}

test('a pod that is marked anew every second has no registry asked every second', async (t) => {
  const { pass, patch, pulls } = await failing(t)
  const before = pulls()
  for (let second = 0; second < 60; second += 1) {
    await patch({ metadata: { annotations: { second: String(second) } } })
    await pass(1000)
  }
  // After 10 s and 20 s more, for each of the two.
  assert.ok(pulls() - before <= 6, `${pulls() - before} pulls in a minute`)
})

test('another image is brought in at once, although the former failed and another container still waits for it', async (t) => {
  const { pass, patch, runtime } = await failing(t)
  await patch({ spec: { containers: [{ name: 'main', image: 'fine' }] } })
  await pass(1000)
  assert.deepEqual(starts(runtime), ['start main 0'])
})
