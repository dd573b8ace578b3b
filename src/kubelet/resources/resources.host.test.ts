import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Pod } from '#api/core/v1/pod.ts'
import { cgroupHost } from '#host/cgroups.ts'
import { systemClock } from '#host/clock.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { startTestContainerd, type TestContainerd } from '#host/cri/test-containerd.ts'
import { nodeFiles } from '#host/files.ts'
import { readMachineTopology } from '#host/machine-topology.ts'
import { networkProbe } from '#host/network-probe.ts'
import { checkpointFile } from '#host/plugins/checkpoint-file.ts'
import { silentLog } from '#lib/log.ts'
import { createCgroupManager } from '../cgroups/cgroup-manager.ts'
import type { Kubelet } from '../kubelet.ts'
import { createTestNode, type TestNode } from '../test-node.ts'
import { type CpuManager, createCpuManager } from './cpu/cpu-manager.ts'
import { formatCpuSet } from './cpu/cpu-set.ts'
import { sharePool } from './cpu/share-pool.ts'

/** Real containers, whose cgroups are looked at: a node with exclusive CPUs and at most 40 processes for each pod. */
const root = `/wherry-test-${process.pid}`
const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers')
let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
let cgroups: ReturnType<typeof createCgroupManager>
let cpus: CpuManager
let node: TestNode
let kubelet: Kubelet
let stopSharing = (): void => {}
before(async () => {
  containerd = await startTestContainerd('10.244.221.0/24')
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
  const { cpus: all } = await readMachineTopology()
  cpus = createCpuManager({
    cpus: all,
    config: {},
    reservedMilli: 500,
    file: checkpointFile(`${containerd.directory}/cpu_manager_state`),
    isKnown: (uid) => kubelet.pods.byUid(uid) !== undefined,
  })
  cgroups = createCgroupManager({
    host: cgroupHost(),
    clock: systemClock,
    root,
    podPidsLimit: 40,
    hasExclusiveCpus: ({ metadata }) => cpus.hasExclusive(metadata.uid),
  })
  node = await createTestNode({
    cgroups,
    clock: systemClock,
    runtime,
    network: networkProbe,
    files: nodeFiles,
    config: { rootDirectory: `${containerd.directory}/kubelet`, podLogsDirectory: `${containerd.directory}/logs` },
    parts: { resourceManagers: [cpus] },
  })
  await startKubelet()
})
after(async () => {
  stopSharing()
  await node?.close()
  runtime?.close()
  await containerd?.close()
  await cgroups?.removeTree()
})

async function startKubelet(): Promise<void> {
  stopSharing()
  kubelet = await node.startKubelet()
  stopSharing = sharePool({ cpus, pods: kubelet.pods, runtime, log: silentLog })
}

const hold = 'trap "exit 0" TERM; sleep 1000 & wait'
const sh = (script: string, more: object = {}) => ({ name: 'main', image: 'busybox:1', command: ['sh', '-c', script], ...more })

test('resizes a container as it runs, and its pod’s group with it; a new kubelet does not do it again', async () => {
  const resources = { requests: { cpu: '100m', memory: '32Mi' }, limits: { memory: '64Mi' } }
  await node.create('grows', { containers: [sh(hold, { resources })] })
  const first = await waitFor('grows', isReady)
  assert.equal(limitOf(first, true), 64 << 20)
  await resize('grows', { requests: { cpu: '200m', memory: '32Mi' }, limits: { memory: '128Mi' } })
  const second = await waitFor('grows', (pod) => main(pod).resources?.limits?.['memory'] === '128Mi' && !isResizing(pod))
  assert.equal(main(second).containerID, main(first).containerID)
  assert.deepEqual([limitOf(second, true), limitOf(second, false)], [128 << 20, 128 << 20])
  assert.equal(read('cpu', groupOf(second, true), 'cpu.shares', 'cpu.weight'), isUnified ? '8' : '204')
  assert.deepEqual(second.status?.allocatedResources, { cpu: '200m', memory: '32Mi' })
  const told = node.events.filter((event) => event.startsWith('Resize')).length
  await kubelet.stop()
  await startKubelet()
  await until(async () => kubelet.pods.get('default', 'grows')?.containers.length === 1)
  assert.equal(node.events.filter((event) => event.startsWith('Resize')).length, told)
  await remove('grows')
})

test('takes no memory away that is in use', async () => {
  const resources = (memory: string) => ({ requests: { memory: '8Mi' }, limits: { memory } })
  // What is written there is memory, and cannot be given back.
  const fill = `dd if=/dev/zero of=/dev/shm/f bs=1M count=40 2>/dev/null; ${hold}`
  await node.create('full', { containers: [sh(fill, { resources: resources('128Mi') })] })
  const pod = await waitFor('full', isReady)
  await until(async () => Number(read('memory', groupOf(pod, true), 'memory.usage_in_bytes', 'memory.current')) > 40 << 20)
  await resize('full', resources('16Mi'))
  const refused = await waitFor('full', (one) => conditionOf(one)?.reason === 'Error')
  assert.match(conditionOf(refused)!.message!, /^cannot decrease memory limits: \[attempting to set pod memory limit \(16777216\) below/)
  assert.equal(limitOf(refused, true), 128 << 20)
  await resize('full', resources('96Mi'))
  const lowered = await waitFor('full', (one) => !isResizing(one) && main(one).resources?.limits?.['memory'] === '96Mi')
  assert.deepEqual([limitOf(lowered, true), main(lowered).restartCount], [96 << 20, 0])
  await remove('full')
})

test('says of who took too much memory that this was it, also of an init container, and of one whose child it was', async () => {
  const resources = { requests: { memory: '16Mi' }, limits: { memory: '16Mi' } }
  const greedy = (name: string) => ({ ...sh('tail /dev/zero', { resources }), name })
  await node.create('greedy', { restartPolicy: 'Never', containers: [greedy('main')] })
  await node.create('early', { restartPolicy: 'Never', initContainers: [greedy('first')], containers: [sh(hold)] })
  const late = await waitFor('greedy', (pod) => pod.status?.phase === 'Failed')
  assert.deepEqual([main(late).state.terminated?.reason, main(late).state.terminated?.exitCode], ['OOMKilled', 137])
  const early = await waitFor('early', (pod) => pod.status?.phase === 'Failed')
  assert.equal(early.status?.initContainerStatuses?.[0]?.state.terminated?.reason, 'OOMKilled')
  const parent = { ...sh('tail /dev/zero; exit 3', { resources }), name: 'main' }
  await node.create('parent', { restartPolicy: 'Never', containers: [parent] })
  const ended = await waitFor('parent', (pod) => pod.status?.phase === 'Failed')
  // With version 2 the shell is killed together with its child; with version 1 it lives on and says how it ended.
  const exitCode = isUnified ? 137 : 3
  assert.deepEqual([main(ended).state.terminated?.reason, main(ended).state.terminated?.exitCode], ['OOMKilled', exitCode])
  await remove('parent')
  await remove('greedy')
  await remove('early')
})

test('a pod that begets processes without end begets no more than it may', async () => {
  await node.create('bomb', { containers: [sh(`i=0; while [ $i -lt 200 ]; do sleep 1000 & i=$((i+1)); done; ${hold}`, { resources: {} })] })
  const pod = await waitFor('bomb', (one) => main(one)?.state.running !== undefined || main(one)?.state.terminated !== undefined)
  assert.equal(read('pids', groupOf(pod, false), 'pids.max', 'pids.max'), '40')
  await until(async () => Number(read('pids', groupOf(pod, false), 'pids.peak', 'pids.peak')) === 40)
  await remove('bomb')
})

test('gives a CPU of its own to who was promised one, and moves the others off it', {
  skip: formatCpuSet(await online()) === '0' && 'this machine has one CPU',
}, async () => {
  await node.create('shares', { containers: [sh(hold, { resources: {} })] })
  const shares = await waitFor('shares', isReady)
  const all = cpus.pool()
  await until(async () => cpusOf(shares) === all)
  const one = { cpu: '1', memory: '32Mi' }
  await node.create('pinned', { containers: [sh(hold, { resources: { requests: one, limits: one } })] })
  const pinned = await waitFor('pinned', isReady)
  const own = cpusOf(pinned)
  assert.match(own, /^\d+$/)
  await until(async () => cpusOf(shares) === cpus.pool())
  assert.notEqual(cpus.pool(), all)
  assert.ok(!cpus.pool().split(',').includes(own))
  // Nobody takes it from it, so that a quota would only slow it down.
  if (!isUnified && existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'))
    assert.equal(read('cpu', groupOf(pinned, true), 'cpu.cfs_quota_us', 'cpu.max'), '-1')
  await remove('pinned')
  await until(async () => cpusOf(shares) === all)
  await remove('shares')
})

async function online(): Promise<readonly number[]> {
  return (await readMachineTopology()).cpus.map(({ id }) => id)
}

const main = (pod: Pod) => (pod.status?.containerStatuses ?? [])[0]!
const isReady = (pod: Pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
const conditionOf = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type.startsWith('PodResize'))
const isResizing = (pod: Pod) => conditionOf(pod) !== undefined

/** The cgroup of the pod, or of its container in it. */
function groupOf(pod: Pod, isContainer: boolean): string {
  const qos = pod.status?.qosClass === 'Guaranteed' ? '' : `/${pod.status?.qosClass?.toLowerCase()}`
  const group = `${root}/kubepods${qos}/pod${pod.metadata.uid}`
  return isContainer ? `${group}/${main(pod).containerID!.replace('containerd://', '')}` : group
}

const read = (controller: string, group: string, file1: string, file2: string): string =>
  readFileSync(isUnified ? `/sys/fs/cgroup${group}/${file2}` : `/sys/fs/cgroup/${controller}${group}/${file1}`, 'utf8').trim()
const limitOf = (pod: Pod, isContainer: boolean): number =>
  Number(read('memory', groupOf(pod, isContainer), 'memory.limit_in_bytes', 'memory.max'))
const cpusOf = (pod: Pod): string => read('cpuset', groupOf(pod, true), 'cpuset.cpus', 'cpuset.cpus')

async function resize(name: string, resources: object): Promise<void> {
  const body = { spec: { containers: [{ name: 'main', resources }] } }
  await node.client.patch(Pod, name, { type: 'strategic', body }, { namespace: 'default', subresource: 'resize' })
}

async function waitFor(name: string, isMet: (pod: Pod) => boolean): Promise<Pod> {
  let last: Pod | undefined
  await until(async () => {
    last = await node.pod(name)
    return last?.status !== undefined && isMet(last)
  }).catch((error: unknown) => assert.fail(`${error}: ${JSON.stringify(last?.status)} ${node.events.slice(-5).join('; ')}`))
  return last!
}

async function remove(name: string): Promise<void> {
  await node.client.delete(Pod, name, { namespace: 'default', gracePeriodSeconds: 1 })
  await until(async () => (await node.pod(name)) === undefined)
}

async function until(isMet: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 30_000
  while (!(await isMet())) {
    if (Date.now() > giveUpAt) throw new Error('it did not come to be')
    await delay(50)
  }
}
