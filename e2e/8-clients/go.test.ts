/** What Go programs do, through client-go in both encodings and through controller-runtime. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { buildGo, checkScript, goProblem } from '../support/programs.ts'
import { startServer } from '../support/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-go-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const typed = [
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
  'token',
  'delete',
]

test('client-go and controller-runtime', { skip: goProblem(folder) ?? false }, async (t) => {
  const program = buildGo(folder)
  const server = await startServer()
  t.after(() => server.close())
  await checkScript(
    [
      ...['json', 'protobuf'].flatMap((encoding) => typed.map((step) => `${encoding} ${step}`)),
      'custom definition',
      'custom objects',
      'custom scale',
      'metadata only',
      'custom end',
      'discovery and OpenAPI',
      'controller-runtime',
    ],
    server.kubeconfig,
    program,
    'script',
  )
})
