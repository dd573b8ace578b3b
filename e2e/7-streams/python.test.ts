/** Logs, commands, input, ports and files of a pod on a real node, through the official Python library. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBox, streamSteps } from '../support/box.ts'
import { adminKubeconfig, kubectlSaid } from '../support/cluster.ts'
import { checkScript, python, pythonProblem, writeFixtures } from '../support/programs.ts'

const namespace = 'streams-python'

test('kubernetes', { skip: pythonProblem() ?? false }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-python-'))
  t.after(() => {
    rmSync(folder, { recursive: true, force: true })
    kubectlSaid('delete', 'namespace', namespace, '--wait=false')
  })
  startBox(namespace)
  writeFixtures(folder, 'streams.py')
  await checkScript(streamSteps, adminKubeconfig, python, join(folder, 'streams.py'), namespace)
})
