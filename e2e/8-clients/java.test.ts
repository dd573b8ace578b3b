/** What Java programs do, through fabric8's library. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { checkScript, javaProblem, javaWords } from '../support/programs.ts'
import { startServer } from '../support/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-java-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('fabric8', { skip: javaProblem(folder) ?? false }, async (t) => {
  const server = await startServer()
  t.after(() => server.close())
  await checkScript(
    [
      'namespace',
      'create',
      'get',
      'list',
      'update',
      'patch',
      'subresources',
      'apply',
      'watch',
      'informer',
      'leader election',
      'custom definition',
      'custom objects',
      'custom end',
      'delete',
      'discovery',
    ],
    server.kubeconfig,
    'java',
    ...javaWords(folder, 'Client.java'),
  )
})
