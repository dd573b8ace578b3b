import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pod } from '#api/core/v1/pod.ts'
import { systemClock } from '#host/clock.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { startTestContainerd, type TestContainerd } from '#host/cri/test-containerd.ts'
import { nodeFiles } from '#host/files.ts'
import { networkProbe } from '#host/network-probe.ts'
import { createJsonLog } from '#lib/log.ts'
import { createTestNode, type TestNode } from './test-node.ts'

let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
let node: TestNode
before(async () => {
  containerd = await startTestContainerd('10.244.212.0/24')
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
  const directory = containerd.directory
  node = await createTestNode({
    clock: systemClock,
    runtime,
    network: networkProbe,
    files: nodeFiles,
    config: { rootDirectory: `${directory}/kubelet`, podLogsDirectory: `${directory}/logs` },
    log: createJsonLog((line) => console.error(line), systemClock, 'debug'),
  })
})
after(async () => {
  await node?.close()
  runtime?.close()
  await containerd?.close()
})

test('a pod runs', async () => {
  await node.startKubelet()
  await delay(500)
  const t = Date.now()
  await node.create('one', { containers: [{ name: 'main', image: 'busybox:1', command: ['sleep', '1000'] }] })
  await waitFor('one', (pod) => pod.status?.phase === 'Running')
  console.error('running after', Date.now() - t)
  console.error(JSON.stringify((await node.pod('one'))?.status, null, 1), node.events)
})

async function waitFor(name: string, holds: (pod: Pod) => boolean): Promise<Pod> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const pod = await node.pod(name)
    if (pod !== undefined && holds(pod)) return pod
    await delay(10)
  }
  assert.fail(`${name} did not get there: ${JSON.stringify((await node.pod(name))?.status, null, 1)} ${node.events.join('\n')}`)
}
