import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isError } from '#lib/errors.ts'
import type { Entry, Operation, Store, StoreEvent } from './store.ts'

/**
 * What every store has to do, as tests: called by the test file of each implementation. `open` gives an empty store. `skips` names the
 * cases that an implementation cannot pass, each with its reason.
 */
export function checkStore(name: string, open: () => Promise<Store>, skips: Readonly<Record<string, string>> = {}): void {
  for (const [title, run] of Object.entries(cases)) {
    const reason = skips[title]
    test(`${name}: ${title}`, reason === undefined ? {} : { skip: reason }, async () => {
      const store = await open()
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })
  }
  for (const title of Object.keys(skips)) assert.ok(title in cases, `a case "${title}" is skipped that does not exist`)
}

const cases: Readonly<Record<string, (store: Store) => Promise<void>>> = {
  'an empty store has a revision above 0 and nothing in it': async (store) => {
    const revision = await store.revision()
    assert.ok(revision > 0)
    assert.deepEqual(await store.range(''), { entries: [], revision, remaining: 0 })
    assert.equal(await store.get('/a'), undefined)
  },

  'each commit is one revision, without gap': async (store) => {
    const before = await store.revision()
    for (let i = 1; i <= 5; i += 1) assert.deepEqual(await store.commit([put(`/k${i}`, 'v')]), { done: true, revision: before + i })
    assert.equal(await store.revision(), before + 5)
  },

  'an entry knows when it was created and when it was changed': async (store) => {
    const first = await revisionOf(store, [put('/a', '1')])
    const second = await revisionOf(store, [put('/a', '2')])
    assert.deepEqual(shown(await store.get('/a')), { key: '/a', value: '2', createRevision: first, modRevision: second })
    await store.commit([remove('/a')])
    assert.equal(await store.get('/a'), undefined)
    const again = await revisionOf(store, [put('/a', '3')])
    assert.deepEqual(shown(await store.get('/a')), { key: '/a', value: '3', createRevision: again, modRevision: again })
  },

  'all operations of a commit share one revision': async (store) => {
    await store.commit([put('/gone', 'x')])
    const revision = await revisionOf(store, [put('/a', '1'), put('/b', '2'), remove('/gone')])
    const { entries } = await store.range('/')
    assert.deepEqual(
      entries.map((entry) => [entry.key, entry.modRevision]),
      [
        ['/a', revision],
        ['/b', revision],
      ],
    )
  },

  'a commit that changes nothing takes no revision': async (store) => {
    const revision = await store.revision()
    assert.deepEqual(await store.commit([]), { done: true, revision })
    assert.deepEqual(await store.commit([remove('/absent')]), { done: true, revision })
    assert.deepEqual(await store.commit([put('/a', '1')]), { done: true, revision: revision + 1 })
  },

  'a failed condition writes nothing and answers with what is there': async (store) => {
    const revision = await revisionOf(store, [put('/a', '1'), put('/b', '1')])
    const result = await store.commit(
      [put('/a', '2'), put('/c', '2')],
      [
        { key: '/a', modRevision: 0 },
        { key: '/b', modRevision: revision },
        { key: '/absent', modRevision: 7 },
      ],
    )
    assert.equal(result.done, false)
    assert.equal(result.revision, revision)
    assert.deepEqual(result.done ? [] : result.failed.map(({ key, present }) => [key, present && shown(present).value]), [
      ['/a', '1'],
      ['/absent', undefined],
    ])
    assert.equal(await store.get('/c'), undefined)
    assert.equal(await store.revision(), revision)
  },

  'what follows a commit is done at the next revision, and nothing comes between': async (store) => {
    const first = await revisionOf(store, [put('/a', '1')])
    const [result, other] = await Promise.all([
      store.commit([put('/a', '2')], [{ key: '/a', modRevision: first }], [remove('/a'), put('/b', '1')]),
      store.commit([put('/c', '1')]),
    ])
    assert.deepEqual(result, { done: true, revision: first + 1, followed: first + 2 })
    assert.deepEqual(other, { done: true, revision: first + 3 })
    assert.equal(await store.get('/a'), undefined)
    const events: string[] = []
    for await (const change of store.watch('/', first)) {
      events.push(...change.map(({ type, key, revision, previous }) => `${revision - first} ${type} ${key} ${previous?.modRevision ?? ''}`))
      if (events.length === 4) break
    }
    assert.deepEqual(events, [`1 put /a ${first}`, `2 delete /a ${first + 1}`, '2 put /b ', '3 put /c '])
  },

  'what follows a commit that is not done is not done either': async (store) => {
    const revision = await revisionOf(store, [put('/a', '1')])
    const result = await store.commit([put('/a', '2')], [{ key: '/a', modRevision: revision + 1 }], [remove('/a')])
    assert.equal(result.done, false)
    assert.deepEqual(result.done ? [] : result.failed.map(({ key }) => key), ['/a'])
    assert.deepEqual(await store.commit([put('/c', '1')]), { done: true, revision: revision + 1 })
    assert.equal((await store.get('/a'))?.modRevision, revision)
    // What may not stand in a commit may not follow one.
    await assert.rejects(store.commit([put('/a', '3')], [], [put('', '1')]), (error) => isError(error, 'BadRequest'))
    assert.equal(await store.revision(), revision + 1)
  },

  'of many who change one version, one wins': async (store) => {
    const modRevision = await revisionOf(store, [put('/a', '0')])
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.commit([put('/a', String(i))], [{ key: '/a', modRevision }])),
    )
    assert.equal(results.filter((result) => result.done).length, 1)
    assert.equal(await store.revision(), modRevision + 1)
  },

  'of many who create one key, one wins': async (store) => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.commit([put('/a', String(i))], [{ key: '/a', modRevision: 0 }])),
    )
    assert.equal(results.filter((result) => result.done).length, 1)
  },

  'concurrent commits get revisions of their own in the order of the calls': async (store) => {
    const before = await store.revision()
    const results = await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit([put(`/k${i}`, 'v')])))
    assert.deepEqual(
      results.map((result) => result.revision),
      results.map((_, i) => before + i + 1),
    )
  },

  'a key twice in a commit, and an empty key, are refused': async (store) => {
    const revision = await store.revision()
    await assert.rejects(store.commit([put('/a', '1'), remove('/a')]), (error) => isError(error, 'BadRequest'))
    await assert.rejects(store.commit([put('', '1')]), (error) => isError(error, 'BadRequest'))
    assert.equal(await store.revision(), revision)
  },

  'values are kept byte for byte, empty ones too': async (store) => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    const large = new Uint8Array(3_000_000).fill(7)
    // A view into a larger block: only what it shows is meant.
    const view = all.subarray(10, 20)
    await store.commit([
      { do: 'put', key: '/all', value: all },
      { do: 'put', key: '/empty', value: new Uint8Array(0) },
      { do: 'put', key: '/large', value: large },
      { do: 'put', key: '/view', value: view },
    ])
    assert.deepEqual([...(await store.get('/all'))!.value], [...all])
    assert.equal((await store.get('/empty'))!.value.byteLength, 0)
    assert.deepEqual([...(await store.get('/view'))!.value], [...view])
    assert.ok(Buffer.from((await store.get('/large'))!.value).equals(large))
    const { entries } = await store.range('/')
    assert.deepEqual(
      entries.map((entry) => entry.value.byteLength),
      [256, 0, 3_000_000, 10],
    )
  },

  'a range is in the order of code points, and holds to its prefix': async (store) => {
    const keys = ['/a', '/a/', '/a/b', '/a0', '/b', '/ä', '/\uffee', '/\u{1f600}']
    for (const key of keys.toReversed()) await store.commit([put(key, 'v')])
    assert.deepEqual(await keysOf(store, ''), keys)
    assert.deepEqual(await keysOf(store, '/a/'), ['/a/', '/a/b'])
    assert.deepEqual(await keysOf(store, '/a'), ['/a', '/a/', '/a/b', '/a0'])
    assert.deepEqual(await keysOf(store, '/\u{1f600}'), ['/\u{1f600}'])
    assert.deepEqual(await keysOf(store, '/c'), [])
  },

  'pages of a range meet, and count what remains': async (store) => {
    for (let i = 0; i < 10; i += 1) await store.commit([put(`/k${i}`, 'v'), put(`/other${i}`, 'v')])
    const first = await store.range('/k', { limit: 4 })
    assert.deepEqual(
      first.entries.map((entry) => entry.key),
      ['/k0', '/k1', '/k2', '/k3'],
    )
    assert.equal(first.remaining, 6)
    const second = await store.range('/k', { limit: 4, from: '/k4' })
    assert.deepEqual(
      second.entries.map((entry) => entry.key),
      ['/k4', '/k5', '/k6', '/k7'],
    )
    assert.equal(second.remaining, 2)
    const third = await store.range('/k', { limit: 4, from: '/k8' })
    assert.deepEqual([third.entries.length, third.remaining], [2, 0])
    const exact = await store.range('/k', { limit: 10 })
    assert.deepEqual([exact.entries.length, exact.remaining], [10, 0])
    // A page that begins before the prefix begins with it; one that begins past it is empty.
    assert.equal((await store.range('/k', { from: '/a' })).entries.length, 10)
    assert.equal((await store.range('/k', { from: '/z' })).entries.length, 0)
  },

  'a range of an older revision shows that time': async (store) => {
    await store.commit([put('/a', '1'), put('/b', '1')])
    const then = await revisionOf(store, [put('/a', '2')])
    await store.commit([remove('/b'), put('/c', '1')])
    await store.commit([put('/a', '3')])
    await store.commit([remove('/a')])
    await store.commit([put('/b', 'again')])
    const range = await store.range('/', { revision: then })
    assert.equal(range.revision, then)
    assert.deepEqual(
      range.entries.map(shown).map(({ key, value }) => [key, value]),
      [
        ['/a', '2'],
        ['/b', '1'],
      ],
    )
    const page = await store.range('/', { revision: then, limit: 1 })
    assert.deepEqual([page.entries.length, page.remaining], [1, 1])
    await assert.rejects(store.range('/', { revision: (await store.revision()) + 1 }), (error) => isError(error, 'InternalError'))
  },

  'a watch tells everything after its revision, from the past into the present': async (store) => {
    const after = await store.revision()
    await store.commit([put('/a/1', 'x')])
    await store.commit([put('/b/1', 'x')])
    await store.commit([put('/a/1', 'y'), put('/a/2', 'y')])
    const watching = collect(store, '/a/', after, 5)
    await store.commit([remove('/a/1')])
    await store.commit([remove('/a/absent')])
    await store.commit([put('/b/2', 'x')])
    await store.commit([put('/a/3', 'z')])
    assert.deepEqual((await watching).map(told), [
      [`${after + 1} put /a/1 x`],
      [`${after + 3} put /a/1 y was x`, `${after + 3} put /a/2 y`],
      [`${after + 4} delete /a/1 was y`],
      [`${after + 6} put /a/3 z`],
    ])
  },

  'a watch from the present tells nothing of the past': async (store) => {
    await store.commit([put('/a', '1')])
    const watching = collect(store, '', await store.revision(), 1)
    const revision = await revisionOf(store, [put('/a', '2')])
    assert.deepEqual((await watching).map(told), [[`${revision} put /a 2 was 1`]])
  },

  'watches from many revisions, opened during writes, all tell one history': async (store) => {
    const start = await store.revision()
    const total = 120
    const watches: Promise<(readonly StoreEvent[])[]>[] = []
    for (let i = 0; i < total; i += 1) {
      const written = store.commit([put(`/k${i % 7}`, String(i))])
      if (i % 10 === 0) watches.push(collect(store, '', start + Math.floor(i / 2), total - Math.floor(i / 2)))
      if (i % 3 === 0) await written
    }
    const histories = await Promise.all(watches)
    const whole = histories[0]!.map(told)
    assert.equal(whole.length, total)
    for (const history of histories) assert.deepEqual(history.map(told), whole.slice(total - history.length))
  },

  'a watch ends quietly with its signal, and with the store': async (store) => {
    const stop = new AbortController()
    const after = await store.revision()
    const aborted = collect(store, '', after, Infinity, stop.signal)
    const already = await collect(store, '', after, Infinity, AbortSignal.abort())
    assert.deepEqual(already, [])
    await store.commit([put('/a', '1')])
    await until(async () => (await store.revision()) > after)
    stop.abort()
    assert.ok((await aborted).length <= 1)
    const closed = collect(store, '', after, Infinity)
    await store.get('/a')
    await store.close()
    assert.ok((await closed).length <= 1)
    await assert.rejects(store.commit([put('/a', '1')]), (error) => isError(error, 'ServiceUnavailable'))
  },

  'a consumer that lags is ended instead of buffered for': async (store) => {
    const after = await store.revision()
    const iterator = store.watch('', after, { bufferedEvents: 10 })[Symbol.asyncIterator]()
    await store.commit([put('/a', '0')])
    assert.equal((await iterator.next()).done, false)
    for (let i = 0; i < 12; i += 1) await store.commit([put('/a', String(i))])
    await assert.rejects(
      async () => {
        for (let i = 0; i < 12; i += 1) await iterator.next()
      },
      (error) => isError(error, 'Expired'),
    )
  },

  'compaction forgets the past and keeps the present': async (store) => {
    const first = await revisionOf(store, [put('/a', '1'), put('/old', 'o')])
    const second = await revisionOf(store, [put('/a', '2')])
    const third = await revisionOf(store, [remove('/old')])
    const fourth = await revisionOf(store, [put('/a', '3')])
    await store.compact(third)
    await assert.rejects(store.range('', { revision: second }), (error) => isError(error, 'Expired'))
    await assert.rejects(collect(store, '', first, 1), (error) => isError(error, 'Expired'))
    assert.deepEqual(
      (await store.range('', { revision: third })).entries.map(shown).map(({ key, value }) => [key, value]),
      [['/a', '2']],
    )
    assert.deepEqual(shown((await store.get('/a'))!), { key: '/a', value: '3', createRevision: first, modRevision: fourth })
    assert.deepEqual((await collect(store, '', third, 1)).map(told), [[`${fourth} put /a 3 was 2`]])
    // Again, and backwards: nothing happens.
    await store.compact(third)
    await store.compact(first)
    assert.equal(await store.revision(), fourth)
    assert.equal(await revisionOf(store, [put('/b', '1')]), fourth + 1)
  },

  'compaction beyond the present stops at it, and revisions go on': async (store) => {
    const revision = await revisionOf(store, [put('/a', '1')])
    const deleted = await revisionOf(store, [remove('/a')])
    assert.equal(deleted, revision + 1)
    await store.compact(deleted + 100)
    assert.equal(await store.revision(), deleted)
    assert.deepEqual((await store.range('')).entries, [])
    assert.equal(await revisionOf(store, [put('/a', '2')]), deleted + 1)
    assert.deepEqual((await collect(store, '', deleted, 1)).map(told), [[`${deleted + 1} put /a 2`]])
  },

  'compaction never passes what a watch has still to deliver': async (store) => {
    const after = await store.revision()
    for (let i = 0; i < 20; i += 1) await store.commit([put('/a', String(i))])
    const iterator = store.watch('', after)[Symbol.asyncIterator]()
    const seen = [(await iterator.next()).value as readonly StoreEvent[]]
    await store.compact(await store.revision())
    while (seen.length < 20) seen.push((await iterator.next()).value as readonly StoreEvent[])
    await iterator.return?.()
    assert.deepEqual(
      seen.map((change) => change[0]!.revision),
      Array.from({ length: 20 }, (_, i) => after + i + 1),
    )
  },
}

// --- helpers -----------------------------------------------------------------------------------------------------------------------

const encoder = new TextEncoder()
const text = (value: Uint8Array): string => new TextDecoder().decode(value)

/** Writes a text, for tests. */
export const put = (key: string, value: string): Operation => ({ do: 'put', key, value: encoder.encode(value) })
/** Deletes a key, for tests. */
export const remove = (key: string): Operation => ({ do: 'delete', key })

async function revisionOf(store: Store, operations: readonly Operation[]): Promise<number> {
  const result = await store.commit(operations)
  assert.ok(result.done)
  return result.revision
}

const shown = (entry: Entry | undefined) => {
  assert.ok(entry)
  return { ...entry, value: text(entry.value) }
}

const keysOf = async (store: Store, prefix: string): Promise<string[]> => (await store.range(prefix)).entries.map((entry) => entry.key)

/** Changes until `events` of them have been told, or the watch ends. */
async function collect(
  store: Store,
  prefix: string,
  after: number,
  events: number,
  signal?: AbortSignal,
): Promise<(readonly StoreEvent[])[]> {
  const changes: (readonly StoreEvent[])[] = []
  let count = 0
  for await (const change of store.watch(prefix, after, signal === undefined ? {} : { signal })) {
    changes.push(change)
    count += change.length
    if (count >= events) break
  }
  return changes
}

/** A change in words. */
const told = (change: readonly StoreEvent[]): string[] =>
  change.map(({ type, key, revision, entry, previous }) => {
    if (entry !== undefined) assert.equal(entry.modRevision, revision)
    return [`${revision} ${type} ${key}`, entry && ` ${text(entry.value)}`, previous && ` was ${text(previous.value)}`]
      .filter(Boolean)
      .join('')
  })

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}
