import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pod } from '#api/core/v1/pod.ts'
import { cgroupHost } from '#host/cgroups.ts'
import { systemClock } from '#host/clock.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { startTestContainerd, type TestContainerd } from '#host/cri/test-containerd.ts'
import { logFiles, nodeFiles } from '#host/files.ts'
import { networkProbe } from '#host/network-probe.ts'
import { statsHost } from '#host/stats/stats-host.ts'
import { silentLog } from '#lib/log.ts'
import { createCgroupManager } from '../cgroups/cgroup-manager.ts'
import { cgroupPath, podCgroup } from '../cgroups/cgroup-names.ts'
import { createContainerClearing } from '../clearing/container-clearing.ts'
import { createLogManager } from '../container-log/log-manager.ts'
import type { VolumeManager } from '../interfaces.ts'
import type { Kubelet } from '../kubelet.ts'
import { qosClass } from '../pod/qos.ts'
import { createStatsProvider, type StatsProvider } from '../stats/stats-provider.ts'
import { createTestNode, type TestNode } from '../test-node.ts'
import { createEvictionManager, type EvictionManager } from './eviction-manager.ts'
import { testNodeObject } from './testing.ts'

const skip = process.getuid?.() === 0 && existsSync('/usr/bin/containerd') ? false : 'needs root and containerd'
const root = `/wherry-eviction-${process.pid}`
let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
let cgroups: ReturnType<typeof createCgroupManager>
let node: TestNode
let kubelet: Kubelet
let stats: StatsProvider
let clearing: ReturnType<typeof createContainerClearing>
const managers: EvictionManager[] = []

before(async () => {
  if (skip) return
  containerd = await startTestContainerd('10.244.213.0/24')
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
  cgroups = createCgroupManager({ host: cgroupHost(), clock: systemClock, root })
  const rootDirectory = `${containerd.directory}/kubelet`
  const podLogsDirectory = `${containerd.directory}/logs`
  const logs = createLogManager({ files: logFiles, runtime, clock: systemClock, report: (error) => assert.fail(String(error)) })
  const volumes = plainVolumes(rootDirectory)
  node = await createTestNode({
    cgroups,
    logs,
    volumes,
    clock: systemClock,
    runtime,
    network: networkProbe,
    files: nodeFiles,
    config: { rootDirectory, podLogsDirectory },
  })
  kubelet = await node.startKubelet()
  await nodeFiles.makeDirectory(rootDirectory, 0o755)
  await nodeFiles.makeDirectory(podLogsDirectory, 0o755)
  stats = createStatsProvider({
    nodeName: 'node',
    host: statsHost(systemClock),
    runtime,
    pods: kubelet.pods,
    volumes,
    rootDirectory,
    podLogsDirectory,
    groups: {
      pods: cgroupPath(['kubepods'], 'cgroupfs', root),
      ofPod: (pod) => cgroupPath(podCgroup(pod.metadata.uid, qosClass(pod)), 'cgroupfs', root),
    },
    clock: systemClock,
    log: silentLog,
  })
  clearing = createContainerClearing({ runtime, pods: kubelet.pods, logs, files: nodeFiles, podLogsDirectory, log: silentLog })
})
after(async () => {
  for (const manager of managers) await manager.stop()
  await node?.close()
  runtime?.close()
  await containerd?.close()
  await cgroups?.removeTree()
})

/** With thresholds of the test's own: those of the machine that it runs on are nobody's business. */
function manager(settings: Parameters<typeof createEvictionManager>[0]['settings']): EvictionManager {
  const made = createEvictionManager({
    settings,
    figures: stats.figures,
    pods: kubelet.pods,
    reclaim: { containers: clearing.removeEnded, images: async () => {} },
    events: { record: ({ reason, message }) => void node.events.push(`${reason} ${message}`) },
    node: testNodeObject,
    clock: systemClock,
    log: silentLog,
  })
  managers.push(made)
  return made
}

const shell = (script: string, more: object = {}) => ({
  containers: [{ name: 'main', image: 'busybox:1', command: ['sh', '-c', script], ...more }],
  terminationGracePeriodSeconds: 30,
})

test('a pod that writes more than its emptyDir may hold is evicted, and another is left alone', { skip }, async () => {
  const data = { volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Mi' } }] }
  const mount = { volumeMounts: [{ name: 'data', mountPath: '/data' }] }
  await node.create('greedy', { ...shell('head -c 3000000 /dev/zero > /data/file; sleep 1000', mount), ...data })
  await node.create('modest', { ...shell('echo little > /data/file; sleep 1000', mount), ...data })
  await until(async () => (await running('greedy')) && (await running('modest')))
  const eviction = manager({ evictionHard: {} })
  await until(async () => {
    await eviction.look()
    return (await node.pod('greedy'))?.status?.phase === 'Failed'
  })
  const greedy = await node.pod('greedy')
  assert.deepEqual(
    [greedy?.status?.reason, greedy?.status?.message],
    ['Evicted', 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". '],
  )
  assert.ok(node.events.includes('Evicted Usage of EmptyDir volume "data" exceeds the limit "1Mi". '))
  assert.ok(await running('modest'))
  assert.deepEqual(
    eviction.nodeSource.read().conditions?.filter(({ status }) => status === 'True'),
    [],
  )
})

test('a log that outgrows the container’s share of the disk ends its pod', { skip }, async () => {
  const resources = { resources: { limits: { 'ephemeral-storage': '500Ki' } } }
  await node.create('chatty', shell('yes nobody reads this | head -c 1000000; sleep 1000', resources))
  await until(() => running('chatty'))
  await delay(500)
  const eviction = manager({ evictionHard: {} })
  await until(async () => {
    await eviction.look()
    return (await node.pod('chatty'))?.status?.phase === 'Failed'
  })
  assert.match((await node.pod('chatty'))?.status?.message ?? '', /exceeds the total limit of containers 500Ki\. $/)
})

/** Holds some fifty million letters in a variable of the shell. */
const hog = "x=$(yes | head -c 50000000 | tr -d '\\n'); sleep 1000; echo $x"

test('memory runs short: the pod that uses most beyond its request goes, and says so in its condition', { skip }, async () => {
  await node.create('heavy', shell(hog))
  await node.create('asked', shell(hog, { resources: { requests: { memory: '1Gi' } } }))
  await until(async () => (await running('heavy')) && (await running('asked')))
  const of = async (name: string) => (await memoryOf(name)) > 20_000_000
  await until(async () => (await of('heavy')) && (await of('asked')))
  const { observations } = await stats.figures.observe()
  // A threshold above what is left now, and below what is left once the pod has gone.
  const wanted = observations['memory.available']!.available + 1_000_000
  const eviction = manager({ evictionHard: { 'memory.available': String(wanted) }, enforceNodeAllocatable: [] })
  await eviction.look()
  await eviction.stop()
  await until(async () => (await node.pod('heavy'))?.status?.phase === 'Failed')
  const heavy = await node.pod('heavy')
  assert.match(
    heavy?.status?.message ?? '',
    /^The node was low on resource: memory\. Threshold quantity: \d+\w*, available: \d+\w*\. Container main was using /,
  )
  const condition = heavy?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
  assert.deepEqual([condition?.status, condition?.reason], ['True', 'TerminationByKubelet'])
  assert.ok(await running('asked'))
})

test('what is left of ended pods goes when the disk runs short; what they said stays in their status', { skip }, async () => {
  await node.create('done', { ...shell('echo bye'), restartPolicy: 'Never' })
  await until(async () => (await node.pod('done'))?.status?.phase === 'Succeeded')
  const uid = (await node.pod('done'))!.metadata.uid
  await until(async () => kubelet.pods.byUid(uid)?.sandboxId === undefined)
  assert.equal((await runtime.containers({ podUid: uid })).length, 1)
  await clearing.removeEnded()
  assert.deepEqual([await runtime.containers({ podUid: uid }), await runtime.sandboxes({ podUid: uid })], [[], []])
  await delay(200)
  const { phase, containerStatuses } = (await node.pod('done'))!.status!
  assert.deepEqual([phase, containerStatuses?.[0]?.state.terminated?.reason], ['Succeeded', 'Completed'])
})

async function running(name: string): Promise<boolean> {
  const pod: Pod | undefined = await node.pod(name)
  return pod?.status?.containerStatuses?.[0]?.state.running !== undefined
}

async function memoryOf(name: string): Promise<number> {
  const { pods } = await stats.summary('core')
  return pods.find(({ podRef }) => podRef.name === name)?.memory?.workingSetBytes ?? 0
}

/** Folders on the disk and nothing else: what eviction needs of volumes. */
function plainVolumes(rootDirectory: string): VolumeManager {
  const pods = new Map<string, readonly string[]>()
  const pathOf = (uid: string, name: string) => `${rootDirectory}/pods/${uid}/volumes/kubernetes.io~empty-dir/${name}`
  return {
    async prepare(pod) {
      const { uid } = pod.metadata
      const names = (pod.spec.volumes ?? []).map(({ name }) => name)
      for (const name of names) await nodeFiles.makeDirectory(pathOf(uid, name), 0o777)
      pods.set(uid, names)
      return new Map(names.map((name) => [name, { hostPath: pathOf(uid, name), readOnly: false }]))
    },
    refresh() {},
    async teardown(uid) {
      await nodeFiles.remove(`${rootDirectory}/pods/${uid}/volumes`)
      pods.delete(uid)
    },
    known: async () => [...pods.keys()],
    subPath: async () => assert.fail('no subPath'),
    usage: async (uid) => (pods.get(uid) ?? []).map((name) => ({ name, path: pathOf(uid, name) })),
    close: async () => {},
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await holds()) return
    await delay(50)
  }
  assert.fail('it did not come to pass')
}
