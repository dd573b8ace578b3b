import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { ContainerConfig, Runtime, RuntimeEvent, SandboxConfig } from './runtime.ts'

export interface RuntimeUnderTest {
  readonly runtime: Runtime
  /** The runtime's. */
  readonly clock: Clock
  /** Where logs may be written. */
  readonly directory: string
}

/** What the kubelet relies on in every runtime. The image `busybox:1` has to be there; `exit 3` by exec has to answer 3. */
export function checkRuntime(title: string, get: () => RuntimeUnderTest): void {
  test(`${title}: a sandbox and a container live and end, and events tell of it`, async () => {
    const { runtime, clock, directory } = get()
    const ending = new AbortController()
    const seen: string[] = []
    const following = follow(runtime, ending.signal, (event) => seen.push(`${event.type} ${event.id}`))
    const sandbox = { ...sandboxBasis, logDirectory: directory }
    // Some runtimes tell of what happens only now and then.
    const told = async (event: string) => {
      for (let tries = 0; tries < 500 && !seen.includes(event); tries += 1) await delay(10)
      assert.ok(seen.includes(event), `${event} is told; told was ${seen.join(', ')}`)
    }

    assert.match((await runtime.version()).name, /^(containerd|cri-o)$/)
    assert.equal((await runtime.status()).runtimeReady, true)
    assert.ok((await runtime.imageStatus('docker.io/library/busybox:1'))!.sizeBytes > 0)

    const sandboxId = await runtime.runSandbox(sandbox)
    const status = await runtime.sandboxStatus(sandboxId)
    assert.equal(status.ready, true)
    assert.match(status.ips[0]!, /^10\./)
    assert.ok(Math.abs(status.createdAt - clock.now()) < 60_000)

    const id = await runtime.createContainer(sandboxId, containerBasis, sandbox)
    assert.equal((await runtime.containerStatus(id)).state, 'created')
    await runtime.startContainer(id)
    assert.equal((await runtime.execSync(id, ['sh', '-c', 'exit 3'], 5000)).exitCode, 3)
    assert.deepEqual(
      (await runtime.containers({ podUid: 'uid-1' })).map((one) => [one.id, one.state, one.labels['io.kubernetes.container.name']]),
      [[id, 'running', 'main']],
    )
    assert.deepEqual(await runtime.containers({ podUid: 'uid-2' }), [])

    for (const event of [`started ${sandboxId}`, `created ${id}`, `started ${id}`]) await told(event)
    await runtime.stopContainer(id, 1)
    const ended = await runtime.containerStatus(id)
    assert.deepEqual([ended.state, ended.metadata.attempt], ['exited', 4])
    assert.ok(ended.exitCode !== 0 && ended.finishedAt >= ended.startedAt && ended.startedAt >= ended.createdAt)
    await runtime.stopContainer(id, 1)
    await told(`stopped ${id}`)
    await runtime.removeContainer(id)
    await runtime.removeContainer(id)
    await told(`deleted ${id}`)
    await assert.rejects(runtime.containerStatus(id), (error) => isError(error, 'NotFound'))

    await runtime.stopSandbox(sandboxId)
    assert.equal((await runtime.sandboxStatus(sandboxId)).ready, false)
    await told(`stopped ${sandboxId}`)
    await assert.rejects(runtime.createContainer(sandboxId, containerBasis, sandbox))
    await runtime.removeSandbox(sandboxId)
    await runtime.removeSandbox(sandboxId)
    await assert.rejects(runtime.sandboxStatus(sandboxId), (error) => isError(error, 'NotFound'))
    assert.deepEqual(await runtime.sandboxes({ podUid: 'uid-1' }), [])

    assert.equal(seen.filter((event) => event === `stopped ${id}`).length, 1, 'the end of an exec is not the end of its container')
    ending.abort()
    await following
  })

  test(`${title}: what is not there is NotFound`, async () => {
    const { runtime } = get()
    await assert.rejects(runtime.containerStatus('nothing'), (error) => isError(error, 'NotFound'))
    await assert.rejects(runtime.sandboxStatus('nothing'), (error) => isError(error, 'NotFound'))
    await assert.rejects(runtime.startContainer('nothing'), (error) => isError(error, 'NotFound'))
    assert.equal(await runtime.imageStatus('docker.io/library/nothing:1'), undefined)
  })
}

async function follow(runtime: Runtime, signal: AbortSignal, see: (event: RuntimeEvent) => void): Promise<void> {
  for await (const event of runtime.events(signal)) see(event)
}

const labels = { 'io.kubernetes.pod.uid': 'uid-1', 'io.kubernetes.pod.name': 'one', 'io.kubernetes.pod.namespace': 'default' }
/** An ordinary pod of one container, for tests that change a part of it. */
export const sandboxBasis: SandboxConfig = {
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
/** Its container. */
export const containerBasis: ContainerConfig = {
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
