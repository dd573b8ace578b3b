import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { createClient } from '#client/http.ts'
import { isError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createMemoryStore } from '#store/memory.ts'
import { createTestServer } from '../testing.ts'
import { encryptedStore } from './encrypted-store.ts'
import { type EncryptionKey, parseKeyFile } from './key-file.ts'
import { createSealer } from './sealer.ts'

const key = (id: string, byte: number): EncryptionKey => ({ id, key: new Uint8Array(32).fill(byte) })
const refuses = (run: () => unknown, about: string) => assert.throws(run, (error) => isError(error, 'InternalError'), about)
const where = '/registry/core/secrets/a/b'

test('what was sealed opens again, and never shows', () => {
  const sealer = createSealer([key('a', 1)])
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (value, name) => {
      const sealed = sealer.seal(name, value)
      assert.deepEqual(Uint8Array.from(sealer.open(name, sealed)), value)
      if (value.length > 4) assert.equal(Buffer.from(sealed).indexOf(Buffer.from(value)), -1)
      assert.notDeepEqual(sealer.seal(name, value), sealed)
    }),
  )
})

test('no changed, cut, moved or foreign value opens', () => {
  const sealer = createSealer([key('a', 1), key('c', 9)])
  const sealed = sealer.seal(where, Buffer.from('a secret'))
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Uint8Array.from(sealed)
    changed[at]! ^= 1
    refuses(() => sealer.open(where, changed), `byte ${at}`)
  }
  for (let length = 0; length < sealed.length; length += 1)
    refuses(() => sealer.open(where, sealed.subarray(0, length)), `length ${length}`)
  refuses(() => sealer.open('/registry/core/secrets/a/c', sealed), 'another store key')
  refuses(() => sealer.open(where, Buffer.from('{"kind":"Secret"}')), 'plain text')
  refuses(() => createSealer([key('b', 1)]).open(where, sealed), 'unknown key id')
  refuses(() => createSealer([key('a', 2)]).open(where, sealed), 'wrong key of the same id')
  const relabelled = Buffer.concat([Buffer.from(Buffer.from(sealed).toString('latin1').replace(':a:', ':c:'), 'latin1')])
  refuses(() => sealer.open(where, relabelled), 'another key id written over it')
})

test('keys change: the new one seals, the old one still opens', () => {
  const old = createSealer([key('old', 1)])
  const sealed = old.seal(where, Buffer.from('x'))
  const both = createSealer([key('new', 2), key('old', 1)])
  assert.equal(Buffer.from(both.open(where, sealed)).toString(), 'x')
  const renewed = both.seal(where, Buffer.from('x'))
  assert.deepEqual([both.isStale(sealed), both.isStale(renewed), old.isStale(sealed)], [true, false, false])
  refuses(() => old.open(where, renewed), 'the old key alone')
})

test('the store holds no plain text, its users see nothing else', async () => {
  const inner = createMemoryStore()
  const store = encryptedStore(inner, (name) => name.startsWith('/registry/core/secrets/'), createSealer([key('a', 1)]))
  const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString())
  await store.commit([
    { do: 'put', key: where, value: Buffer.from('plain') },
    { do: 'put', key: '/registry/core/pods/a/b', value: Buffer.from('public') },
  ])
  assert.ok(!text((await inner.get(where))?.value)!.includes('plain'))
  assert.equal(text((await inner.get('/registry/core/pods/a/b'))?.value), 'public')
  assert.equal(text((await store.get(where))?.value), 'plain')
  assert.deepEqual(
    (await store.range('/registry/')).entries.map(({ value }) => text(value)),
    ['public', 'plain'],
  )
  const refused = await store.commit([{ do: 'delete', key: where }], [{ key: where, modRevision: 99 }])
  assert.equal(!refused.done && text(refused.failed[0]?.present?.value), 'plain')
  await store.commit([{ do: 'put', key: where, value: Buffer.from('newer') }])
  const stop = new AbortController()
  const seen: (string | undefined)[] = []
  for await (const events of store.watch('/registry/core/secrets/', 0, { signal: stop.signal })) {
    for (const event of events) seen.push(text(event.previous?.value), text(event.entry?.value))
    if (seen.length >= 4) stop.abort()
  }
  assert.deepEqual(seen, [undefined, 'plain', 'plain', 'newer'])
  await store.close()
})

test('a write without a change stores what an old key sealed anew, once', async () => {
  const inner = createMemoryStore()
  const start = async (...keys: EncryptionKey[]) => {
    const store = encryptedStore(inner, (name) => name.startsWith('/registry/core/secrets/'), createSealer(keys))
    const server = await createTestServer({ clock: createVirtualClock(0), store })
    return { server, client: createClient(server.transport) }
  }
  const stored = async () => {
    const { entries } = await inner.range('/registry/core/secrets/')
    return entries.map(({ value }) => Buffer.from(value).toString('latin1').split(':')[3])
  }
  const first = await start(key('old', 1))
  await first.client.create(Namespace, { metadata: { name: 'n' } })
  await first.client.create(Secret, { metadata: { name: 's' }, stringData: { a: 'b' } }, { namespace: 'n' })
  const { server, client } = await start(key('new', 2), key('old', 1))
  const before = await client.get(Secret, 's', 'n')
  assert.deepEqual(await stored(), ['old'])
  const written = await client.update(Secret, before)
  assert.deepEqual(await stored(), ['new'])
  assert.ok(Number(written.metadata.resourceVersion) > Number(before.metadata.resourceVersion))
  const again = await client.update(Secret, written)
  assert.equal(again.metadata.resourceVersion, written.metadata.resourceVersion)
  await Promise.all([first.server.close(), server.close()])
})

test('key files', () => {
  const good = Buffer.alloc(32, 7).toString('base64')
  assert.deepEqual(
    parseKeyFile(`{"keys":[{"id":"a","key":"${good}"}]}`).map(({ id }) => id),
    ['a'],
  )
  for (const text of [
    '',
    '{}',
    '{"keys":[]}',
    'null',
    `{"keys":[{"id":"a:b","key":"${good}"}]}`,
    '{"keys":[{"id":"a","key":"c2hvcnQ="}]}',
    `{"keys":[{"id":"a","key":"${good}"},{"id":"a","key":"${good}"}]}`,
    `{"keys":[{"key":"${good}"`,
  ])
    assert.throws(
      () => parseKeyFile(text),
      (error) => isError(error, 'Invalid') && !error.message.includes(good.slice(0, 8)),
      text,
    )
})
