import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeContainerLogLinks } from './container-log-links.ts'
import { nodeFiles } from './files.ts'

test('links to our logs go, the dead ones alone or all of them; what others put there stays', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'wherry-log-links-'))
  t.after(() => rmSync(root, { recursive: true }))
  const at = (...parts: readonly string[]) => join(root, ...parts)
  for (const folder of ['links', 'ours', 'ours-too']) mkdirSync(at(folder))
  writeFileSync(at('ours', 'alive.log'), '')
  writeFileSync(at('links', 'file.log'), '')
  for (const [name, target] of [
    ['alive', at('ours', 'alive.log')],
    ['dead', at('ours', 'dead.log')],
    ['others', at('theirs', 'x.log')],
    ['similar', at('ours-too', 'x.log')],
  ] as const)
    symlinkSync(target, at('links', `${name}.log`))
  removeContainerLogLinks(at('ours'), 'dead', at('links'))
  assert.deepEqual(readdirSync(at('links')), ['alive.log', 'file.log', 'others.log', 'similar.log'])
  removeContainerLogLinks(at('ours'), 'all', at('links'))
  assert.deepEqual(readdirSync(at('links')), ['file.log', 'others.log', 'similar.log'])
  removeContainerLogLinks(at('ours'), 'all', at('nowhere'))
})

test('links that are made at once lead each to its own', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'wherry-links-'))
  t.after(() => rmSync(root, { recursive: true }))
  const numbers = Array.from({ length: 20 }, (_, i) => String(i))
  await Promise.all(numbers.map((number) => nodeFiles.link(join(root, number), `/to/${number}`)))
  assert.deepEqual(readdirSync(root).toSorted(), numbers.toSorted())
  for (const number of numbers) assert.equal(readlinkSync(join(root, number)), `/to/${number}`)
})
