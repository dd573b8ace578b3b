/** What the kernel is set to, in a network namespace of its own. Needs root and ip. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from './run.ts'

test('the kernel forwards, and remembers connections as long as kube-proxy lets it; a reset sets it back', async (t) => {
  const namespace = `set${process.pid % 10_000}`
  const directory = mkdtempSync(join(tmpdir(), 'network-'))
  await run('ip', ['netns', 'add', namespace])
  t.after(async () => {
    rmSync(directory, { recursive: true })
    await run('ip', ['netns', 'delete', namespace])
  })
  const inside = async (program: string): Promise<string[]> => {
    const text = `import { createNetworkHost, restoreSettings } from '#host/network.ts'
      const saved = ${JSON.stringify(join(directory, 'saved.json'))}
      ${program}`
    await run('ip', ['netns', 'exec', namespace, process.execPath, '--input-type=module', '-e', text])
    const files = ['ipv4/ip_forward', ...['close_wait', 'established'].map((state) => `netfilter/nf_conntrack_tcp_timeout_${state}`)]
    const { stdout } = await run('ip', ['netns', 'exec', namespace, 'cat', ...files.map((file) => `/proc/sys/net/${file}`)])
    return stdout.trim().split('\n')
  }
  const before = await inside('')
  const prepare = 'await createNetworkHost(saved).prepare({ hasV6: true })'
  assert.deepEqual(await inside(prepare), ['1', '3600', '86400'])
  assert.deepEqual(await inside(prepare), ['1', '3600', '86400'], 'again')
  assert.ok(Object.keys(JSON.parse(readFileSync(join(directory, 'saved.json'), 'utf8'))).length >= 3)
  assert.deepEqual(await inside('restoreSettings(saved)'), before)
})
