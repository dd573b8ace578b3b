/** What a broken container runtime leaves behind is found by its traces. Needs root and ip. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { networkNamespaces, removeNetworkNamespace } from './clean.ts'
import { run } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-clean-'))
after(() => rmSync(folder, { recursive: true }))

test('network namespaces: those that the bundles name, each once, and no others', async () => {
  const [ours, foreign] = [`wc${process.pid}a`, `wc${process.pid}b`]
  for (const name of [ours, foreign]) await run('ip', ['netns', 'add', name])
  after(() => run('ip', ['netns', 'delete', foreign]))
  const path = `/var/run/netns/${ours}`
  for (const [id, namespaces] of Object.entries({
    sandbox: [{ type: 'network', path }],
    container: [{ type: 'network', path }],
    'of-the-host': [{ type: 'network', path: '/proc/1/ns/net' }],
    'without-any': [{ type: 'pid' }],
  })) {
    const bundle = join(folder, 'io.containerd.runtime.v2.task', 'k8s.io', id)
    mkdirSync(bundle, { recursive: true })
    writeFileSync(join(bundle, 'config.json'), JSON.stringify({ linux: { namespaces } }))
  }
  mkdirSync(join(folder, 'io.containerd.runtime.v2.task', 'k8s.io', 'half-made'))
  assert.deepEqual(networkNamespaces(folder), [path])
  assert.deepEqual(networkNamespaces(join(folder, 'absent')), [])
  await removeNetworkNamespace(path)
  await removeNetworkNamespace(path)
  assert.equal(existsSync(path), false)
  assert.equal(existsSync(`/var/run/netns/${foreign}`), true)
})
