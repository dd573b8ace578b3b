import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { systemClock } from '#host/clock.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createOwnNode } from './own-node.ts'

test('one watch serves all who wait for the node, and ends with the last', async (t) => {
  const server = await createTestServer({ clock: systemClock })
  t.after(() => server.close())
  const client = createClient(server.transport)
  const made = await client.create(Node, { metadata: { name: 'n' } })
  let watches = 0
  const counted = {
    ...client,
    watch: ((...args: Parameters<typeof client.watch>) => {
      watches += 1
      return client.watch(...args)
    }) as typeof client.watch,
  }
  const node = createOwnNode(counted, 'n', { clock: systemClock, random: seededRandom(1), log: silentLog })
  const label = (name: string) => (found: Node) => found.metadata.labels?.[name]
  const { signal } = new AbortController()
  const leaving = new AbortController()
  const left = node.until(label('never'), leaving.signal)
  const all = Promise.all(Array.from({ length: 20 }, () => node.until(label('a'), signal)))
  leaving.abort(new Error('no longer'))
  await assert.rejects(left, /no longer/)
  await client.patch(Node, made.metadata.name, { type: 'merge', body: { metadata: { labels: { a: 'x' } } } })
  assert.deepEqual(new Set(await all), new Set(['x']))
  assert.equal(watches, 1)
  // Who comes later sees what there is by then.
  assert.equal(await node.until(label('a'), signal), 'x')
  assert.equal(watches, 2)
})
