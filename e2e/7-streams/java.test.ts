/** Logs, commands, input, ports and files of a pod on a real node, through fabric8's Java library. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startBox, streamSteps } from '../support/box.ts'
import { adminKubeconfig, kubectlSaid } from '../support/cluster.ts'
import { checkScript, javaProblem, javaWords } from '../support/programs.ts'

const namespace = 'streams-java'
const folder = mkdtempSync(join(tmpdir(), 'wherry-java-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('fabric8', { skip: javaProblem(folder) ?? false }, async (t) => {
  t.after(() => void kubectlSaid('delete', 'namespace', namespace, '--wait=false'))
  startBox(namespace)
  await checkScript(streamSteps, adminKubeconfig, 'java', ...javaWords(folder, 'Streams.java'), namespace)
})
