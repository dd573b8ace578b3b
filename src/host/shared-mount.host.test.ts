import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { mount, mountsBelow, unmount } from './mount-table.ts'
import { ensureSharedMount, isShared } from './shared-mount.ts'

/** In a mount that is nobody's peer, whatever this machine's are. */
async function privateFolder(t: TestContext) {
  const base = await mkdtemp(join(tmpdir(), 'wherry-shared-'))
  t.after(async () => {
    for (const point of await mountsBelow(base)) await unmount(point)
    await rm(base, { recursive: true })
  })
  await mount({ source: 'tmpfs', target: base, type: 'tmpfs', options: ['private'] })
  const folder = join(base, 'kubelet')
  await mkdir(join(folder, 'pods'), { recursive: true })
  return folder
}
const sharedNow = async (path: string) => isShared(await readFile('/proc/self/mountinfo', 'utf8'), path)

test('a folder in a private mount becomes a shared one, once', async (t) => {
  const folder = await privateFolder(t)
  assert.equal(await sharedNow(folder), false)
  assert.equal(await ensureSharedMount(folder), 'made shared')
  assert.equal(await sharedNow(join(folder, 'pods')), true)
  assert.equal(await ensureSharedMount(folder), 'shared')
  assert.deepEqual(await mountsBelow(folder), [folder])
})

test('a folder with mounts below it is left as it is', async (t) => {
  const folder = await privateFolder(t)
  await mount({ source: 'tmpfs', target: join(folder, 'pods'), type: 'tmpfs' })
  assert.equal(await ensureSharedMount(folder), 'in use')
  assert.deepEqual(await mountsBelow(folder), [join(folder, 'pods')])
})
