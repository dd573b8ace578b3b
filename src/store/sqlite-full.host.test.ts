import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { put, remove } from './contract.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

/** A disk of its own that really is full: a small file system in memory. */
const disk = mkdtempSync(join(tmpdir(), 'wherry-full-'))
before(() => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]))
const opened: Store[] = []
async function open(path: string): Promise<Store> {
  const store = await openSqliteStore({ path })
  opened.push(store)
  return store
}
after(async () => {
  for (const store of opened) await store.close()
  execFileSync('umount', [disk])
  rmdirSync(disk)
})

test('on a full disk nothing is wrongly acknowledged, deletes work, and writing goes on once there is room', async () => {
  const path = join(disk, 'store.db')
  let store = await open(path)
  const value = 'x'.repeat(100_000)
  const acknowledged: string[] = []
  let refused = 0
  for (let i = 0; refused < 5; i += 1) {
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, j) => store.commit([put(`/${i}-${j}`, value)])))
    results.forEach((result, j) => {
      if (result.status === 'fulfilled') acknowledged.push(`/${i}-${j}`)
      else {
        refused += 1
        assert.ok(isError(result.reason, 'ServiceUnavailable') && /is full/.test(result.reason.message), String(result.reason))
      }
    })
    assert.ok(i < 1_000, 'the disk never became full')
  }
  assert.ok(acknowledged.length > 50, `${acknowledged.length} were acknowledged`)
  assert.deepEqual(new Set((await store.range('')).entries.map((entry) => entry.key)), new Set(acknowledged))

  // What holds the disk may be something else: nothing but deletes can go on.
  const [kept, marked, ...doomed] = acknowledged
  const { modRevision } = (await store.get(marked!))!
  const mark = put(marked!, 'marked')
  const isFull = (error: unknown) => isError(error, 'ServiceUnavailable')
  await assert.rejects(store.commit([remove(marked!)], [], [put('/more', '1')]), isFull)
  await assert.rejects(store.commit([mark], [], [remove(marked!), put('/more', '1')]), isFull)
  assert.equal((await store.get(marked!))?.modRevision, modRevision, 'all of it or nothing')
  const gone = await store.commit([mark], [{ key: marked!, modRevision }], [remove(marked!)])
  assert.ok(gone.done && gone.followed === gone.revision + 1)
  for (const key of doomed) assert.ok((await store.commit([remove(key)])).done)
  await assert.rejects(store.commit([put('/more', value)]), (error) => isError(error, 'ServiceUnavailable'))
  await store.compact(await store.revision())
  assert.ok((await store.commit([put('/more', value)])).done)
  await store.close()

  store = await open(path)
  assert.deepEqual(
    (await store.range('')).entries.map((entry) => entry.key),
    [kept, '/more'].sort(),
  )
  await store.close()
})

test('a disk filled by something else stops writing, and emptied lets it go on', async () => {
  const store = await open(join(disk, 'other.db'))
  await store.commit([put('/a', '1')])
  assert.throws(() => writeFileSync(join(disk, 'ballast'), new Uint8Array(100_000_000)), /ENOSPC/)
  const outcome = await fill(() => store.commit([put('/b', 'x'.repeat(200_000))]))
  assert.ok(isError(outcome, 'ServiceUnavailable'), String(outcome))
  rmSync(join(disk, 'ballast'))
  assert.ok((await store.commit([put('/c', '1')])).done)
  await store.close()
})

/** Commits until one is refused; answers its error. */
async function fill(commit: () => Promise<unknown>): Promise<unknown> {
  for (let i = 0; i < 1_000; i += 1) {
    try {
      await commit()
    } catch (error) {
      return error
    }
  }
  return 'never refused'
}
