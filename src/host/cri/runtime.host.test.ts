import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ContainerConfig, RuntimeEvent, SandboxConfig } from '#kubelet/runtime.ts'
import { isError } from '#lib/errors.ts'
import { systemClock } from '../clock.ts'
import { createCriRuntime } from './runtime.ts'
import { startTestContainerd, type TestContainerd } from './test-containerd.ts'

let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
before(async () => {
  containerd = await startTestContainerd('10.244.211.0/24')
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
})
after(async () => {
  runtime?.close()
  await containerd?.close()
})

test('the life of a container, and the events that tell of it', async () => {
  const ending = new AbortController()
  const seen: string[] = []
  const following = follow(ending.signal, (event) => seen.push(`${event.type} ${event.id}`))

  assert.match((await runtime.version()).name, /containerd/)
  assert.equal((await runtime.status()).runtimeReady, true)
  assert.equal((await runtime.imageStatus('docker.io/library/nothing:1')) === undefined, true)
  assert.ok((await runtime.imageStatus('docker.io/library/busybox:1'))!.sizeBytes > 100_000)

  const sandbox = { ...basis, logDirectory: `${containerd.directory}/logs` }
  const sandboxId = await runtime.runSandbox(sandbox)
  const status = await runtime.sandboxStatus(sandboxId)
  assert.match(status.ips[0]!, /^10\.244\.211\./)
  assert.equal(status.ready, true)
  assert.ok(Math.abs(status.createdAt - Date.now()) < 60_000)

  const id = await runtime.createContainer(sandboxId, container, sandbox)
  await runtime.startContainer(id)
  const echo = await runtime.execSync(id, ['sh', '-c', 'echo out; echo err >&2; exit 3'], 5000)
  assert.deepEqual([echo.exitCode, String(Buffer.from(echo.stdout)), String(Buffer.from(echo.stderr))], [3, 'out\n', 'err\n'])
  await assert.rejects(runtime.execSync(id, ['sleep', '60'], 1000), (error) => isError(error, 'Timeout'))
  assert.deepEqual(
    (await runtime.containers({ podUid: 'uid-1' })).map((one) => [one.id, one.state, one.labels['io.kubernetes.container.name']]),
    [[id, 'running', 'main']],
  )
  assert.deepEqual(await runtime.containers({ podUid: 'uid-2' }), [])

  await runtime.stopContainer(id, 1)
  const ended = await runtime.containerStatus(id)
  assert.equal(ended.state, 'exited')
  assert.equal(ended.metadata.attempt, 4)
  assert.ok(ended.finishedAt >= ended.startedAt && ended.startedAt >= ended.createdAt)
  await runtime.removeContainer(id)
  await assert.rejects(runtime.containerStatus(id), (error) => isError(error, 'NotFound'))
  await runtime.stopSandbox(sandboxId)
  assert.equal((await runtime.sandboxStatus(sandboxId)).ready, false)
  await runtime.removeSandbox(sandboxId)
  assert.deepEqual(await runtime.sandboxes({ podUid: 'uid-1' }), [])

  const expected = ['created', 'started', 'stopped', 'deleted'].flatMap((type) => [`${type} ${sandboxId}`, `${type} ${id}`])
  for (let tries = 0; tries < 200 && expected.some((event) => !seen.includes(event)); tries += 1)
    await new Promise((r) => setTimeout(r, 10))
  assert.deepEqual(
    expected.filter((event) => !seen.includes(event)),
    [],
  )
  assert.equal(seen.filter((event) => event === `stopped ${id}`).length, 1, 'the end of an exec is not the end of its container')
  ending.abort()
  await following
})

test('a runtime that is gone is unavailable, and is found again when it is back', async () => {
  const broken = follow(new AbortController().signal, () => {})
  const restarted = containerd.restart()
  await assert.rejects(broken, (error) => isError(error, 'ServiceUnavailable', 'InternalError'))
  await restarted
  for (let tries = 0; ; tries += 1) {
    try {
      await runtime.sandboxes()
      break
    } catch (error) {
      if (!isError(error, 'ServiceUnavailable') || tries > 100) throw error
      await new Promise((r) => setTimeout(r, 50))
    }
  }
  const absent = createCriRuntime({ endpoint: '/nowhere/containerd.sock', clock: systemClock })
  await assert.rejects(absent.version(), (error) => isError(error, 'ServiceUnavailable'))
  absent.close()
})

async function follow(signal: AbortSignal, see: (event: RuntimeEvent) => void): Promise<void> {
  for await (const event of runtime.events(signal)) see(event)
}

const labels = { 'io.kubernetes.pod.uid': 'uid-1', 'io.kubernetes.pod.name': 'one', 'io.kubernetes.pod.namespace': 'default' }
const basis: SandboxConfig = {
  metadata: { name: 'one', namespace: 'default', uid: 'uid-1', attempt: 0 },
  hostname: 'one',
  logDirectory: '',
  portMappings: [],
  labels,
  annotations: {},
  cgroupParent: '',
  sysctls: {},
  security: {
    network: 'pod',
    pid: 'container',
    ipc: 'pod',
    supplementalGroups: [],
    privileged: false,
    readonlyRootfs: false,
    seccomp: { type: 'RuntimeDefault' },
  },
  runtimeHandler: '',
}
const container: ContainerConfig = {
  metadata: { name: 'main', attempt: 4 },
  image: 'docker.io/library/busybox:1',
  userImage: 'busybox:1',
  command: ['sleep', '1000'],
  args: [],
  workingDir: '',
  env: [{ key: 'A', value: 'b' }],
  mounts: [],
  devices: [],
  labels: { ...labels, 'io.kubernetes.container.name': 'main' },
  annotations: {},
  logPath: 'main/4.log',
  stdin: false,
  stdinOnce: false,
  tty: false,
  resources: { cpuPeriod: 100_000, cpuQuota: 0, cpuShares: 2, memoryLimitBytes: 0, oomScoreAdj: 1000 },
  security: {
    privileged: false,
    addCapabilities: [],
    dropCapabilities: [],
    network: 'pod',
    pid: 'container',
    ipc: 'pod',
    supplementalGroups: [],
    readonlyRootfs: false,
    noNewPrivs: false,
    maskedPaths: [],
    readonlyPaths: [],
    seccomp: { type: 'RuntimeDefault' },
  },
}
