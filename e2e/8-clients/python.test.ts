/** What Python programs do, through the official library as Debian has it; WHERRY_PYTHON names an interpreter with another version. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkScript, writeFixtures } from '../support/programs.ts'
import { startServer } from '../support/server.ts'

const python = process.env['WHERRY_PYTHON'] ?? '/usr/bin/python3'
const has = (module: string): boolean => spawnSync(python, ['-c', `import ${module}`]).status === 0

test('kubernetes', { skip: !has('kubernetes') && `${python} has no module kubernetes (Debian: python3-kubernetes)` }, async (t) => {
  const server = await startServer()
  t.after(() => server.close())
  writeFixtures(server.folder, 'client.py')
  await checkScript(
    [
      'namespace',
      'create',
      'get',
      'list',
      'update',
      'patch',
      'subresources',
      'watch',
      ...(has('kubernetes.informer') ? ['informer'] : []),
      'leader election',
      'custom definition',
      'custom objects',
      'dynamic',
      'apply',
      'custom end',
      'delete',
      'discovery',
    ],
    server.kubeconfig,
    python,
    join(server.folder, 'client.py'),
  )
})
