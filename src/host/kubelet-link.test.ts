import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ensureKubeletLink, removeKubeletLink } from './kubelet-link.ts'

test('the usual place leads to a node’s folder where it is free, and to nobody else’s', (t) => {
  const root = fs.mkdtempSync(join(tmpdir(), 'kubelet-link-'))
  t.after(() => fs.rmSync(root, { recursive: true }))
  const place = join(root, 'usual')
  const [ours, theirs] = ['ours', 'theirs'].map((name) => join(root, name)) as [string, string]
  fs.mkdirSync(ours)
  fs.mkdirSync(theirs)

  assert.equal(ensureKubeletLink(ours, place), place)
  fs.writeFileSync(join(ours, 'file'), '')
  assert.ok(fs.existsSync(join(place, 'file')))
  assert.equal(ensureKubeletLink(ours, place), place, 'again')
  assert.equal(ensureKubeletLink(theirs, place), undefined)
  removeKubeletLink(theirs, place)
  assert.ok(fs.existsSync(join(place, 'file')), 'another’s link stays')

  fs.rmSync(ours, { recursive: true })
  assert.equal(ensureKubeletLink(theirs, place), place, 'what leads nowhere is in nobody’s way')
  removeKubeletLink(theirs, place)
  assert.equal(fs.lstatSync(place, { throwIfNoEntry: false }), undefined)

  assert.equal(ensureKubeletLink(theirs, join(root, 'nowhere', 'usual')), undefined)
  fs.mkdirSync(place)
  assert.equal(ensureKubeletLink(theirs, place), undefined)
  removeKubeletLink(theirs, place)
  assert.ok(fs.statSync(place).isDirectory(), 'a folder that was there stays')
})
