import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import type { StoreEvent } from '#store/store.ts'
import { createTestServer } from '../testing.ts'

const spec = { serviceAccountName: 'default', automountServiceAccountToken: false, containers: [{ name: 'a', image: 'b' }] }

test('a pod that goes at once is marked first; one that was marked so before just goes', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const answer = await server.transport({ method, path, headers: {}, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`)
  }
  const core = '/api/v1/namespaces/n'
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'n' } })
  await ask('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } })
  const after = await server.store.revision()
  await ask('POST', `${core}/pods`, { metadata: { name: 'a' }, spec })
  await ask('DELETE', `${core}/pods/a`, { gracePeriodSeconds: 0 })
  await ask('POST', `${core}/pods`, { metadata: { name: 'b', finalizers: ['example.com/x'] }, spec })
  await ask('DELETE', `${core}/pods/b`, { gracePeriodSeconds: 0 })
  const seen: string[] = []
  for await (const events of server.store.watch('/registry/core/pods/', after)) {
    seen.push(...events.map(shown))
    if (seen.length >= 5) break
  }
  assert.deepEqual(seen, ['a put', 'a put, deleted, grace 0', 'a delete', 'b put', 'b put, deleted, grace 0'])
  await server.close()
})

function shown({ key, type, entry }: StoreEvent): string {
  const name = key.slice(key.lastIndexOf('/') + 1)
  const { metadata } = entry === undefined ? { metadata: {} } : JSON.parse(Buffer.from(entry.value).toString())
  return `${name} ${type}${metadata.deletionTimestamp === undefined ? '' : `, deleted, grace ${metadata.deletionGracePeriodSeconds}`}`
}
