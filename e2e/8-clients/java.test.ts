/** What Java programs do, through fabric8's library. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isThere } from '#host/packages.ts'
import { checkScript, problemOf, writeFixtures } from '../support/programs.ts'
import { startServer } from '../support/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-java-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function problem(): string | undefined {
  const missing = ['javac', 'mvn'].filter((name) => !isThere(name))
  if (missing.length > 0) return `${missing.join(' and ')} not on this machine`
  writeFixtures(folder, 'Client.java', 'pom.xml')
  const unresolved = problemOf('mvn', ['-q', '-B', 'dependency:build-classpath', '-Dmdep.outputFile=classpath'], folder)
  return unresolved && `Java's libraries are neither here nor in reach (${unresolved})`
}

test('fabric8', { skip: problem() ?? false }, async (t) => {
  const server = await startServer()
  t.after(() => server.close())
  const libraries = readFileSync(join(folder, 'classpath'), 'utf8').trim()
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
    '-cp',
    libraries,
    join(folder, 'Client.java'),
  )
})
