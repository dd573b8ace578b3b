import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Event } from '#api/core/v1/event.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createMemoryStore } from '#store/memory.ts'
import type { Store } from '#store/store.ts'
import { createTestServer } from './testing.ts'

test('events go after an hour; while the store cannot write it is asked now and then, and not all the time', async () => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const memory = createMemoryStore()
  let isFull = false
  let refused = 0
  const store: Store = {
    ...memory,
    async commit(operations, conditions) {
      if (!isFull) return memory.commit(operations, conditions)
      refused += 1
      throw new WherryError('ServiceUnavailable', 'the disk is full')
    },
  }
  const server = await createTestServer({ clock, store })
  const client = createClient(createLocalTransport(server.transport))
  await server.transport({
    method: 'POST',
    path: '/api/v1/namespaces',
    headers: {},
    body: Buffer.from(JSON.stringify({ metadata: { name: 'default' } })),
  })
  await client.create(Event, { metadata: { name: 'e', namespace: 'default' }, involvedObject: { namespace: 'default' } } as never)
  await clock.advance(3_599_000)
  assert.equal((await client.get(Event, 'e', 'default')).metadata.name, 'e')
  isFull = true
  await clock.advance(60_000)
  assert.ok(refused > 1 && refused < 10, `${refused} tries`)
  isFull = false
  await clock.advance(15_000)
  await assert.rejects(client.get(Event, 'e', 'default'), (error) => isError(error, 'NotFound'))
  await server.close()
})
