import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { unmount } from '../mounts.ts'
import { run } from '../run.ts'
import { diskUsage } from './disk-usage.ts'

const skip = process.getuid?.() === 0 ? false : 'needs root'

test('what is mounted inside is not the folder’s', { skip }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'usage-'))
  t.after(() => rmSync(root, { recursive: true }))
  const inside = join(root, 'volume')
  mkdirSync(inside)
  const before = await diskUsage(root, 'tree')
  await run('mount', ['-n', '-t', 'tmpfs', 'tmpfs', inside])
  try {
    writeFileSync(join(inside, 'file'), Buffer.alloc(1 << 20))
    const mounted = (await diskUsage(root, 'tree'))!
    assert.ok(mounted.usedBytes <= before!.usedBytes && mounted.inodesUsed === before!.inodesUsed - 1)
    assert.ok((await diskUsage(inside, 'tree'))!.usedBytes >= 1 << 20, 'but of itself it is')
  } finally {
    await unmount(inside)
  }
})

test('a folder that changes while it is walked through is no failure', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'usage-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  for (let i = 0; i < 200; i += 1) mkdirSync(join(root, `d${i}`))
  const walking = diskUsage(root, 'tree')
  for (let i = 0; i < 200; i += 2) rmSync(join(root, `d${i}`), { recursive: true })
  const found = (await walking)!
  assert.ok(found.inodesUsed >= 1 && found.inodesUsed <= 201)
})

test('a folder that a container swaps for a link leads nowhere else', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'usage-'))
  t.after(() => rmSync(base, { recursive: true, force: true }))
  const [root, outside] = [join(base, 'root'), join(base, 'outside')]
  const [folder, aside] = [join(root, 'folder'), join(root, 'aside')]
  for (const path of [root, outside, folder]) mkdirSync(path)
  for (let i = 0; i < 100; i += 1) writeFileSync(join(outside, `f${i}`), '')
  let isOver = false
  const swapping = (async () => {
    while (!isOver) {
      renameSync(folder, aside)
      symlinkSync(outside, folder)
      await setImmediate()
      rmSync(folder)
      renameSync(aside, folder)
      await setImmediate()
    }
  })()
  try {
    for (let i = 0; i < 500; i += 1) assert.ok((await diskUsage(root, 'tree'))!.inodesUsed <= 4)
  } finally {
    isOver = true
    await swapping
  }
})
