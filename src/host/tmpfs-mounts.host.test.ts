import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { mountPoints, unmount } from './mount-table.ts'
import { run } from './run.ts'
import { createTmpfsMounts } from './tmpfs-mounts.ts'

const folder = mkdtempSync(join(tmpdir(), 'tmpfs-mounts-'))
// A node of this machine may be mounting as well.
process.env['TMPDIR'] = folder
const own = async () => (await mountPoints()).filter((point) => point.startsWith(folder))
after(async () => {
  for (const point of await own()) await unmount(point)
  rmSync(folder, { recursive: true })
})

const calls: (readonly string[])[] = []
const mountTmpfs = createTmpfsMounts((command, args, options) => {
  calls.push(args)
  return run(command, args, options)
})
const make = (name: string): string => {
  mkdirSync(join(folder, name))
  return join(folder, name)
}

test('what is asked for at once is mounted by two calls, the first alone, each with its own options', async () => {
  const plain = Array.from({ length: 30 }, (_, index) => make(`plain-${index}`))
  const odd = make('of a \\ #kind')
  await Promise.all([...plain.map((path) => mountTmpfs(path, {})), mountTmpfs(odd, { sizeBytes: 1 << 20, mode: 0o1750, groupId: 7 })])
  assert.equal(calls.length, 2)
  assert.deepEqual(new Set(await own()), new Set([...plain, odd]))
  const { mode, gid } = statSync(odd)
  assert.deepEqual([mode & 0o7777, gid], [0o1750, 7])
  assert.match(lineOf('/of\\040a'), / tmpfs tmpfs [^ ]*size=1024k/)
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith('wherry-mounts-')),
    [],
  )
})

test('one that cannot be mounted fails alone, and says why; what is mounted stays so', async () => {
  calls.length = 0
  const [first, second] = [make('first'), make('second')]
  const results = await Promise.allSettled([
    mountTmpfs(first, {}),
    mountTmpfs(first, {}),
    mountTmpfs(join(folder, 'missing'), {}),
    mountTmpfs(second, {}),
    mountTmpfs(second, {}),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.match(String((results[2] as PromiseRejectedResult).reason), /missing: mount point does not exist/)
  await mountTmpfs(first, {})
  for (const path of [first, second]) assert.equal((await own()).filter((point) => point === path).length, 1)
})

const lineOf = (part: string): string =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(part)) ?? ''
