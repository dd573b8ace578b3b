import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Log } from '#lib/log.ts'
import { systemClock } from './clock.ts'
import { staticPodSource } from './static-pods.ts'

const directory = mkdtempSync(join(tmpdir(), 'manifests-'))
const warnings: string[] = []
const log = { warn: (message: string, fields: { path?: string }) => void warnings.push(`${message} ${fields.path}`) } as unknown as Log
const source = staticPodSource({ directory, nodeName: 'node', clock: systemClock, log })
after(() => {
  source.close()
  rmSync(directory, { recursive: true })
})
const manifest = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\nspec:\n  containers:\n  - {name: main, image: app}\n`

test('a folder of manifests is followed, and what is no pod keeps no other from running', async () => {
  writeFileSync(join(directory, 'b.yaml'), manifest('b'))
  writeFileSync(join(directory, '.hidden.yaml'), manifest('hidden'))
  writeFileSync(join(directory, 'broken.yaml'), 'kind: Pod')
  mkdirSync(join(directory, 'folder'))
  const names = async () => (await source.list()).map(({ metadata }) => metadata.name)
  assert.deepEqual(await names(), ['b-node'])
  assert.deepEqual(warnings, [`a manifest is left out ${join(directory, 'broken.yaml')}`])

  const told = new Promise<void>((resolve) => source.onChange(resolve))
  writeFileSync(join(directory, '.new'), manifest('a'))
  renameSync(join(directory, '.new'), join(directory, 'a.json'))
  await told
  assert.deepEqual(await names(), ['a-node', 'b-node'])
  const [first] = await source.list()
  const [again] = await source.list()
  assert.deepEqual(again, first)
})

test('a folder that is not there yet holds nothing, and is followed once it is, and once it is again', async () => {
  const late = join(directory, 'folder', 'late', 'manifests')
  const following = staticPodSource({ directory: late, nodeName: 'node', clock: systemClock, log })
  const names = async () => (await following.list()).map(({ metadata }) => metadata.name)
  const until = async (wanted: readonly string[]) => {
    while (String(await names()) !== String(wanted))
      await new Promise<void>((resolve) => {
        const stop = following.onChange(() => {
          stop()
          resolve()
        })
      })
  }
  try {
    await until([])
    for (const name of ['a', 'b']) {
      mkdirSync(late, { recursive: true })
      // Nothing tells of this but the watch of a folder that came later.
      const seen = until([`${name}-node`])
      writeFileSync(join(late, `${name}.yaml`), manifest(name))
      await seen
      const gone = until([])
      rmSync(join(directory, 'folder', 'late'), { recursive: true })
      await gone
    }
  } finally {
    following.close()
  }
})
