import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { createLogManager } from '#kubelet/container-log/log-manager.ts'
import { withCdi } from '#kubelet/devices/cdi/with-cdi.ts'
import { createDeviceManager } from '#kubelet/devices/device-manager.ts'
import { startRegistrationServer } from '#kubelet/devices/registration-server.ts'
import { createDraManager } from '#kubelet/dra/dra-manager.ts'
import type { Kubelet } from '#kubelet/kubelet.ts'
import { createPluginWatcher } from '#kubelet/plugins/plugin-watcher.ts'
import { createTestNode, type TestNode } from '#kubelet/test-node.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { systemClock } from '../clock.ts'
import { createCriRuntime } from '../cri/runtime.ts'
import { startTestContainerd, type TestContainerd } from '../cri/test-containerd.ts'
import { logFiles, nodeFiles } from '../files.ts'
import { networkProbe } from '../network-probe.ts'
import { checkpointFile } from './checkpoint-file.ts'
import { deviceFolder } from './device-folder.ts'
import { dialRpc, serveRpc } from './rpc.ts'
import { socketFolder } from './socket-folder.ts'
import { type Plugin, startPlugin } from './testing/child.ts'

const resource = 'example.com/test'
const driver = 'dra.example.com'
/** What makes the driver's device usable: this containerd reads no such files itself. */
const cdiFile = `
cdiVersion: 0.6.0
kind: ${driver}/device
devices:
- name: claim
  containerEdits:
    env: [ "CLAIMED=yes" ]
    deviceNodes: [ { path: /dev/claimed, hostPath: /dev/null } ]
`
let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
let node: TestNode
let kubelet: Kubelet
let device: Plugin
let claims: Plugin
const closing: (() => unknown)[] = []

before(async () => {
  containerd = await startTestContainerd('10.244.217.0/24')
  const { directory } = containerd
  await mkdir(join(directory, 'cdi'))
  await writeFile(join(directory, 'cdi', 'dra.yaml'), cdiFile)
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
  const pluginDirectory = join(directory, 'kubelet', 'device-plugins')
  const devices = createDeviceManager({
    dial: dialRpc,
    checkpoint: checkpointFile(join(pluginDirectory, 'checkpoint')),
    clock: systemClock,
    log: silentLog,
    isRunning: async (podUid) => (await runtime.sandboxes({ podUid })).some(({ ready }) => ready),
    activePods: () => undefined,
  })
  node = await createTestNode({
    clock: systemClock,
    runtime: withCdi(runtime, { files: nodeFiles, directories: [join(directory, 'cdi')] }),
    network: networkProbe,
    files: nodeFiles,
    logs: createLogManager({ files: logFiles, runtime, clock: systemClock, report: (error) => assert.fail(String(error)) }),
    config: { rootDirectory: join(directory, 'kubelet'), podLogsDirectory: join(directory, 'logs') },
    parts: {
      get resourceManagers() {
        return [devices.manager, dra.manager]
      },
      nodeSources: [devices.node],
    },
  })
  const dra = createDraManager({
    nodeName: 'node',
    client: node.client,
    dial: dialRpc,
    checkpoint: checkpointFile(join(directory, 'kubelet', 'dra_manager_state')),
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    activePods: () => undefined,
  })
  const watcher = createPluginWatcher({
    directory: join(directory, 'kubelet', 'plugins_registry'),
    sockets: socketFolder,
    dial: dialRpc,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  })
  watcher.handle('DRAPlugin', dra.plugins)
  await devices.start()
  await dra.start()
  const server = await startRegistrationServer({
    directory: pluginDirectory,
    folder: deviceFolder,
    serve: serveRpc,
    devices,
    log: silentLog,
  })
  await watcher.start()
  closing.push(
    () => watcher.close(),
    () => server.close(),
    () => dra.close(),
    () => devices.close(),
  )
  kubelet = await node.startKubelet()
  device = startPlugin('./device-plugin.ts', {
    directory: pluginDirectory,
    endpoint: 'plugin.sock',
    resource,
    devices: [{ id: 'a' }, { id: 'b' }],
    preStartRequired: true,
  })
  claims = startPlugin('./dra-plugin.ts', {
    driver,
    registration: join(directory, 'kubelet', 'plugins_registry', 'dra.sock'),
    endpoint: join(directory, 'kubelet', 'dra.sock'),
  })
  await claims.next('registered')
  await until(async () => (await node.client.get(Node, 'node')).status?.allocatable?.[resource] === '2')
})
after(async () => {
  await node?.close()
  await Promise.all([device, claims].map((one) => one?.kill()))
  for (const close of closing) await close()
  runtime?.close()
  await containerd?.close()
})

const busybox = (script: string, resources: object) => [{ name: 'main', image: 'busybox:1', command: ['sh', '-c', script], resources }]

test('a container has its devices, and the next pod has them after it', async () => {
  const limits = { limits: { [resource]: '2' } }
  await node.create('first', {
    restartPolicy: 'Never',
    containers: busybox(
      'ls /dev/test-a /dev/test-b; echo hidden > /dev/test-a && echo $TEST_DEVICES > /dev/termination-log; sleep 1',
      limits,
    ),
  })
  await phase('first', 'Running')
  // Whoever binds a pod by hand learns that there is nothing left.
  await node.create('second', { restartPolicy: 'Never', containers: busybox('true', limits) })
  const second = await phase('second', 'Failed')
  assert.equal(second.status.reason, 'UnexpectedAdmissionError')
  assert.match(
    second.status.message!,
    /Allocate failed due to requested number of devices unavailable for example.com\/test. Requested: 2, Available: 0, which is unexpected/,
  )
  const first = await phase('first', 'Succeeded')
  assert.equal(first.status.containerStatuses?.[0]?.state.terminated?.message, 'a,b\n')
  assert.deepEqual((await device.next('preStart'))['ids'], ['a', 'b'])
  await node.create('third', { restartPolicy: 'Never', containers: busybox('echo $TEST_DEVICES > /dev/termination-log', limits) })
  assert.equal((await phase('third', 'Succeeded')).status.containerStatuses?.[0]?.state.terminated?.message, 'a,b\n')
})

test('health of a device shows in the status of its pod', async () => {
  await node.create('ill', { containers: busybox('sleep 1000', { limits: { [resource]: '1' } }), terminationGracePeriodSeconds: 0 })
  const healthOf = (pod: Pod | undefined) => pod?.status.containerStatuses?.[0]?.allocatedResourcesStatus
  await until(async () => healthOf(await node.pod('ill'))?.[0]?.resources?.[0]?.health === 'Healthy')
  await device.tell({ devices: [{ id: 'a', health: 'Unhealthy' }, { id: 'b' }] })
  await until(async () => healthOf(await node.pod('ill'))?.[0]?.resources?.[0]?.health === 'Unhealthy')
  assert.deepEqual(healthOf(await node.pod('ill')), [{ name: resource, resources: [{ resourceID: 'a', health: 'Unhealthy' }] }])
  assert.equal((await node.client.get(Node, 'node')).status?.capacity?.[resource], '2')
  await until(async () => (await node.client.get(Node, 'node')).status?.allocatable?.[resource] === '1')
  await node.client.delete(Pod, 'ill', { namespace: 'default', gracePeriodSeconds: 0 })
})

test('a pod waits for its claim, has it prepared once, and gives it back before it is gone', async () => {
  const resources = { claims: [{ name: 'mine' }] }
  const pod = await node.create('claiming', {
    containers: busybox('trap "exit 0" TERM; sleep 1000 & wait', resources),
    resourceClaims: [{ name: 'mine', resourceClaimName: 'claim' }],
  })
  await until(async () => node.events.some((event) => event.startsWith('FailedPrepareDynamicResources')))
  assert.ok(
    node.events.includes(
      'FailedPrepareDynamicResources Failed to prepare dynamic resources: prepare dynamic resources: fetch ResourceClaim claim: resourceclaims.resource.k8s.io "claim" not found',
    ),
  )
  const made = await node.client.create(
    ResourceClaim,
    { metadata: { name: 'claim' }, spec: { devices: { requests: [{ name: 'request', exactly: { deviceClassName: 'class' } }] } } },
    { namespace: 'default' },
  )
  const { uid } = pod.metadata
  const status = {
    allocation: { devices: { results: [{ request: 'request', driver, pool: 'pool', device: 'device' }] } },
    reservedFor: [{ resource: 'pods', name: 'claiming', uid }],
  }
  await node.client.update(ResourceClaim, { ...made, status } as unknown as ResourceClaim, { subresource: 'status' })
  kubelet.look(uid)
  await phase('claiming', 'Running')
  assert.deepEqual((await claims.next('prepare'))['claims'], ['claim'])
  const id = (await node.pod('claiming'))!.status.containerStatuses![0]!.containerID!.replace('containerd://', '')
  const { stdout } = await runtime.execSync(id, ['sh', '-c', 'echo $CLAIMED; ls /dev/claimed'], 5_000)
  assert.equal(Buffer.from(stdout).toString(), 'yes\n/dev/claimed\n')
  await node.client.delete(Pod, 'claiming', { namespace: 'default', gracePeriodSeconds: 1 })
  await until(async () => (await node.pod('claiming')) === undefined)
  assert.deepEqual(
    claims.said.filter(({ kind }) => kind === 'unprepare').map((one) => one['claims']),
    [['claim']],
  )
})

async function phase(name: string, wanted: string): Promise<Pod> {
  let pod: Pod | undefined
  await until(async () => (pod = await node.pod(name))?.status.phase === wanted)
  return pod!
}

/** Looks again and again: what is waited for is told by nobody else than the API server. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await holds())) {
    if (performance.now() > deadline) assert.fail(`this did not come: ${holds}; events: ${node.events.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
