import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from './testing.ts'

/**
 * Lists of thousands of items with owners of their own, applied and patched: four times as many may take about four times as long, and not
 * sixteen times. It is processor time of this thread that counts, so a machine that has other things to do changes nothing.
 */

let server: TestServer
before(async () => {
  server = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')) })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
  const name = { type: 'string' }
  const item = { type: 'object', required: ['name'], properties: { name, v: { type: 'integer' } } }
  const set = { type: 'array', 'x-kubernetes-list-type': 'set', items: name }
  const map = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: item }
  const spec = { type: 'object', properties: { set, map } }
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } }
  const names = { plural: 'longs', singular: 'long', kind: 'Long', listKind: 'LongList' }
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const definition = { group: 'example.com', scope: 'Namespaced', names, versions: [version] }
  await send('POST', definitions, { metadata: { name: 'longs.example.com' }, spec: definition })
  // It is served as soon as its names are found to be free.
  while ((await server.transport({ method: 'GET', path: longs, headers: {} })).status !== 200)
    await new Promise((resolve) => setImmediate(resolve))
})
after(() => server.close())

const longs = '/apis/example.com/v1/namespaces/a/longs'
const controllers = '/api/v1/namespaces/a/replicationcontrollers'

/** Answers the processor time that it took, in milliseconds. */
async function send(method: string, path: string, body: object, type = 'application/json'): Promise<number> {
  const sent = Buffer.from(JSON.stringify(body))
  const before = process.threadCpuUsage()
  const answer = await server.transport({ method, path, headers: { 'content-type': type }, body: sent })
  const { user, system } = process.threadCpuUsage(before)
  const text = Buffer.from(await readBody(answer.body)).toString('utf8', 0, 500)
  assert.ok(answer.status < 300, `${method} ${path}: ${text}`)
  return (user + system) / 1000
}

/** Each step of some writes must take so much less than the square of the number of items. */
function check(name: string, write: (count: number) => AsyncGenerator<number>): void {
  test(name, async () => {
    const few = 1_500
    // The first time everything is slow.
    await Array.fromAsync(write(few))
    const small = await Array.fromAsync(write(few))
    let large = await Array.fromAsync(write(4 * few))
    const tooLong = (): number => large.findIndex((tookMs, i) => tookMs > 10 * small[i]! + 50)
    // Once more, for it may have been a collection of garbage.
    if (tooLong() >= 0) large = (await Array.fromAsync(write(4 * few))).map((tookMs, i) => Math.min(tookMs, large[i]!))
    const step = tooLong()
    assert.equal(
      step,
      -1,
      `step ${step}: ${Math.round(small[step]!)} ms for ${few} items, ${Math.round(large[step]!)} ms for four times as many`,
    )
  })
}

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
let made = 0

const lists: Readonly<Record<string, (i: number, v: number) => unknown>> = {
  set: (i) => `item-${i}`,
  map: (i, v) => ({ name: `item-${i}`, v }),
}
for (const [field, item] of Object.entries(lists))
  check(`a list of sort ${field} that is applied`, async function* (count) {
    made += 1
    const name = `l${made}`
    const apply = (manager: string, items: readonly unknown[]) => {
      const body = { apiVersion: 'example.com/v1', kind: 'Long', metadata: { name, namespace: 'a' }, spec: { [field]: items } }
      return send('PATCH', `${longs}/${name}?fieldManager=${manager}&force=true`, body, 'application/apply-patch+yaml')
    }
    const items = (from: number, v = 1) => many(count, (i) => item(i + from, v))
    yield await apply('a', items(0))
    yield await apply('a', items(0).reverse())
    yield await apply('a', items(count / 2))
    yield await apply('b', items(0, 2))
    const merged = { spec: { [field]: items(count) } }
    yield await send('PATCH', `${longs}/${name}`, merged, 'application/merge-patch+json')
  })

check('a list that is patched by its keys', async function* (count) {
  made += 1
  const name = `r${made}`
  const withEnv = (env: readonly unknown[], more: object = {}) => ({
    metadata: { name },
    spec: {
      selector: { a: 'b' },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i', env, ...more }] } },
    },
  })
  const items = (from: number, value = 'v') => many(count, (i) => ({ name: `E${i + from}`, value }))
  const patch = (body: object) => send('PATCH', `${controllers}/${name}`, body, 'application/strategic-merge-patch+json')
  yield await send('POST', controllers, withEnv(items(0)))
  yield await patch(withEnv(items(count / 2, 'w')))
  const order = many(count * 1.5, (i) => ({ name: `E${i}` })).reverse()
  yield await patch(withEnv([], { '$setElementOrder/env': order }))
  yield await patch(withEnv(many(count, (i) => ({ name: `E${i}`, $patch: 'delete' }))))
})
