import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../run.ts'
import { pauseArchive, pauseProgram } from './pause.ts'
import { normalizeImageName } from './store.ts'
import { tar } from './tar.ts'
import { librariesOf } from './welcome.ts'

const names: Readonly<Record<string, string>> = {
  nginx: 'docker.io/library/nginx:latest',
  'nginx:1.7.9': 'docker.io/library/nginx:1.7.9',
  'team/app': 'docker.io/team/app:latest',
  'localhost/app:2': 'localhost/app:2',
  'registry:5000/app': 'registry:5000/app:latest',
  'registry.k8s.io/pause:3.10': 'registry.k8s.io/pause:3.10',
  'a.b/c@sha256:0000': 'a.b/c@sha256:0000',
}
for (const [short, full] of Object.entries(names)) test(`image name ${short}`, () => assert.equal(normalizeImageName(short), full))

test('reads libraries from ldd', () => {
  const output = '\tlinux-vdso.so.1 (0x00007)\n\tlibm.so.6 => /lib/libm.so.6 (0x00007)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007)\n'
  assert.deepEqual(librariesOf(output), ['/lib/libm.so.6', '/lib64/ld-linux-x86-64.so.2'])
})

test('tar reads our archives, long paths included', async () => {
  const long = `${'folder/'.repeat(16)}file`
  const bytes = Buffer.concat(
    tar([
      { type: 'directory', path: 'd', mode: 0o1777 },
      { type: 'file', path: long, mode: 0o600, parts: [Buffer.alloc(513, 1)] },
      { type: 'link', path: 'l', target: 'd' },
    ]),
  )
  const { stdout } = await run('tar', ['tvf', '-'], { input: bytes })
  assert.match(stdout, /^drwxrwxrwt .* d\/$/m)
  assert.match(stdout, new RegExp(`^-rw------- .* 513 .* ${long}$`, 'm'))
  assert.match(stdout, /l -> d$/m)
})

test('the same image has the same bytes', () => assert.deepEqual(Buffer.concat(pauseArchive('x64')), Buffer.concat(pauseArchive('x64'))))

test('pause waits, and ends when told', { skip: process.arch !== 'x64' && process.arch !== 'arm64' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pause-'))
  try {
    const program = join(folder, 'pause')
    writeFileSync(program, pauseProgram(process.arch as 'x64' | 'arm64'), { mode: 0o755 })
    // timeout(1) gives 124 when it had to end the program, and the program's own 0 is what TERM makes of it.
    const { code } = await run('timeout', ['--preserve-status', '0.1', program])
    assert.equal(code, 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
