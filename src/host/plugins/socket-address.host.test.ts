import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { served } from '#kubelet/plugins/rpc.ts'
import { field, message, string } from '#schema/schema.ts'
import { dialRpc, serveRpc } from './rpc.ts'

const Said = message('test.Said', { text: field(1, string()) })
const echo = { path: '/test.Echo/Say', request: Said, answer: Said }

test('a plug-in whose socket has a longer path than the kernel takes is served and reached, and nothing stays open', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'wherry-socket-'))
  t.after(() => rm(root, { recursive: true }))
  const folder = join(root, 'a-node-with-a-name-that-is-long'.repeat(4), 'plugins_registry')
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'csi-driver-with-a-name-of-its-own-reg.sock')
  assert.ok(path.length > 107)
  const open = async () => (await readdir('/proc/self/fd')).length
  const before = await open()
  const server = await serveRpc(path, [served(echo, ({ text }) => ({ text: `${text}!` }))])
  const channel = dialRpc(path)
  await channel.ready(5_000)
  assert.equal((await channel.call(echo, { text: 'here' }, { timeoutMs: 5_000 })).text, 'here!')
  channel.close()
  await server.close()
  assert.deepEqual(await readdir(folder), [])
  assert.ok((await open()) <= before + 2, 'folders that were opened are closed')
})
