import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { systemClock } from '#host/clock.ts'
import { resetResources } from '#kubelet/devices/reset-resources.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'

test('what stands in an old Node and nobody serves any more is nothing; all else stays', async (t) => {
  const server = await createTestServer({ clock: systemClock })
  t.after(() => server.close())
  const client = createClient(server.transport)
  const options = { nodeName: 'n', client, served: () => ({ 'example.com/here': '2' }), clock: systemClock, random: seededRandom(1) }
  const { signal } = new AbortController()
  await resetResources({ ...options, log: silentLog }, signal)
  const amounts = { cpu: '2', pods: '110', 'example.com/gone': '4', 'example.com/here': '2', 'hugepages-2Mi': '0' }
  const made = await client.create(Node, { metadata: { name: 'n' } })
  await client.update(Node, { ...made, status: { ...made.status, capacity: amounts, allocatable: amounts } }, { subresource: 'status' })
  await resetResources({ ...options, log: silentLog }, signal)
  const { status } = await client.get(Node, 'n')
  const expected = { ...amounts, 'example.com/gone': '0' }
  assert.deepEqual(status.capacity, expected)
  assert.deepEqual(status.allocatable, expected)
})
