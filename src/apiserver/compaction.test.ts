import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from './testing.ts'

test('the next page of a list is to be had until what it shows was compacted; then a new token goes on from the present', async () => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const server = await createTestServer({ clock })
  const send = async (method: string, path: string, body?: object) => {
    const answer = await server.transport({ method, path, headers: {}, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
    return { status: answer.status, body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) }
  }
  const configMaps = '/api/v1/namespaces/a/configmaps'
  const make = (name: string) => send('POST', configMaps, { metadata: { name } })
  try {
    await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
    for (const name of ['a', 'b', 'c']) await make(name)
    const first = (await send('GET', `${configMaps}?limit=1`)).body
    const next = `${configMaps}?limit=1&continue=${first.metadata.continue}`
    await make('bb')
    const shown = (await send('GET', next)).body
    assert.deepEqual([shown.items[0].metadata.name, shown.metadata.remainingItemCount], ['b', 1], 'as of the first page')
    await clock.advance(300_000)
    await make('later')
    assert.equal((await send('GET', next)).status, 200, 'kept for five minutes')
    await clock.advance(60_000)
    const refused = await send('GET', next)
    assert.deepEqual([refused.status, refused.body.reason], [410, 'Expired'])
    const anew = (await send('GET', `${configMaps}?limit=3&continue=${refused.body.metadata.continue}`)).body
    assert.deepEqual(
      anew.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ['b', 'bb', 'c'],
    )
  } finally {
    await server.close()
  }
})
