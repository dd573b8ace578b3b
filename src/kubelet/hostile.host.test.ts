/** Pods that do their worst: the node stays ready, serves others, and is none the worse when they are gone. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { cgroupHost } from '#host/cgroups.ts'
import { systemClock } from '#host/clock.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { startTestContainerd, type TestContainerd } from '#host/cri/test-containerd.ts'
import { logFiles, nodeFiles } from '#host/files.ts'
import { volumeHost } from '#host/mounts.ts'
import { networkProbe } from '#host/network-probe.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createCgroupManager } from './cgroups/cgroup-manager.ts'
import { createLogManager } from './container-log/log-manager.ts'
import type { VolumeManager } from './interfaces.ts'
import type { Kubelet } from './kubelet.ts'
import { createKubeletServer, type KubeletServer } from './server/kubelet-server.ts'
import { createTestNode, type TestNode } from './test-node.ts'
import { createObjectSource } from './volumes/object-source.ts'
import { createVolumeManager } from './volumes/volume-manager.ts'

const mebibyte = 1 << 20
const pidsLimit = 60
const maxLogBytes = mebibyte
const maxLogFiles = 3
const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3600_000 }
const ca = makeCertificate({ commonName: 'test-ca', usage: 'ca', ...validity })
const serving = makeCertificate({ commonName: 'node', usage: 'server', addresses: ['127.0.0.1'], ...validity }, ca)

let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
let cgroups: ReturnType<typeof createCgroupManager>
let node: TestNode
let kubelet: Kubelet
let server: KubeletServer
let port = 0

before(async () => {
  containerd = await startTestContainerd('10.244.219.0/24')
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
  const rootDirectory = `${containerd.directory}/kubelet`
  cgroups = createCgroupManager({ host: cgroupHost(), clock: systemClock, root: cgroupRoot, podPidsLimit: pidsLimit })
  const options = {
    clock: systemClock,
    runtime,
    network: networkProbe,
    files: nodeFiles,
    cgroups,
    logs: createLogManager({
      files: logFiles,
      runtime,
      clock: systemClock,
      // A container that just ended reopens nothing.
      report: (error) => void node.events.push(`log ${(error as Error).message}`),
      maxBytes: maxLogBytes,
      maxFiles: maxLogFiles,
      intervalMs: 1_000,
    }),
    config: { rootDirectory, podLogsDirectory: `${containerd.directory}/logs` },
  }
  // Volumes want the client of the node's own API server, which is made with the node.
  let volumes: VolumeManager | undefined
  const late = new Proxy({} as VolumeManager, { get: (_, name) => volumes?.[name as keyof VolumeManager] })
  node = await createTestNode({ ...options, volumes: late })
  volumes = createVolumeManager({
    rootDirectory,
    host: volumeHost,
    objects: createObjectSource(node.client, { clock: systemClock, random: seededRandom(1), log: silentLog }),
    tokens: () => Promise.reject(new Error('no tokens here')),
    allocatable: () => ({ cpuMilli: 1000, memoryBytes: mebibyte, ephemeralStorageBytes: mebibyte }),
    clock: systemClock,
    random: seededRandom(2),
    report: (_pod, error) => node.events.push(`FailedMount ${(error as Error).message}`),
    ready: (uid) => kubelet.look(uid),
  })
  kubelet = await node.startKubelet()
  server = createKubeletServer({
    nodeName: 'node',
    pods: kubelet.pods,
    runtime,
    logFiles,
    authenticate: async () => ({ name: 'someone', groups: [], by: 'token' }),
    authorize: async () => true,
    certificate: { current: () => ({ ...serving, clientCa: ca.certificate }) },
    maxStreams: 20,
    clock: systemClock,
    log: silentLog,
  })
  port = await server.listen(0, '127.0.0.1')
})
after(async () => {
  await server?.close()
  await node?.close()
  // Their network namespaces would outlive containerd.
  for (const { id } of (await runtime?.sandboxes()) ?? []) {
    await runtime.stopSandbox(id)
    await runtime.removeSandbox(id)
  }
  runtime?.close()
  await containerd?.close()
  await cgroups?.removeTree()
})

const cgroupRoot = `/wherry-hostile-${process.pid}`
const sh = (script: string, more: object = {}) => ({ name: 'main', image: 'busybox:1', command: ['sh', '-c', script], ...more })

test('who starts processes without end stays within their number, and goes whole', async () => {
  // Not without end in truth: should the bound fail one day, the machine shall live to tell. The bound is looked at before the first of them.
  const pod = await start('bomb', [sh('sleep 1000')])
  const group = pidsGroup(pod)
  assert.ok(numberIn(`${group}/pids.max`) <= pidsLimit && processesOf(pod) >= 2, 'the bound does not hold its processes')
  const id = pod.status.containerStatuses![0]!.containerID!.replace('containerd://', '')
  const script = 'for i in $(busybox seq 300); do sleep 1000 >/dev/null 2>&1 & done'
  const { exitCode } = await runtime.execSync(id, ['sh', '-c', script], 5_000)
  assert.notEqual(exitCode, 0, 'the shell could start all 300')
  assert.ok(processesOf(pod) > pidsLimit / 2)
  await start('beside', [sh('sleep 1000')])
  assert.ok(processesOf(pod) <= pidsLimit)
  await isReady()
  await remove(pod)
  assert.throws(() => statSync(group), { code: 'ENOENT' })
})

test('a flood of log leaves the disk alone, and its end is read at once', async () => {
  const pod = await start('flood', [sh(`exec busybox yes ${'x'.repeat(200)}`)])
  const directory = `${containerd.directory}/logs/default_flood_${pod.metadata.uid}/main`
  const sizeBytes = () => readdirSync(directory).reduce((sum, name) => sum + (sizeOf(`${directory}/${name}`) ?? 0), 0)
  await until(() => readdirSync(directory).length >= maxLogFiles, 'nothing was rotated')
  let [largest, written] = [0, 0]
  let before = 0
  for (let tries = 0; tries < 20; tries += 1) {
    await delay(50)
    const now = sizeOf(`${directory}/0.log`) ?? 0
    written += Math.max(0, now - before)
    before = now
    largest = Math.max(largest, sizeBytes())
  }
  // What is written in a second or so may come on top of each file.
  const bytesPerSecond = written
  assert.ok(readdirSync(directory).length <= maxLogFiles + 2)
  assert.ok(largest < (maxLogFiles + 1) * (maxLogBytes + 3 * bytesPerSecond), `${largest} bytes at ${bytesPerSecond} a second`)
  const began = performance.now()
  let { status, body } = await get('/containerLogs/default/flood/main?tailLines=2')
  // Right after a rotation the new file has no line yet.
  while (body === '' && performance.now() - began < 2_000) ({ status, body } = await get('/containerLogs/default/flood/main?tailLines=2'))
  assert.deepEqual([status, body], [200, `${'x'.repeat(200)}\n`.repeat(2)])
  assert.ok(performance.now() - began < 2_000)
  await isReady()
  await remove(pod)
  assert.throws(() => statSync(directory), { code: 'ENOENT' })
})

test('a flood of execs is served as far as the bound goes; one that nobody reads costs no memory; all end with their clients', async () => {
  const pod = await start('exec', [sh('sleep 1000')])
  const path = (script: string) =>
    `/exec/default/exec/main?${new URLSearchParams([...['sh', '-c', script].map((part) => ['command', part] as [string, string]), ['output', '1'], ['input', '1']])}`
  const open = (script: string) =>
    new WebSocket(`wss://127.0.0.1:${port}${path(script)}`, ['v5.channel.k8s.io'], { rejectUnauthorized: false })
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const socket = open('cat')
      const status = await Promise.race([
        once(socket, 'open').then(() => 101),
        once(socket, 'unexpected-response').then(([, response]) => (response as { statusCode: number }).statusCode),
      ])
      socket.on('error', () => {})
      return { socket, status }
    }),
  )
  const counted = (status: number) => outcomes.filter((one) => one.status === status).length
  assert.deepEqual([counted(101), counted(429)], [20, 40])
  await isReady()
  for (const { socket } of outcomes) socket.terminate()
  await until(() => processesOf(pod) <= 3, 'commands outlived their clients')

  const greedy = open('exec busybox yes')
  greedy.on('error', () => {})
  await once(greedy, 'open')
  greedy.pause()
  await delay(300)
  const before = process.memoryUsage().rss
  await delay(1_500)
  assert.ok(process.memoryUsage().rss - before < 64 * mebibyte)
  greedy.terminate()
  await remove(pod)
})

test('connections that say nothing keep nobody out', async () => {
  const idle = Array.from({ length: 200 }, () => connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }).on('error', () => {}))
  await Promise.all(idle.map((socket) => once(socket, 'secureConnect')))
  assert.equal((await get('/healthz')).body, 'ok')
  for (const socket of idle) socket.destroy()
})

test('huge ConfigMaps become files; as environment they end their own container only', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `huge-${index}`)
  for (const name of names)
    await node.client.create(ConfigMap, { metadata: { name }, data: { text: 'y'.repeat(1_000_000) } }, { namespace: 'default' })
  const before = process.memoryUsage().rss
  const pod = await start(
    'reader',
    [sh('cat /maps/*/text | busybox wc -c; sleep 1000', { volumeMounts: names.map((name) => ({ name, mountPath: `/maps/${name}` })) })],
    {
      volumes: names.map((name) => ({ name, configMap: { name } })),
    },
  )
  await until(
    async () => (await get('/containerLogs/default/reader/main')).body === `${names.length * 1_000_000}\n`,
    'the files are not whole',
  )
  await node.create('greedy', { containers: [sh('true', { envFrom: names.map((name) => ({ configMapRef: { name } })) })] })
  await until(async () => {
    const { state, lastState } = (await node.pod('greedy'))?.status.containerStatuses?.[0] ?? {}
    return state?.waiting?.reason === 'CrashLoopBackOff' || lastState?.terminated !== undefined || state?.terminated !== undefined
  }, 'no word of the environment that is too big')
  await isReady()
  assert.ok(process.memoryUsage().rss - before < 400 * mebibyte)
  await remove(pod)
})

async function start(name: string, containers: readonly object[], more: object = {}): Promise<Pod> {
  await node.create(name, { containers, terminationGracePeriodSeconds: 1, ...more })
  let pod: Pod | undefined
  await until(async () => {
    pod = await node.pod(name)
    return pod?.status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
  }, `${name} did not start`)
  return pod!
}

/** Deletes a pod, and waits until nothing of it is left. */
async function remove(pod: Pod): Promise<void> {
  await node.client.delete(Pod, pod.metadata.name, { namespace: 'default', gracePeriodSeconds: 1 })
  await until(() => kubelet.pods.byUid(pod.metadata.uid) === undefined, `${pod.metadata.name} does not go`)
}

async function isReady(): Promise<void> {
  const { status } = await node.client.get(Node, 'node')
  assert.equal(status.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
  assert.equal((await get('/healthz')).body, 'ok')
}

async function get(path: string): Promise<{ readonly status: number; readonly body: string }> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  socket.write(`GET ${path} HTTP/1.0\r\nHost: node\r\n\r\n`)
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part as Buffer)
  const answer = Buffer.concat(parts).toString()
  return { status: Number(answer.slice(9, 12)), body: answer.slice(answer.indexOf('\r\n\r\n') + 4) }
}

const pidsGroup = ({ metadata }: Pod): string => `/sys/fs/cgroup/pids${cgroupRoot}/kubepods/besteffort/pod${metadata.uid}`
const numberIn = (path: string): number => Number(readFileSync(path, 'utf8'))
const processesOf = (pod: Pod): number => numberIn(`${pidsGroup(pod)}/pids.current`)

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function until(holds: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  for (const giveUpAt = Date.now() + 15_000; Date.now() < giveUpAt; await delay(20)) if (await holds()) return
  assert.fail(`${otherwise}\n${node.events.join('\n')}`)
}
