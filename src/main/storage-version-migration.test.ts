import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { kinds } from '#api/kinds.ts'
import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { confidentialKeys, encryptedStore } from '#apiserver/encryption/encrypted-store.ts'
import type { EncryptionKey } from '#apiserver/encryption/key-file.ts'
import { createSealer } from '#apiserver/encryption/sealer.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { systemClock } from '#host/clock.ts'
import { readBody } from '#lib/http.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createMemoryStore } from '#store/memory.ts'
import type { Store } from '#store/store.ts'
import { startTestPlane } from './test-plane.ts'

/** Migrations as they go through a whole control plane: what the store holds afterwards, and what is said of it. */

const on = {
  components: ['controllers'],
  featureGates: { StorageVersionMigrator: true },
  runtimeConfig: { 'storagemigration.k8s.io/v1beta1': true },
} as const
const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

async function start(t: TestContext, store: Store) {
  const plane = await startTestPlane({ store, ...on })
  const transport = createLocalTransport(plane.transportAs(admin))
  const client = createClient(transport)
  const inform = <K extends typeof StorageVersionMigration | typeof CustomResourceDefinition>(kind: K) =>
    createInformer(client, kind, { clock: systemClock, random: seededRandom(1), log: silentLog })
  const migrations = inform(StorageVersionMigration)
  const definitions = inform(CustomResourceDefinition)
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    await Promise.all([migrations.close(), definitions.close()])
    await plane.stop()
  }
  t.after(stop)
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
    const answer = await transport({ method, path, headers, ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }) })
    const text = Buffer.from(await readBody(answer.body, 1_000_000)).toString()
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  /** Resolves with the conditions that hold once it runs no more. */
  const migrated = async (name: string, group: string, resource: string) => {
    await client.create(StorageVersionMigration, { metadata: { name }, spec: { resource: { group, resource } } })
    const conditions = () => migrations.get(name)?.status.conditions ?? []
    const isOver = () => conditions().some(({ type, status }) => type === 'Running' && status === 'False')
    assert.ok(await migrations.until(isOver, 20_000), `${name} ends: ${JSON.stringify(conditions())}`)
    return conditions().map(({ type, status, reason, message }) => `${type}=${status} ${reason} ${message}`.trim())
  }
  return { client, ask, migrated, definitions, stop }
}

const succeeded = ['Running=False MigrationCompleted Migration completed', 'Succeeded=True StorageVersionMigrationSucceeded']
/** The values that the store has under the prefix. */
const storedAt = async (store: Store, prefix: string) =>
  (await store.range(prefix)).entries.map(({ value }) => Buffer.from(value).toString('latin1'))

const name = 'widgets.example.com'
const widgets = '/apis/example.com/v1/namespaces/default/widgets'
const version = (name: string, isStorage: boolean) => ({
  name,
  served: true,
  storage: isStorage,
  schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
})
const definition = {
  metadata: { name },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [version('v1', true), version('v2', false)],
  },
}

test('objects of a definition whose storage version changed are stored in the new one, and no other is named then', async (t) => {
  const store = createMemoryStore()
  const { client, ask, migrated, definitions } = await start(t, store)
  await client.create(CustomResourceDefinition, definition)
  const isThere = () => definitions.get(name)?.status.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')
  assert.ok(await definitions.until(() => isThere() === true, 20_000))
  // More than are listed at a time.
  const count = 510
  const objects = Array.from({ length: count }, (_, i) => ({ metadata: { name: `w-${i}` }, spec: { size: i } }))
  for (const object of objects) await ask('POST', widgets, { apiVersion: 'example.com/v1', kind: 'Widget', ...object })
  const versions = async () => {
    const found = (await storedAt(store, '/registry/example.com/widgets/')).map((value) => JSON.parse(value).apiVersion)
    return [found.length, [...new Set(found)]]
  }
  const storeIn = (storage: string) =>
    ask('PATCH', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, {
      spec: { versions: ['v1', 'v2'].map((one) => version(one, one === storage)) },
    })
  const told = async () => {
    const { status, metadata } = await client.get(CustomResourceDefinition, name)
    const { reason, observedGeneration } = status.conditions.find(({ type }) => type === 'StorageMigrating') ?? {}
    return [status.storedVersions, reason, observedGeneration === metadata.generation]
  }
  await storeIn('v2')
  assert.deepEqual(await versions(), [count, ['example.com/v1']])
  const before = await ask('GET', `${widgets}/w-7`)
  assert.deepEqual(await migrated('to-v2', 'example.com', 'widgets'), succeeded)
  assert.deepEqual(await versions(), [count, ['example.com/v2']])
  assert.deepEqual(await told(), [['v2'], 'MigrationSucceeded', true])
  const { resourceVersion, ...same } = before.metadata
  const after = await ask('GET', `${widgets}/w-7`)
  assert.deepEqual(after, { ...before, metadata: { ...same, resourceVersion: after.metadata.resourceVersion } })
  assert.notEqual(after.metadata.resourceVersion, resourceVersion)

  await storeIn('v1')
  assert.deepEqual((await told())[0], ['v2', 'v1'])
  assert.deepEqual(await migrated('and-back', 'example.com', 'widgets'), succeeded)
  assert.deepEqual(
    [await versions(), await told()],
    [
      [count, ['example.com/v1']],
      [['v1'], 'MigrationSucceeded', true],
    ],
  )
  // What is as it should be is not written once more.
  const settled = await ask('GET', `${widgets}/w-7`)
  assert.deepEqual(await migrated('once-more', 'example.com', 'widgets'), succeeded)
  assert.deepEqual(await ask('GET', `${widgets}/w-7`), settled)
})

test('after a change of keys all Secrets are sealed by the new one, and the old one is not needed any more', async (t) => {
  const inner = createMemoryStore()
  const key = (id: string, byte: number): EncryptionKey => ({ id, key: new Uint8Array(32).fill(byte) })
  const sealed = (...keys: EncryptionKey[]) => encryptedStore(inner, confidentialKeys(kinds), createSealer(keys))
  const keyIds = async () => {
    const ids = (await storedAt(inner, '/registry/core/secrets/')).map((value) => value.split(':')[3])
    return [ids.length >= 3, [...new Set(ids)]]
  }
  const first = await start(t, sealed(key('old', 1)))
  for (const name of ['a', 'b', 'c'])
    await first.client.create(Secret, { metadata: { name }, stringData: { for: name } }, { namespace: 'default' })
  await first.stop()

  const second = await start(t, sealed(key('new', 2), key('old', 1)))
  assert.deepEqual(await keyIds(), [true, ['old']])
  assert.deepEqual(await second.migrated('rotate', '', 'secrets'), succeeded)
  assert.deepEqual(await keyIds(), [true, ['new']])
  await second.stop()

  const third = await start(t, sealed(key('new', 2)))
  const { data } = await third.client.get(Secret, 'b', 'default')
  assert.deepEqual(data, { for: Buffer.from('b').toString('base64') })
})
