/** A pod on the real node that programs look into: what it says, commands inside, its input, its port, its files. */
import assert from 'node:assert/strict'
import { ensureUp, freshNamespace, kubectl, kubectlWithInput, wherry } from './cluster.ts'
import { archiveFile, busyboxArchive } from './images.ts'

/** What every library's script does with the box. */
export const streamSteps = ['log', 'followed log', 'exec', 'exit code', 'input', 'terminal', 'attach', 'port-forward', 'cp'] as const

/**
 * A pod "box" in a namespace of its own. Container "shell" says "first line" and "second line", serves /index.html ("from the box") on port 8080
 * and gives commands a place; container "echo" gives back what it is told. Answers when both run.
 */
export function startBox(namespace: string): void {
  ensureUp()
  const imported = wherry('image', 'import', archiveFile('busybox', busyboxArchive(image)))
  assert.equal(imported.code, 0, imported.err)
  freshNamespace(namespace)
  const created = kubectlWithInput(JSON.stringify(box), '-n', namespace, 'create', '-f', '-')
  assert.equal(created.code, 0, created.err)
  kubectl('-n', namespace, 'wait', '--for=condition=Ready', 'pod/box', '--timeout=120s')
}

const image = 'docker.io/library/busybox:1.36'
const box = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'box' },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'shell',
        image,
        command: [
          'sh',
          '-c',
          'echo first line; echo second line; mkdir /www; echo from the box > /www/index.html; exec httpd -f -p 8080 -h /www',
        ],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      },
      { name: 'echo', image, command: ['cat'], stdin: true },
    ],
  },
}
