import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { GiB, type MadePod, MiB, testPods } from '../eviction/testing.ts'
import type { VolumeUsage } from '../interfaces.ts'
import type { FileSystemStats, GroupStats, StatsHost } from './stats-host.ts'
import { createStatsProvider, type StatsOptions } from './stats-provider.ts'

const disk = (id: string, availableBytes: number): FileSystemStats => ({
  id,
  device: `/dev/${id}`,
  capacityBytes: 100 * GiB,
  availableBytes,
  inodes: 1000,
  inodesFree: 900,
})

interface World {
  pods?: readonly MadePod[]
  /** Bytes, by group. */
  limits?: Readonly<Record<string, number>>
  imagesOn?: string
  layersOn?: string
  volumes?: readonly VolumeUsage[]
  /** The group below each scope that its processes stand in; absent: they stand in the scope itself. */
  inner?: string
}

/** A machine whose every group uses one processor all the time. */
function world(t: TestContext, { pods = [], limits = {}, imagesOn = 'root', layersOn, volumes = [], inner }: World) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const machine = createSimulatedProcess('machine', clock)
  const groups: Record<string, number> = { '/': 2 * GiB, '/kubepods': GiB }
  for (const { name } of pods) {
    groups[`/kubepods/poduid-${name}`] = 30 * MiB
    groups[`/kubepods/poduid-${name}/cri-containerd-id-${name}.scope`] = 20 * MiB
    groups[`/kubepods/poduid-${name}/cri-containerd-sandbox-${name}.scope`] = MiB
    if (inner === undefined) continue
    groups[`/kubepods/poduid-${name}/cri-containerd-id-${name}.scope/${inner}`] = 19 * MiB
    groups[`/kubepods/poduid-${name}/cri-containerd-sandbox-${name}.scope/${inner}`] = MiB
  }
  const asked: string[] = []
  const state = { isRuntimeThere: true }
  const groupOf = (path: string): GroupStats | undefined => {
    const bytes = groups[path]
    if (bytes === undefined) return undefined
    return {
      at: machine.clock.now(),
      createdAt: 1000,
      processIds: path.endsWith(inner === undefined ? '.scope' : `.scope/${inner}`) ? [7, 8] : [],
      cpu: { usageNanoSeconds: clock.monotonicMs() * 1e6 },
      memory: {
        usageBytes: bytes + MiB,
        workingSetBytes: bytes,
        rssBytes: bytes,
        cacheBytes: MiB,
        mappedFileBytes: 0,
        activeFileBytes: 0,
        inactiveFileBytes: MiB,
        kernelBytes: 0,
        swapBytes: 0,
        pageFaults: 1,
        majorPageFaults: 0,
        ...(limits[path] !== undefined && { limitBytes: limits[path] }),
      },
    }
  }
  const host: StatsHost = {
    async group(path, detail) {
      asked.push(`${detail} ${path}`)
      return groupOf(path)
    },
    children: async (path) =>
      Object.keys(groups)
        .filter((one) => one.startsWith(`${path}/`))
        .map((one) => one.slice(path.length + 1))
        .filter((one) => !one.includes('/')),
    async fileSystem(path) {
      if (path.startsWith('/images')) return disk(imagesOn, 20 * GiB)
      return path.startsWith('/layers') ? disk(layersOn!, 30 * GiB) : disk('root', 50 * GiB)
    },
    async usage(path, of) {
      asked.push(`walk ${path} ${of}`)
      return { usedBytes: 1000, inodesUsed: 3 }
    },
    async interfaces(process) {
      asked.push(`network ${process ?? 'machine'}`)
      const received = { receiveBytes: 5, receivePackets: 1, receiveErrors: 0, receiveDropped: 0 }
      return [{ name: 'eth0', ...received, transmitBytes: 6, transmitPackets: 1, transmitErrors: 0, transmitDropped: 0 }]
    },
    processes: async (ids) => ({ fileDescriptors: ids.length * 3, sockets: 1 }),
    machine: async () => ({
      bootedAt: 0,
      memoryBytes: 8 * GiB,
      swapBytes: 0,
      cpuCount: 4,
      physicalCores: 2,
      sockets: 1,
      machineId: 'm',
      systemUuid: 's',
      bootId: 'b',
    }),
    tasks: async () => ({ limit: 1000, count: 100 }),
  }
  const answer = <T>(value: T): T => {
    if (!state.isRuntimeThere) throw new WherryError('ServiceUnavailable', 'no runtime')
    return value
  }
  const unused = { labels: {}, timestamp: 0, cpuUsageCoreNanoSeconds: 0, memoryWorkingSetBytes: 0, memoryUsageBytes: 0 }
  const runtime: StatsOptions['runtime'] = {
    containerStats: async () =>
      answer(
        pods.map(({ name }) => ({
          ...unused,
          id: `id-${name}`,
          writableLayerUsedBytes: 500,
          writableLayer: { mountpoint: '/images', usedBytes: 500, inodesUsed: 2 },
        })),
      ),
    imageFsUsage: async () => answer([{ mountpoint: '/images', usedBytes: 7 * GiB, inodesUsed: 70 }]),
    containerFsUsage: async () => answer(layersOn === undefined ? [] : [{ mountpoint: '/layers', usedBytes: GiB, inodesUsed: 5 }]),
  }
  const lookup = testPods(pods)
  const provider = createStatsProvider({
    nodeName: 'node',
    host,
    runtime,
    pods: lookup,
    volumes: { usage: async () => volumes },
    rootDirectory: '/root',
    podLogsDirectory: '/logs',
    groups: { pods: '/kubepods', ofPod: (pod) => `/kubepods/pod${pod.metadata.uid}` },
    clock: machine.clock,
    log: silentLog,
  })
  /** Time has to pass for the first rates. */
  const summary = async (part: 'all' | 'core' = 'all') => {
    const made = provider.summary(part)
    await clock.advance(1_000)
    return made
  }
  t.after(() => assert.equal(clock.pending, 0, 'nothing is left to be done'))
  return { provider, clock, jump: machine.jump, asked, state, pods: lookup, summary }
}

const container = (name: string) =>
  ({ name: 'main', kind: 'regular', id: `id-${name}`, attempt: 0, state: 'running', logPath: `/logs/${name}/main/0.log` }) as const
const one: MadePod = { name: 'one', containers: [container('one')] }

test('the whole summary of a pod', async (t) => {
  const stats = { capacityBytes: 10, availableBytes: 4, usedBytes: 6, inodes: 5, inodesFree: 3, inodesUsed: 2 }
  const volumes: VolumeUsage[] = [
    { name: 'data', path: '/root/pods/uid-one/volumes/kubernetes.io~empty-dir/data' },
    { name: 'host', path: '/' },
    {
      name: 'claim',
      path: '/root/claim',
      claim: { namespace: 'default', name: 'mine' },
      stats: { ...stats, condition: { abnormal: true, message: 'x' } },
    },
  ]
  const spec = { volumes: [{ name: 'data', emptyDir: {} }], containers: [{ name: 'main' }] }
  const { summary, asked } = world(t, { pods: [{ ...one, spec }], volumes })
  const { node, pods } = await summary()
  const [pod] = pods
  assert.equal(pod?.containers[0]?.name, 'main')
  assert.deepEqual([pod?.memory?.workingSetBytes, pod?.containers[0]?.memory?.workingSetBytes], [30 * MiB, 20 * MiB])
  assert.equal(pod?.cpu?.usageNanoCores, 1e9, 'one whole processor')
  assert.deepEqual(pod?.process_stats, { process_count: 4 })
  assert.deepEqual([pod?.containers[0]?.logs?.usedBytes, pod?.containers[0]?.rootfs?.usedBytes], [1000, 500])
  assert.deepEqual(
    pod?.volume?.map(({ name, usedBytes, pvcRef, volumeHealthStats }) => [name, usedBytes, pvcRef?.name, volumeHealthStats?.abnormal]),
    [
      ['data', 1000, undefined, undefined],
      ['claim', 6, 'mine', true],
    ],
  )
  assert.equal(pod?.['ephemeral-storage']?.usedBytes, 500 + 1000 + 1000 + 1000, 'layer, log, emptyDir and hosts file, but no claim')
  assert.ok(!asked.includes('walk / tree'), 'a folder of the host is never walked through')
  assert.equal(pod?.network?.rxBytes, 5)
  assert.deepEqual([node.memory?.availableBytes, node.systemContainers?.map(({ name }) => name)], [6 * GiB, ['pods']])
  assert.deepEqual([node.fs?.usedBytes, node.rlimit?.curproc], [50 * GiB, 100])
  assert.deepEqual(node.runtime?.imageFs, {
    time: '2026-01-01T00:00:00Z',
    availableBytes: 20 * GiB,
    capacityBytes: 100 * GiB,
    inodesFree: 900,
    inodes: 1000,
    usedBytes: 7 * GiB,
    inodesUsed: 70,
  })
})

test('processes and limits are found where crun puts them below a scope of systemd', async (t) => {
  const scope = '/kubepods/poduid-one/cri-containerd-id-one.scope'
  const { summary, asked } = world(t, { pods: [one], inner: 'container', limits: { [`${scope}/container`]: 64 * MiB } })
  const [pod] = (await summary()).pods
  assert.deepEqual([pod?.process_stats, pod?.network?.rxBytes], [{ process_count: 4 }, 5])
  assert.equal(pod?.containers[0]?.memory?.availableBytes, 45 * MiB)
  assert.ok(asked.includes('network 7'), 'the network is the pod’s, seen by one of its processes')
})

test('a group of its own that a container made is not taken for the container', async (t) => {
  const { summary } = world(t, { pods: [one], inner: 'init.scope' })
  assert.equal((await summary()).pods[0]?.containers[0]?.memory?.workingSetBytes, 20 * MiB)
})

test('the short form measures no disk and no network', async (t) => {
  const { summary, asked } = world(t, { pods: [one] })
  const { pods } = await summary('core')
  assert.deepEqual(Object.keys(pods[0]!).toSorted(), ['containers', 'cpu', 'memory', 'podRef', 'process_stats', 'startTime', 'swap'])
  assert.deepEqual(
    asked.filter((what) => !what.startsWith('core ')),
    [],
  )
})

test('a pod on the node’s network has none of its own', async (t) => {
  const spec = { hostNetwork: true, containers: [{ name: 'main' }] }
  const { summary, asked } = world(t, { pods: [{ ...one, spec }] })
  assert.equal((await summary()).pods[0]?.network, undefined)
  assert.deepEqual(
    asked.filter((what) => what.startsWith('network')),
    ['network machine'],
  )
})

test('a flood of questions is one measurement, and files are walked through once a minute', async (t) => {
  const { provider, clock, asked } = world(t, { pods: [one] })
  const all = Array.from({ length: 50 }, () => provider.summary('all'))
  await clock.advance(1_000)
  await Promise.all(all)
  const walks = () => asked.filter((what) => what.startsWith('walk')).length
  assert.equal(walks(), 2)
  await provider.summary('all')
  assert.equal(walks(), 2)
  await clock.advance(60_000)
  await provider.summary('all')
  assert.equal(walks(), 4)
})

test('figures go on where the clock is set back', async (t) => {
  const { summary, clock, jump, asked } = world(t, { pods: [one] })
  const rate = async () => (await summary()).pods[0]?.cpu?.usageNanoCores
  const walks = () => asked.filter((what) => what.startsWith('walk')).length
  assert.equal(await rate(), 1e9)
  const before = walks()
  jump(-3_600_000)
  await clock.advance(60_000)
  asked.length = 0
  assert.equal(await rate(), 1e9)
  assert.ok(asked.filter((what) => what === 'core /').length > 0, 'counted anew, not the rate of before')
  assert.equal(walks(), before, 'files are walked through anew as well')
})

test('without the runtime everything but layers and images is told', async (t) => {
  const { summary, state } = world(t, { pods: [one] })
  state.isRuntimeThere = false
  const { node, pods } = await summary()
  assert.deepEqual([node.runtime, pods[0]?.containers[0]?.rootfs], [undefined, undefined])
  assert.ok(pods[0]!.memory!.workingSetBytes! > 0)
})

test('a pod whose group went shows without figures', async (t) => {
  const { provider, pods } = world(t, { pods: [one] })
  pods.put({ name: 'ghost', containers: [container('ghost')] })
  const { pods: shown } = await provider.summary('core')
  assert.deepEqual(
    shown.map(({ podRef, memory, containers }) => [podRef.name, memory !== undefined, containers.length]),
    [
      ['one', true, 1],
      ['ghost', false, 0],
    ],
  )
})

// --- for eviction ---------------------------------------------------------------------------------------------------------------------

test('what is left of the node, by signal', async (t) => {
  const { observations, disks } = await world(t, { limits: { '/kubepods': 4 * GiB } }).provider.figures.observe()
  assert.deepEqual(observations, {
    'memory.available': { capacity: 8 * GiB, available: 6 * GiB },
    'allocatableMemory.available': { capacity: 4 * GiB, available: 3 * GiB },
    'nodefs.available': { capacity: 100 * GiB, available: 50 * GiB },
    'nodefs.inodesFree': { capacity: 1000, available: 900 },
    'imagefs.available': { capacity: 100 * GiB, available: 20 * GiB },
    'imagefs.inodesFree': { capacity: 1000, available: 900 },
    'containerfs.available': { capacity: 100 * GiB, available: 20 * GiB },
    'containerfs.inodesFree': { capacity: 1000, available: 900 },
    'pid.available': { capacity: 1000, available: 900 },
  })
  assert.deepEqual(disks, { hasImageFs: false, isSplit: false })
})

disksOf('images beside the node’s files', {}, { hasImageFs: false, isSplit: false })
disksOf('images on a disk of their own', { imagesOn: 'images' }, { hasImageFs: true, isSplit: false })
disksOf('layers with the node’s files', { imagesOn: 'images', layersOn: 'root' }, { hasImageFs: true, isSplit: true })
disksOf('layers with the images', { imagesOn: 'images', layersOn: 'images' }, { hasImageFs: true, isSplit: false })

function disksOf(title: string, where: World, expected: object): void {
  test(`disks: ${title}`, async (t) => assert.deepEqual((await world(t, where).provider.figures.observe()).disks, expected))
}

test('pods without a bound of their own have no allocatable memory to run out of', async (t) => {
  const { observations } = await world(t, {}).provider.figures.observe()
  assert.equal(observations['allocatableMemory.available'], undefined)
})

test('a runtime that does not answer takes only its own disk away', async (t) => {
  const { provider, state } = world(t, {})
  state.isRuntimeThere = false
  const { observations } = await provider.figures.observe()
  assert.deepEqual([observations['imagefs.available'], observations['containerfs.available']], [undefined, undefined])
  assert.ok(observations['nodefs.available'] !== undefined)
  state.isRuntimeThere = true
  assert.ok((await provider.figures.observe()).observations['imagefs.available'] !== undefined, 'and it is asked again')
})

test('to be judged, pods are measured anew, and only those', async (t) => {
  const { provider, summary, asked } = world(t, { pods: [one, { name: 'two', containers: [container('two')] }] })
  await summary()
  asked.length = 0
  const found = await provider.figures.pods(new Set(['uid-two']))
  assert.deepEqual(
    found.map(({ podRef }) => podRef.name),
    ['two'],
  )
  assert.ok(asked.includes('walk /logs/two/main content'))
  assert.ok(!asked.some((what) => what.includes('one')))
})
