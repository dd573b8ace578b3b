import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
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
