import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { readBody } from '#lib/http.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import { createMemoryStore } from '#store/memory.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { createTestServer, type TestServer, type TestServerOptions } from './testing.ts'

/** What happens by time, under failures and after a restart. */

const start = Date.parse('2026-01-01T00:00:00Z')
const hourMs = 3_600_000
const maps = '/api/v1/namespaces/a/configmaps'

async function withServer(
  options: Partial<TestServerOptions>,
  run: (server: TestServer, clock: VirtualClock) => Promise<void>,
): Promise<void> {
  const clock = createVirtualClock(start)
  const server = await createTestServer({ clock, ...options })
  try {
    await send(server, 'POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
    await run(server, clock)
  } finally {
    await server.close()
  }
}

async function send(server: TestServer, method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await server.transport({ method, path, headers, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
  return { ...answer, body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) }
}

const event = (name: string): object => ({
  metadata: { name, namespace: 'a' },
  involvedObject: { kind: 'Pod', name: 'p', namespace: 'a' },
  reason: 'Tried',
})

test('events leave an hour after their last write, by one deadline for all of them', async () => {
  await withServer({}, async (server, clock) => {
    const events = '/api/v1/namespaces/a/events'
    await send(server, 'POST', events, event('first'))
    const pending = clock.pending
    await clock.advance(60_000)
    for (const name of ['second', 'third']) await send(server, 'POST', events, event(name))
    assert.equal(clock.pending, pending, 'more events need no more deadlines')
    await clock.advance(hourMs / 2)
    await send(server, 'PATCH', `${events}/second`, { count: 2 }, { 'content-type': 'application/merge-patch+json' })
    const names = async () =>
      (await send(server, 'GET', events)).body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
    await clock.advance(hourMs / 2 - 60_000)
    assert.deepEqual(await names(), ['second', 'third'])
    await clock.advance(60_000)
    assert.deepEqual(await names(), ['second'], 'a write renews')
    await clock.advance(hourMs)
    assert.deepEqual(await names(), [])
  })
})

test('history in the store is bounded while something is written, and nothing runs once nothing is', async () => {
  const store = createMemoryStore()
  await withServer({ store }, async (server, clock) => {
    for (let minute = 0; minute < 12; minute += 1) {
      await send(server, 'POST', maps, { metadata: { name: `m${minute}` } })
      await clock.advance(60_000)
    }
    await assert.rejects(store.range('/', { revision: 2 }), (error: WherryError) => error.code === 'Expired')
    const revision = await store.revision()
    await assert.doesNotReject(store.range('/', { revision: revision - 1 }), 'what is young stays')
    await clock.advance(hourMs)
    assert.equal(clock.pending, 0)
  })
})

test('a broken stream of the store is followed anew: nothing is missed, open watches end, older ones are expired', async () => {
  const memory = createMemoryStore()
  let broken = Promise.withResolvers<void>()
  const failures: string[] = []
  const store: Store = {
    ...memory,
    revision: () => memory.revision(),
    async *watch(prefix, after, options) {
      const source = memory.watch(prefix, after, options)[Symbol.asyncIterator]()
      const end = broken
      try {
        for (;;) {
          const next = await Promise.race([source.next(), end.promise.then(() => 'broken' as const)])
          if (next === 'broken') throw new WherryError('ServiceUnavailable', 'the stream broke')
          if (next.done) return
          yield next.value
        }
      } finally {
        await source.return?.()
      }
    },
  }
  await withServer({ store, log: (message) => void failures.push(message) }, async (server, clock) => {
    await send(server, 'POST', maps, { metadata: { name: 'before' } })
    const { resourceVersion } = (await send(server, 'GET', maps)).body.metadata
    const watch = await server.transport({ method: 'GET', path: `${maps}?watch=true&resourceVersion=${resourceVersion}`, headers: {} })
    const ended = (async () => {
      for await (const _part of watch.body as AsyncIterable<Uint8Array>) assert.fail('nothing happened that this watch could tell')
    })()
    broken.resolve()
    broken = Promise.withResolvers()
    await Promise.resolve()
    // Somebody else writes while nobody listens.
    await memory.commit([{ do: 'put', key: '/registry/core/elsewhere/x', value: Buffer.from('{}') }])
    const late = send(server, 'POST', maps, { metadata: { name: 'after' } })
    await clock.advance(1_000)
    assert.equal((await late).status, 201)
    await ended
    assert.ok(failures.length > 0, 'the failure is told')
    const list = await send(server, 'GET', maps)
    assert.deepEqual(
      list.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ['after', 'before'],
    )
    const old = await server.transport({ method: 'GET', path: `${maps}?watch=true&resourceVersion=1`, headers: {} })
    const frame = JSON.parse(Buffer.from(await readBody(old.body)).toString())
    assert.deepEqual([frame.type, frame.object.code, frame.object.reason], ['ERROR', 410, 'Expired'])
  })
})

test('a compressor never stands between a stream and its reader', async () => {
  await withServer({}, async (server) => {
    const watch = await server.transport({
      method: 'GET',
      path: `${maps}?watch=true`,
      headers: { 'accept-encoding': 'gzip' },
    })
    assert.equal(watch.headers['content-encoding'], undefined)
    await send(server, 'POST', maps, { metadata: { name: 'seen-at-once' } })
    for await (const part of watch.body as AsyncIterable<Uint8Array>) {
      assert.match(Buffer.from(part).toString(), /seen-at-once/)
      break
    }
    const big = { metadata: { name: 'big' }, data: { text: 'x'.repeat(200_000) } }
    await send(server, 'POST', maps, big)
    const list = await server.transport({ method: 'GET', path: maps, headers: { 'accept-encoding': 'gzip' } })
    assert.equal(list.headers['content-encoding'], 'gzip', 'what is whole is compressed')
  })
})

test('over SQLite: what one server stored the next one serves, with its versions, and goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-apiserver-'))
  try {
    const path = join(folder, 'state.db')
    const first = await openSqliteStore({ path })
    let made: { metadata: { uid: string; resourceVersion: string } } | undefined
    await withServer({ store: first }, async (server) => {
      made = (await send(server, 'POST', maps, { metadata: { name: 'kept' }, data: { k: 'v' } })).body
    })
    await first.close()
    const second = await openSqliteStore({ path })
    const clock = createVirtualClock(start)
    const server = await createTestServer({ clock, store: second })
    const { metadata, data } = (await send(server, 'GET', `${maps}/kept`)).body
    assert.deepEqual([metadata.uid, metadata.resourceVersion, data], [made!.metadata.uid, made!.metadata.resourceVersion, { k: 'v' }])
    const next = await send(server, 'POST', maps, { metadata: { name: 'next' } })
    assert.ok(Number(next.body.metadata.resourceVersion) > Number(metadata.resourceVersion))
    await server.close()
    await second.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
