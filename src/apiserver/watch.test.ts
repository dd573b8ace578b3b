import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from './testing.ts'

/** Watches: order, no gap, selectors, bookmarks, and the end of those that cannot keep up. */

let server: TestServer
let clock: VirtualClock
before(async () => {
  clock = createVirtualClock(0)
  server = await createTestServer({ clock })
  await post('/api/v1/namespaces', { metadata: { name: 'a' } })
  await post('/api/v1/namespaces', { metadata: { name: 'b' } })
})
after(() => server.close())

const maps = '/api/v1/namespaces/a/configmaps'
const post = (path: string, body: object) =>
  server.transport({ method: 'POST', path, headers: {}, body: Buffer.from(JSON.stringify(body)) })
const make = (name: string, labels: object = {}, path = maps) => post(path, { metadata: { name, labels } })
const patch = (name: string, body: object) =>
  server.transport({
    method: 'PATCH',
    path: `${maps}/${name}`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: Buffer.from(JSON.stringify(body)),
  })
const remove = (name: string) => server.transport({ method: 'DELETE', path: `${maps}/${name}`, headers: {} })

interface Event {
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly object: any
}

/** Reads `count` events and leaves, or all of them until the watch ends. */
async function watch(query: string, count = Infinity, headers: Readonly<Record<string, string>> = {}, path = maps): Promise<Event[]> {
  const answer = await server.transport({ method: 'GET', path: `${path}?watch=true&${query}`, headers })
  assert.equal(answer.status, 200)
  const events: Event[] = []
  for await (const part of answer.body as AsyncIterable<Uint8Array>) {
    for (const line of Buffer.from(part).toString().split('\n')) if (line !== '') events.push(JSON.parse(line))
    if (events.length >= count) break
  }
  return events
}

async function revision(): Promise<string> {
  const answer = await server.transport({ method: 'GET', path: maps, headers: {} })
  return JSON.parse(Buffer.from(answer.body as Uint8Array).toString()).metadata.resourceVersion
}

const told = (events: readonly Event[]) => events.map(({ type, object }) => `${type} ${object.metadata.name}`)

test('a watch goes on after a version, in order, without a gap, and only in its namespace', async () => {
  const start = await revision()
  await make('one')
  await make('elsewhere', {}, '/api/v1/namespaces/b/configmaps')
  await patch('one', { data: { k: '1' } })
  await remove('one')
  const events = await watch(`resourceVersion=${start}`, 3)
  assert.deepEqual(told(events), ['ADDED one', 'MODIFIED one', 'DELETED one'])
  const versions = events.map(({ object }) => Number(object.metadata.resourceVersion))
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(versions).size, 3)
})

test('every watcher sees every change once, however the writes fall', async () => {
  const start = await revision()
  const watchers = Array.from({ length: 20 }, () => watch(`resourceVersion=${start}`, 100))
  await Promise.all(Array.from({ length: 100 }, (_, i) => make(`many-${i}`)))
  const [first, ...others] = await Promise.all(watchers)
  assert.equal(new Set(told(first!)).size, 100)
  for (const other of others) assert.deepEqual(other, first)
})

test('a selector makes appearances and disappearances of changes', async () => {
  await make('labelled', { app: 'web' })
  const start = await revision()
  await patch('labelled', { metadata: { labels: { app: 'db' } } })
  await patch('labelled', { data: { k: '1' } })
  await patch('labelled', { metadata: { labels: { app: 'web' } } })
  assert.deepEqual(told(await watch(`resourceVersion=${start}&labelSelector=app%3Dweb`, 2)), ['DELETED labelled', 'ADDED labelled'])
  assert.deepEqual(told(await watch('fieldSelector=metadata.name%3Dlabelled', 1)), ['ADDED labelled'])
})

test('a watch of one name or field is woken by its own changes only', async () => {
  await make('other')
  const pods = '/api/v1/namespaces/a/pods'
  const pod = (name: string) =>
    post(pods, { metadata: { name }, spec: { nodeName: name === 'p1' ? 'n1' : 'n2', containers: [{ name: 'c', image: 'i' }] } })
  const start = await revision()
  const mine = watch(`resourceVersion=${start}&fieldSelector=spec.nodeName%3Dn1`, 1, {}, pods)
  await pod('p2')
  await pod('p1')
  assert.deepEqual(told(await mine), ['ADDED p1'])
})

test('initial events end with their bookmark', async () => {
  const events = await watch(
    'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dother',
    2,
  )
  assert.deepEqual(
    events.map(({ type }) => type),
    ['ADDED', 'BOOKMARK'],
  )
  assert.equal(events[1]!.object.metadata.annotations['k8s.io/initial-events-end'], 'true')
})

test('a bookmark shows the zeros that its kind never leaves out', async () => {
  const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const check = async (path: string, wanted: object) => {
    const [event] = await watch(query, 1, {}, path)
    const { metadata: _metadata, kind: _kind, apiVersion: _apiVersion, ...rest } = event!.object
    assert.deepEqual(rest, wanted, path)
  }
  const template = { metadata: {}, spec: { containers: null } }
  await check('/apis/apps/v1/namespaces/b/deployments', { spec: { replicas: 0, selector: null, strategy: {}, template }, status: {} })
  await check('/api/v1/namespaces/b/services', { spec: {}, status: { loadBalancer: {} } })
  await check('/api/v1/namespaces/b/secrets', {})
  await check('/apis/apps/v1/namespaces/b/controllerrevisions', { data: null, revision: 0 })
})

test('a watch for lists of metadata ends where it would have to say something', async () => {
  for (const type of ['application/json', 'application/vnd.kubernetes.protobuf']) {
    const start = await revision()
    const events = watch(`resourceVersion=${start}`, Infinity, { accept: `${type};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1` })
    await make(`any-${type.length}`)
    assert.deepEqual(await events, [])
  }
})

test('a state that does not come is the only event of a watch that was to begin with it', async () => {
  const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=99999999'
  const events = watch(query)
  await clock.advance(4_000)
  const [event, ...others] = await events
  assert.deepEqual([event!.type, event!.object.code, event!.object.details.retryAfterSeconds, others], ['ERROR', 504, 1, []])
})

test('a past state of a single object that does not come says nothing of when to ask again', async () => {
  const check = async (query: string, expected: number | undefined) => {
    const answer = server.transport({ method: 'GET', path: `${maps}?resourceVersion=99999999&${query}`, headers: {} })
    await clock.advance(4_000)
    const { status, body } = await answer
    const { details } = JSON.parse(Buffer.from(body as Uint8Array).toString())
    assert.deepEqual([status, details.retryAfterSeconds], [504, expected], query)
  }
  await check('fieldSelector=metadata.name%3Dx', 1)
  await check('fieldSelector=metadata.name%3Dx&resourceVersionMatch=NotOlderThan', 1)
  await check('fieldSelector=metadata.name%3Dx&resourceVersionMatch=Exact', undefined)
  await check('fieldSelector=metadata.name%3Dx&limit=1', undefined)
  await check('resourceVersionMatch=Exact', 1)
})

test('bookmarks come with time, and only where something happened since', async () => {
  const start = await revision()
  const events = watch(`resourceVersion=${start}&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnobody`, 1)
  await make('unseen')
  await clock.advance(61_000)
  const [bookmark] = await events
  assert.equal(bookmark!.type, 'BOOKMARK')
  assert.ok(Number(bookmark!.object.metadata.resourceVersion) > Number(start))
})

test('a watch ends when its time is over', async () => {
  const events = watch(`resourceVersion=${await revision()}&timeoutSeconds=5`)
  await clock.advance(6_000)
  assert.deepEqual(await events, [])
})

test('tables name their columns once', async () => {
  const start = await revision()
  await make('t1')
  await make('t2')
  const events = await watch(`resourceVersion=${start}`, 2, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
  assert.ok(Array.isArray(events[0]!.object.columnDefinitions))
  assert.equal(events[1]!.object.columnDefinitions, null)
  assert.equal(events[1]!.object.rows[0].cells[0], 't2')
})

test('what is older than history is expired, and a reader that fell behind is ended instead of buffered for', async () => {
  const answer = await server.transport({ method: 'GET', path: `${maps}?watch=true&resourceVersion=${await revision()}`, headers: {} })
  const reader = (answer.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  await make('busy')
  await reader.next()
  for (let i = 0; i < 10_000; i += 1) await patch('busy', { data: { i: `${i}` } })
  const [event] = Buffer.from((await reader.next()).value as Uint8Array)
    .toString()
    .split('\n')
  const { type, object } = JSON.parse(event!)
  assert.deepEqual([type, object.code, object.reason], ['ERROR', 410, 'Expired'])
  assert.equal((await reader.next()).done, true)
  const [old] = await watch('resourceVersion=2')
  assert.equal(old!.object.code, 410)
})

test('a client in the same process gets the very objects that the server holds', async () => {
  await make('shared')
  const client = createClient(createLocalTransport(server.transport))
  const leaving = new AbortController()
  const seen: ConfigMap[] = []
  const last = (name: string) => seen.findLast(({ metadata }) => metadata.name === name)
  for await (const event of client.watch(ConfigMap, { namespace: 'a', sendInitialEvents: true, signal: leaving.signal })) {
    if (event.type === 'BOOKMARK') {
      // Two at once, which other readers would get in one piece.
      if (seen.length > 0 && event.initialEventsEnd) await Promise.all([patch('shared', { data: { a: '1' } }), make('shared-2')])
      continue
    }
    seen.push(event.object)
    if (last('shared')?.data?.['a'] === '1' && last('shared-2') !== undefined) break
  }
  for (const name of ['shared', 'shared-2']) assert.equal(last(name), server.objects.get(ConfigMap, name, 'a'))
  leaving.abort()
})
