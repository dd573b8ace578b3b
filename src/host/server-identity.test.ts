import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { serverIdentity } from './server-identity.ts'

test('a server is who it was before a restart; another one is somebody else', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-identity-'))
  try {
    const identity = await serverIdentity(join(directory, 'a', 'identity'))
    assert.ok(identity.startsWith(`${hostname()}_`))
    assert.equal(await serverIdentity(join(directory, 'a', 'identity')), identity)
    assert.notEqual(await serverIdentity(join(directory, 'b', 'identity')), identity)
    // An empty file is what a full disk leaves: nobody is called ''.
    writeFileSync(join(directory, 'a', 'identity'), '')
    assert.ok((await serverIdentity(join(directory, 'a', 'identity'))).startsWith(`${hostname()}_`))
  } finally {
    rmSync(directory, { recursive: true })
  }
})
