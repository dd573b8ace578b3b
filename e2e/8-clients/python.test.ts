/** What Python programs do, through the official library as Debian has it; WHERRY_PYTHON names an interpreter with another version. */
import { join } from 'node:path'
import { test } from 'node:test'
import { checkScript, python, pythonHas, pythonProblem, writeFixtures } from '../support/programs.ts'
import { startServer } from '../support/server.ts'

test('kubernetes', { skip: pythonProblem() ?? false }, async (t) => {
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
      ...(pythonHas('kubernetes.informer') ? ['informer'] : []),
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
