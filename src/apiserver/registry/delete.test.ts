import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { createMemoryStore } from '#store/memory.ts'
import type { Store, StoreEvent } from '#store/store.ts'
import { createTestServer } from '../testing.ts'

const spec = { serviceAccountName: 'default', automountServiceAccountToken: false, containers: [{ name: 'a', image: 'b' }] }

test('a pod that goes at once is marked first; one that was marked so before just goes', async () => {
  const { ask, store, close } = await start()
  const after = await store.revision()
  await ask('POST', `${core}/pods`, { metadata: { name: 'a' }, spec })
  await ask('DELETE', `${core}/pods/a`, { gracePeriodSeconds: 0 })
  await ask('POST', `${core}/pods`, { metadata: { name: 'b', finalizers: ['example.com/x'] }, spec })
  await ask('DELETE', `${core}/pods/b`, { gracePeriodSeconds: 0 })
  const seen: string[] = []
  for await (const events of store.watch('/registry/core/pods/', after)) {
    seen.push(...events.map(shown))
    if (seen.length >= 5) break
  }
  assert.deepEqual(seen, ['a put', 'a put, deleted, grace 0', 'a delete', 'b put', 'b put, deleted, grace 0'])
  await close()
})

// What is asked of the store is what a client waits for.
for (const [name, passesOn, wanted] of [
  ['marking and removing are one wait', true, 1],
  ['and two where the store does only one of them', false, 2],
] as const)
  test(name, async () => {
    const inner = createMemoryStore()
    let commits = 0
    const store: Store = {
      ...inner,
      commit(operations, conditions, following) {
        commits += 1
        return inner.commit(operations, conditions, passesOn ? following : undefined)
      },
    }
    const { ask, close } = await start(store)
    await ask('POST', `${core}/pods`, { metadata: { name: 'a' }, spec })
    commits = 0
    await ask('DELETE', `${core}/pods/a`, { gracePeriodSeconds: 0 })
    assert.equal(commits, wanted)
    assert.deepEqual((await inner.range('/registry/core/pods/')).entries, [])
    await close()
  })

const core = '/api/v1/namespaces/n'

async function start(store: Store = createMemoryStore()) {
  const server = await createTestServer({ clock: createVirtualClock(0), store })
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const answer = await server.transport({ method, path, headers: {}, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`)
  }
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'n' } })
  await ask('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } })
  return { ask, store: server.store, close: server.close }
}

function shown({ key, type, entry }: StoreEvent): string {
  const name = key.slice(key.lastIndexOf('/') + 1)
  const { metadata } = entry === undefined ? { metadata: {} } : JSON.parse(Buffer.from(entry.value).toString())
  return `${name} ${type}${metadata.deletionTimestamp === undefined ? '' : `, deleted, grace ${metadata.deletionGracePeriodSeconds}`}`
}
