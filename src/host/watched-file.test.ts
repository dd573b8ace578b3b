import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { watchedFile } from './watched-file.ts'

test('tells of each text of a file that is put in its place', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'watched-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'config.yaml')
  writeFileSync(path, 'one')
  const file = watchedFile(path)
  assert.equal(file.text, 'one')
  const next = () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const stop = file.watch((text) => {
      stop()
      resolve(text)
    })
    return promise
  }
  const second = next()
  writeFileSync(join(folder, 'new'), 'two')
  renameSync(join(folder, 'new'), path)
  assert.equal(await second, 'two')
  const third = next()
  rmSync(path)
  writeFileSync(path, 'three')
  assert.equal(await third, 'three')
})

test('tells of a file that is gone, and of its next text', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'watched-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'config.yaml')
  writeFileSync(path, 'one')
  const gone = Promise.withResolvers<unknown>()
  const next = Promise.withResolvers<string>()
  const stop = watchedFile(path).watch(next.resolve, gone.resolve)
  t.after(stop)
  rmSync(path)
  assert.match(String(await gone.promise), /ENOENT/)
  writeFileSync(path, 'two')
  assert.equal(await next.promise, 'two')
})
