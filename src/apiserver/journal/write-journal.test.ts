import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import type { WriteEntry } from '#lib/cause.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Write } from '../context.ts'
import { createTestServer } from '../testing.ts'
import { createWriteJournal } from './write-journal.ts'

const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
const write = (verb = 'update') => ({ user: { name: 'ann', groups: [] }, manager: 'kubectl', verb, subresource: '' }) as unknown as Write
const revisions = (entries: readonly WriteEntry[]) => entries.map(({ revision }) => revision)

test('of an object that is written again and again its beginning and its latest writes stay', () => {
  const journal = createWriteJournal({ clock })
  for (let revision = 1; revision <= 40; revision += 1) journal.note(write(), 'k', revision)
  assert.deepEqual(revisions(journal.of('k')), [1, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40])
  assert.deepEqual(journal.of('unknown'), [])
})

test('what was not written for the longest time is forgotten first', () => {
  const journal = createWriteJournal({ clock, entriesMax: 4 })
  for (const [index, key] of ['a', 'b', 'c', 'a', 'd'].entries()) journal.note(write(), key, index + 1)
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => revisions(journal.of(key))),
    [[1, 4], [], [3], [5]],
  )
})

test('the API server notes who wrote what and because of what, and tells it', async () => {
  const server = await createTestServer({ clock })
  const client = createClient(createLocalTransport(server.transport), { fieldManager: 'some-controller' })
  await client.create(Namespace, { metadata: { name: 'shop' } })
  const cause = { group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web', resourceVersion: '7' }
  const made = await client.because(cause).create(ConfigMap, { metadata: { name: 'c' } }, { namespace: 'shop' })
  const patched = await client.patch(ConfigMap, 'c', { type: 'merge', body: { data: { k: 'v' } } }, { namespace: 'shop' })
  // Changes nothing, so nobody wrote.
  await client.because(cause).patch(ConfigMap, 'c', { type: 'merge', body: { data: { k: 'v' } } }, { namespace: 'shop' })
  await client.because(cause).delete(ConfigMap, 'c', { namespace: 'shop' })
  const ask = async (path: string) => {
    const { status, body } = await server.transport({ method: 'GET', path: `/wherry/writes/${path}`, headers: {} })
    const text = Buffer.from(body as Uint8Array).toString()
    return { status, body: (status === 200 ? JSON.parse(text) : {}) as { readonly items: WriteEntry[] } }
  }
  const { status, body } = await ask('core/configmaps/shop/c')
  assert.equal(status, 200)
  const common = { time: '2026-01-01T00:00:00Z', user: 'kubernetes-admin', manager: 'some-controller', subresource: '' }
  assert.deepEqual(body.items.slice(0, 2), [
    { ...common, revision: Number(made.metadata.resourceVersion), verb: 'create', cause },
    { ...common, revision: Number(patched.metadata.resourceVersion), verb: 'patch' },
  ])
  assert.deepEqual(
    body.items.slice(2).map(({ verb, cause: because }) => [verb, because]),
    [['delete', cause]],
  )
  assert.deepEqual((await ask('core/namespaces/-/shop')).body.items.length, 1)
  for (const name of ['other', '%25zz', 'system%3Anode'])
    assert.deepEqual(await ask(`core/configmaps/shop/${name}`), { status: 200, body: { items: [] } }, name)
  for (const path of ['core/nothings/shop/c', 'core/configmaps/shop', 'core/configmaps/shop/c/d'])
    assert.equal((await ask(path)).status, 404, path)
})

test('a binding is noted with what led to it', async () => {
  const server = await createTestServer({ clock })
  const client = createClient(createLocalTransport(server.transport))
  await client.create(Namespace, { metadata: { name: 'shop' } })
  const spec = { containers: [{ name: 'c', image: 'i:1' }] }
  await client.create(Pod, { metadata: { name: 'p' }, spec }, { namespace: 'shop' })
  const cause = { group: '', resource: 'nodes', namespace: '', name: 'n', resourceVersion: '7' }
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
  await client.because(cause).act(Pod, 'p', 'binding', body, { namespace: 'shop' })
  const answer = await server.transport({ method: 'GET', path: '/wherry/writes/core/pods/shop/p', headers: {} })
  const { items } = JSON.parse(Buffer.from(answer.body as Uint8Array).toString()) as { readonly items: WriteEntry[] }
  assert.deepEqual(
    items.map((entry) => entry.cause),
    [undefined, cause],
  )
})
