import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { checkStore, put, remove } from './contract.ts'
import { openSqliteStore } from './sqlite.ts'

const directory = mkdtempSync(join(tmpdir(), 'wherry-store-'))
after(() => rmSync(directory, { recursive: true, force: true }))
let files = 0
const newPath = () => join(directory, `${(files += 1)}.db`)

checkStore('SQLite', () => openSqliteStore({ path: newPath() }))

test('a reopened store goes on where it was', async () => {
  const path = newPath()
  const first = await openSqliteStore({ path })
  await first.commit([put('/a', '1')])
  const result = await first.commit([put('/a', '2')])
  await first.commit([put('/b', '1')])
  await first.compact(result.revision)
  const before = await first.range('')
  await first.close()

  const second = await openSqliteStore({ path })
  assert.deepEqual(await second.range(''), before)
  assert.equal(await second.revision(), before.revision)
  await assert.rejects(second.range('', { revision: result.revision - 1 }), (error) => isError(error, 'Expired'))
  assert.equal((await second.commit([put('/c', '1')])).revision, before.revision + 1)
  await second.close()
})

test('only its owner can read the file', async () => {
  const path = newPath()
  const store = await openSqliteStore({ path })
  await store.commit([put('/secret', '1')])
  for (const suffix of ['', '-wal', '-reserve']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
  await store.close()
})

test('a second opener is told that the file is in use', async () => {
  const path = newPath()
  const store = await openSqliteStore({ path })
  await assert.rejects(
    openSqliteStore({ path }),
    (error) => isError(error, 'ServiceUnavailable') && /in use by another process/.test(error.message),
  )
  await store.commit([put('/a', '1')])
  await store.close()
})

test('what is no store is not touched', async () => {
  const path = newPath()
  writeFileSync(path, 'these are not the bytes of a database, and there are enough of them to see that'.repeat(20))
  await assert.rejects(openSqliteStore({ path }), (error) => isError(error, 'InternalError') && error.message.includes(path))
  await assert.rejects(openSqliteStore({ path: join(directory, 'absent', 'file.db') }), (error) => isError(error, 'ServiceUnavailable'))
})

test('compaction keeps the file bounded, however much is written', async () => {
  const path = newPath()
  const store = await openSqliteStore({ path })
  const value = 'x'.repeat(4_000)
  const sizes: number[] = []
  for (let round = 0; round < 6; round += 1) {
    // Eight megabytes of history a round, over two hundred keys.
    for (let i = 0; i < 10; i += 1)
      await Promise.all(Array.from({ length: 200 }, (_, key) => store.commit([put(`/k${key}`, `${value}${round}${i}`)])))
    await store.compact(await store.revision())
    sizes.push(statSync(path).size + statSync(`${path}-wal`).size)
  }
  assert.ok(sizes.at(-1)! < 4_000_000, `sizes ${sizes}`)
  assert.equal((await store.range('')).entries.length, 200)
  await store.commit(Array.from({ length: 200 }, (_, key) => remove(`/k${key}`)))
  await store.compact(await store.revision())
  assert.ok(statSync(path).size < 2_000_000, `size ${statSync(path).size}`)
  await store.close()
})

test('a long past is told in pieces, without gap', async () => {
  const store = await openSqliteStore({ path: newPath() })
  const after = await store.revision()
  const total = 5_000
  await Promise.all(Array.from({ length: total }, (_, i) => store.commit([put(`/k${i % 100}`, String(i))])))
  const seen: number[] = []
  for await (const change of store.watch('', after)) {
    seen.push(change[0]!.revision)
    if (seen.length === total) break
  }
  assert.deepEqual(
    seen,
    Array.from({ length: total }, (_, i) => after + 1 + i),
  )
  await store.close()
})
