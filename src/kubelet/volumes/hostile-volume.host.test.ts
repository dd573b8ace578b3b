import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { mountsBelow, volumeHost } from '#host/mounts.ts'
import { isError } from '#lib/errors.ts'

/**
 * A container owns what is in its volume, and may swap it at any moment. Here another process does nothing else, as fast as it can, on a
 * processor of its own, while the kubelet works in the same volume. Nothing outside may be mounted, made, changed or removed.
 */
const root = fs.mkdtempSync(join(tmpdir(), 'wherry-hostile-'))
const volume = join(root, 'volume')
const outside = join(root, 'outside')
const attackMs = 2500
const slowMachineMs = 120_000
let attacker: ChildProcess | undefined

fs.mkdirSync(volume)
fs.mkdirSync(join(outside, 'secret'), { recursive: true })
fs.writeFileSync(join(outside, 'passwd'), 'root', { mode: 0o600 })
fs.writeFileSync(join(outside, 'secret/key'), 'key', { mode: 0o600 })

after(async () => {
  attacker?.kill('SIGKILL')
  await volumeHost.unmount(root)
  fs.rmSync(root, { recursive: true })
})

/** Swaps directory and link, and makes and unmakes the folder below, in a loop without any pause. */
const swapping = `
  const fs = require('node:fs')
  const [, volume, outside] = process.argv
  process.chdir(volume)
  let missed = 0
  // Every second step fails, since the kubelet or the step before was there first.
  const quietly = (work) => { try { work() } catch { missed += 1 } }
  fs.mkdirSync('race'); fs.mkdirSync('race/secret'); fs.mkdirSync('deep'); fs.mkdirSync('deep/race')
  process.stdout.write('.')
  for (;;) {
    quietly(() => fs.renameSync('race', 'aside'))
    quietly(() => fs.symlinkSync(outside, 'race'))
    quietly(() => fs.rmdirSync('deep/race'))
    quietly(() => fs.symlinkSync(outside, 'deep/race'))
    quietly(() => fs.symlinkSync('../outside', 'made'))
    quietly(() => fs.unlinkSync('race'))
    quietly(() => fs.renameSync('aside', 'race'))
    quietly(() => fs.unlinkSync('deep/race'))
    quietly(() => fs.mkdirSync('deep/race'))
    quietly(() => fs.unlinkSync('made'))
    quietly(() => fs.rmdirSync('made'))
    quietly(() => fs.rmSync('race/new', { recursive: true }))
  }
`

test('subPath, ownership and removal stay in the volume, whatever is swapped meanwhile', async () => {
  const before = snapshot(outside)
  const forbidden = new Set(['', 'secret', 'passwd', 'secret/key'].map((name) => fs.statSync(join(outside, name)).ino))
  attacker = spawn(process.execPath, ['-e', swapping, volume, outside], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => attacker!.stdout!.once('data', resolve))
  const counts = { bound: 0, refused: 0, owned: 0 }
  const wasEachWayGone = () => Object.values(counts).every((count) => count > 0)
  const beginAt = Date.now()
  // A slow machine has done no more than one round by then.
  const isOver = () => Date.now() - beginAt >= (wasEachWayGone() ? attackMs : slowMachineMs)
  for (let round = 0; !isOver(); round += 1) {
    const subPath = ['race', 'race/secret', 'race/new/deep', 'deep/race', 'made', 'made/passwd'][round % 6]!
    const target = join(root, 'targets', String(round))
    fs.mkdirSync(join(root, 'targets'), { recursive: true })
    try {
      await volumeHost.bindSubPath(volume, subPath, target)
      counts.bound += 1
      assert.ok(!forbidden.has(fs.statSync(target).ino), `${subPath} got out of the volume`)
    } catch (error) {
      // It may be refused, or find nothing there; it may not fail in any other way.
      if (!isError(error, 'Invalid') && !vanished(error) && !/No such file/.test(String(error))) throw error
      counts.refused += 1
    }
    await volumeHost.unmount(target)
    if (round % 5 === 0) {
      await volumeHost.giveToGroup(volume, 4321, { readOnly: false, onlyOnMismatch: false }).catch((error: unknown) => {
        if (!vanished(error)) throw error
      })
      counts.owned += 1
    }
  }
  // The pod goes, and a process of it is still at it.
  await volumeHost.removeTree(volume).catch((error: unknown) => {
    if (!vanished(error) && (error as { code?: string }).code !== 'ENOTEMPTY') throw error
  })
  attacker.kill('SIGKILL')
  await volumeHost.removeTree(volume)
  assert.equal(fs.existsSync(volume), false)
  assert.ok(wasEachWayGone(), JSON.stringify(counts))
  assert.deepEqual(snapshot(outside), before)
  assert.deepEqual(await mountsBelow(root), [])
})

test('a tree is removed with all its depth, and never across a mount', async () => {
  const tree = join(root, 'tree')
  fs.mkdirSync(tree)
  // Deeper than a path may be long, made as a container would.
  const dig = `process.chdir(process.argv[1]); for (let i = 0; i < 3000; i += 1) { fs.mkdirSync('d0123456789'); process.chdir('d0123456789') }`
  execFileSync(process.execPath, ['-e', dig, tree])
  fs.writeFileSync(join(tree, 'file'), '')
  fs.symlinkSync(outside, join(tree, 'link'))
  await volumeHost.removeTree(tree)
  assert.equal(fs.existsSync(tree), false)
  assert.deepEqual(fs.readdirSync(outside).sort(), ['passwd', 'secret'])

  // A mount that appears after the last look: here one in a place that the table shows under another name.
  fs.mkdirSync(join(tree, 'inner'), { recursive: true })
  const alias = join(root, 'alias')
  fs.symlinkSync(tree, alias)
  execFileSync('mount', ['--bind', outside, join(tree, 'inner')])
  const { removeTree } = await import('#host/remove-tree.ts')
  await assert.rejects(removeTree(tree), (error) => isError(error, 'Conflict'))
  assert.equal(fs.readFileSync(join(outside, 'passwd'), 'utf8'), 'root')
  await volumeHost.removeTree(tree)
  assert.equal(fs.readFileSync(join(outside, 'passwd'), 'utf8'), 'root')
  assert.equal(fs.existsSync(tree), false)
})

/** What is there, whose it is and when it changed. */
function snapshot(path: string): readonly string[] {
  return fs
    .readdirSync(path, { recursive: true })
    .map(String)
    .sort()
    .concat('.')
    .map((name) => {
      const { mode, uid, gid, ctimeMs } = fs.lstatSync(join(path, name))
      return `${name} ${mode.toString(8)} ${uid}:${gid} ${ctimeMs}`
    })
}

const vanished = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EEXIST', 'EACCES'].includes((error as { code?: string }).code ?? '')
