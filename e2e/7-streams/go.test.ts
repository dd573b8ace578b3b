/** Logs, commands, input, ports and files of a pod on a real node, through client-go by WebSocket and by SPDY. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startBox, streamSteps } from '../support/box.ts'
import { adminKubeconfig, kubectlSaid } from '../support/cluster.ts'
import { buildGo, checkScript, goProblem } from '../support/programs.ts'

const namespace = 'streams-go'
const folder = mkdtempSync(join(tmpdir(), 'wherry-go-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('client-go', { skip: goProblem(folder) ?? false }, async (t) => {
  const program = buildGo(folder)
  t.after(() => void kubectlSaid('delete', 'namespace', namespace, '--wait=false'))
  startBox(namespace)
  const steps = ['websocket', 'spdy'].flatMap((protocol) => streamSteps.map((step) => `${protocol} ${step}`))
  await checkScript(steps, adminKubeconfig, program, 'streams', namespace)
})
