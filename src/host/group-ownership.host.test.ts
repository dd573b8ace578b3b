import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { giveToGroup } from './group-ownership.ts'

const root = fs.mkdtempSync(join(tmpdir(), 'wherry-group-'))
after(() => fs.rmSync(root, { recursive: true }))
const how = { readOnly: false, onlyOnMismatch: false }

test('what a container removes meanwhile keeps nothing else from its group', async () => {
  const folder = join(root, 'busy')
  fs.mkdirSync(folder)
  const [staying, passing] = ['staying', 'passing'].map((sort) => Array.from({ length: 100 }, (_, i) => join(folder, `${sort}-${i}`)))
  for (const path of [...staying!, ...passing!]) fs.writeFileSync(path, '')
  const given = giveToGroup(folder, 4321, how)
  const isBegun = () => [...staying!, ...passing!].some((path) => fs.statSync(path).gid === 4321)
  while (!isBegun()) await setImmediate()
  for (const path of passing!) fs.unlinkSync(path)
  await given
  for (const path of [folder, ...staying!]) assert.equal(fs.statSync(path).gid, 4321, path)
})

test('a tree that is too deep is refused before it has taken all files that may be open', async () => {
  let folder = join(root, 'deep')
  fs.mkdirSync(folder)
  // By its own place, since the whole path would be too long in the end.
  for (let depth = 0; depth < 1100; depth += 1) {
    const next = fs.openSync(folder, 'r')
    fs.mkdirSync(`/proc/self/fd/${next}/d`)
    const inner = fs.openSync(`/proc/self/fd/${next}/d`, 'r')
    if (depth > 0) fs.closeSync(Number(folder.slice(folder.lastIndexOf('/') + 1)))
    fs.closeSync(next)
    folder = `/proc/self/fd/${inner}`
  }
  fs.closeSync(Number(folder.slice(folder.lastIndexOf('/') + 1)))
  await assert.rejects(giveToGroup(join(root, 'deep'), 4321, how), /deeper than 1000 folders/)
})
