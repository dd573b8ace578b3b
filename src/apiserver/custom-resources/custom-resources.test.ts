import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { AnyKind } from '#api/kind.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { readBody } from '#lib/http.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createMemoryStore } from '#store/memory.ts'
import type { Store } from '#store/store.ts'
import { createTestServer, type TestServer } from '../testing.ts'
import { kindsOf } from './kinds-of.ts'

const servers: TestServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function start(store: Store = createMemoryStore()) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const server = await createTestServer({ clock, store })
  servers.push(server)
  const client = createClient(createLocalTransport(server.transport))
  const definitions = createInformer(client, CustomResourceDefinition, { clock, random: seededRandom(1), log: silentLog })
  /** Waits until the definition has the condition. */
  const reaches = async (name: string, type: string, status = 'True') =>
    assert.ok(
      await definitions.until(
        () => definitions.get(name)?.status.conditions?.some((found) => found.type === type && found.status === status) ?? false,
      ),
      `${name} becomes ${type}=${status}`,
    )
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await server.transport({
      method,
      path,
      headers: body === undefined ? {} : { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
      ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
    })
    const text = Buffer.from(await readBody(response.body)).toString()
    return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : undefined, etag: response.headers['etag'] }
  }
  const finish = async () => {
    await definitions.close()
    await server.close()
  }
  return { clock, store, server, client, definitions, reaches, ask, finish }
}

const version = (name: string, rest: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: { size: { type: 'integer', maximum: 9, default: 1 }, color: { type: 'string' } },
          'x-kubernetes-validations': [{ rule: '!has(oldSelf.color) || self.color == oldSelf.color', message: 'color stays' }],
        },
        status: { type: 'object', properties: { size: { type: 'integer' } } },
      },
    },
  },
  selectableFields: [{ jsonPath: '.spec.color' }],
  subresources: { status: {} },
  ...rest,
})

const definitionOf = (plural: string, kind: string, versions: readonly object[] = [version('v1')]) =>
  ({
    metadata: { name: `${plural}.example.com` },
    spec: { group: 'example.com', names: { plural, kind }, scope: 'Namespaced', versions },
  }) as never

const widget = (name: string, spec: object = {}) => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec })
const widgets = '/apis/example.com/v1/namespaces/default/widgets'

test('a definition is made, used through an informer, and deleted with its instances', async () => {
  const { clock, client, reaches, definitions, ask, finish } = await start()
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  assert.equal((await ask('GET', widgets)).status, 404)
  await client.create(CustomResourceDefinition, definitionOf('widgets', 'Widget'))
  await reaches('widgets.example.com', 'Established')
  const kind = kindsOf(definitions.get('widgets.example.com')!)[0] as AnyKind
  const informer = createInformer(client, kind, { clock, random: seededRandom(2), log: silentLog })
  const heard: string[] = []
  informer.onChange((object, _, change) => heard.push(`${change} ${(object as { metadata: { name: string } }).metadata.name}`))
  await informer.synced()

  const made = await ask('POST', widgets, { ...widget('a', { color: 'red', lost: 1 }), status: { size: 1 } })
  assert.equal(made.status, 201)
  assert.deepEqual(made.json.spec, { color: 'red', size: 1 }, 'pruned and defaulted')
  assert.equal(made.json.status, undefined, 'status is written apart')
  assert.equal(made.json.metadata.generation, 1)
  const tooBig = await ask('PATCH', `${widgets}/a`, { spec: { size: 10 } })
  assert.match(tooBig.json.message, /spec\.size: Invalid value: 10: spec\.size in body should be less than or equal to 9$/)
  assert.match((await ask('PATCH', `${widgets}/a`, { spec: { color: 'blue' } })).json.message, /spec: Invalid value: color stays$/)
  assert.equal((await ask('PATCH', `${widgets}/a/status`, { status: { size: 3 } })).json.metadata.generation, 1)
  assert.equal((await ask('PATCH', `${widgets}/a`, { spec: { size: 2 } })).json.metadata.generation, 2)
  await ask('POST', widgets, widget('b', { color: 'blue' }))
  const chosen = await ask('GET', `${widgets}?fieldSelector=spec.color%3Dblue`)
  assert.deepEqual(
    chosen.json.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['b'],
  )

  await client.delete(CustomResourceDefinition, 'widgets.example.com')
  assert.ok(await definitions.until(() => definitions.get('widgets.example.com') === undefined))
  assert.deepEqual(heard, ['added a', 'modified a', 'modified a', 'added b', 'deleted a', 'deleted b'].sort(byFirst(heard)))
  assert.equal((await ask('GET', widgets)).status, 404)
  await informer.close()
  await finish()
})

/** Which of the two is deleted first is open. */
const byFirst = (heard: readonly string[]) => (a: string, b: string) => heard.indexOf(a) - heard.indexOf(b)

test('what was served is served again by a server that finds it in its store', async () => {
  const first = await start()
  await first.ask('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  await first.client.create(CustomResourceDefinition, definitionOf('widgets', 'Widget'))
  await first.reaches('widgets.example.com', 'Established')
  await first.ask('POST', widgets, widget('a', { color: 'red' }))
  await first.finish()
  const second = await start(first.store)
  assert.deepEqual((await second.ask('GET', `${widgets}/a`)).json.spec, { color: 'red', size: 1 })
  await second.finish()
})

test('discovery and OpenAPI follow what is defined', async () => {
  const { client, reaches, ask, finish } = await start()
  const before = await ask('GET', '/openapi/v2')
  await client.create(CustomResourceDefinition, definitionOf('widgets', 'Widget', [version('v1'), version('v2')]))
  await reaches('widgets.example.com', 'Established')
  const { json } = await ask('GET', '/apis/example.com')
  assert.deepEqual(
    json.versions.map((found: { version: string }) => found.version),
    ['v2', 'v1'],
  )
  const after = await ask('GET', '/openapi/v2')
  assert.notEqual(after.etag, before.etag)
  assert.ok(after.json.definitions['com.example.v1.Widget'])
  assert.ok((await ask('GET', '/openapi/v3')).json.paths['apis/example.com/v2'])
  await client.patch(CustomResourceDefinition, 'widgets.example.com', {
    type: 'json',
    operations: [{ op: 'replace', path: '/spec/versions/1/served', value: false }],
  })
  assert.equal((await ask('GET', '/apis/example.com/v2')).status, 404)
  await finish()
})

test('names belong to the definition that had them first, and pass on when it goes', async () => {
  const { client, reaches, ask, definitions, finish } = await start()
  await client.create(CustomResourceDefinition, definitionOf('widgets', 'Widget'))
  await reaches('widgets.example.com', 'Established')
  await client.create(CustomResourceDefinition, definitionOf('others', 'Widget'))
  await reaches('others.example.com', 'NamesAccepted', 'False')
  const conditions = definitions.get('others.example.com')?.status.conditions?.map(({ reason }) => reason)
  assert.deepEqual(conditions, ['ListKindConflict', 'NotAccepted'])
  assert.equal((await ask('GET', '/apis/example.com/v1/others')).status, 404)
  await client.delete(CustomResourceDefinition, 'widgets.example.com')
  await reaches('others.example.com', 'Established')
  assert.equal((await ask('GET', '/apis/example.com/v1/others')).status, 200)
  await finish()
})

test('a definition that goes takes the history of its objects along', async () => {
  const { client, reaches, definitions, ask, finish, server } = await start()
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  const define = async () => {
    await client.create(CustomResourceDefinition, definitionOf('widgets', 'Widget'))
    await reaches('widgets.example.com', 'Established')
  }
  const firstOf = async (resourceVersion: string) => {
    const path = `${widgets}?watch=true&timeoutSeconds=5&resourceVersion=${resourceVersion}`
    const { body } = await server.transport({ method: 'GET', path, headers: {} })
    if (body instanceof Uint8Array) return JSON.parse(Buffer.from(body).toString())
    const iterator = body[Symbol.asyncIterator]()
    const { value } = await iterator.next()
    await iterator.return?.()
    return JSON.parse(Buffer.from(value!).toString().split('\n')[0]!)
  }
  await define()
  const { resourceVersion } = (await ask('GET', widgets)).json.metadata
  await ask('POST', widgets, widget('a'))
  assert.equal((await firstOf(resourceVersion)).type, 'ADDED')
  await client.delete(CustomResourceDefinition, 'widgets.example.com')
  assert.ok(await definitions.until(() => definitions.get('widgets.example.com') === undefined))
  await define()
  const { type, object } = await firstOf(resourceVersion)
  assert.deepEqual([type, object.code], ['ERROR', 410])
  assert.deepEqual((await ask('GET', widgets)).json.items, [])
  await finish()
})

test('a watch ends when its definition changes', async () => {
  const { server, client, reaches, finish } = await start()
  await client.create(CustomResourceDefinition, definitionOf('widgets', 'Widget'))
  await reaches('widgets.example.com', 'Established')
  const watch = await server.transport({ method: 'GET', path: '/apis/example.com/v1/widgets?watch=true', headers: {} })
  const ended = readBody(watch.body)
  await client.patch(CustomResourceDefinition, 'widgets.example.com', {
    type: 'merge',
    body: { spec: { names: { shortNames: ['w'] } } },
  })
  assert.equal((await ended).byteLength, 0)
  await finish()
})
