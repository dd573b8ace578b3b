import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { bounded, mount, mountsBelow, unmount, unmountNetwork } from './mount-table.ts'

const root = fs.mkdtempSync(join(tmpdir(), 'wherry-mounts-'))
after(async () => {
  for (const point of await mountsBelow(root)) await unmount(point)
  fs.rmSync(root, { recursive: true })
})

const directory = (name: string): string => {
  const path = join(root, name)
  fs.mkdirSync(path)
  return path
}

test('a mount is made once, read-only where asked, in places with any name', async () => {
  const [source, target] = [directory('source'), directory('a place with\ttab')]
  for (let times = 0; times < 2; times += 1) await mount({ source, target, options: ['bind', 'ro'] })
  assert.deepEqual(await mountsBelow(target), [target])
  assert.throws(() => fs.writeFileSync(join(target, 'file'), ''), /EROFS/)
  await unmount(target)
  assert.deepEqual(await mountsBelow(root), [])
})

test('a mount that fails says what mount(8) said, in the words of the reference, and leaves nothing', async () => {
  const target = directory('failing')
  await assert.rejects(mount({ source: 'server:/export', target, type: 'no-such-type', options: ['ro'], network: true }), (error) => {
    const words = `mount failed: exit status 32\nMounting command: mount\nMounting arguments: -t no-such-type -o ro server:/export ${target}\nOutput: mount: `
    return (
      isError(error, 'InternalError') && error.message.startsWith(words) && error.message.includes('This node has no mount.no-such-type')
    )
  })
  assert.deepEqual(await mountsBelow(target), [])
})

test('a mount that is called off ends, and so does a program that hangs', async () => {
  const target = directory('late')
  await assert.rejects(mount({ source: 'a', target, type: 'tmpfs', signal: AbortSignal.abort(new Error('the pod ends')) }), /the pod ends/)
  assert.deepEqual(await mountsBelow(target), [])
  await assert.rejects(bounded('sleep', ['60'], 50), (error) => isError(error, 'Timeout'))
})

test('a mount of a server goes even while it is used', async () => {
  const target = directory('used')
  await mount({ source: 'none', target, type: 'tmpfs' })
  const file = fs.openSync(join(target, 'file'), 'w')
  await assert.rejects(unmount(target), /busy/)
  await unmountNetwork(target)
  assert.deepEqual(await mountsBelow(target), [])
  fs.writeSync(file, 'still open')
  fs.closeSync(file)
})
