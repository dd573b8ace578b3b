import type { Pod } from '#api/core/v1/pod.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { EvictionFigures } from '../eviction/eviction-manager.ts'
import type { PodLookup, PodRecord, VolumeManager } from '../interfaces.ts'
import type { Runtime } from '../runtime.ts'
import type { NamedGroup } from './cadvisor-metrics.ts'
import { fsStats, networkStats, present } from './convert.ts'
import { createCpuRates } from './cpu-rates.ts'
import { createEvictionFigures } from './eviction-figures.ts'
import { createFileSystems } from './file-systems.ts'
import { namedGroups } from './named-groups.ts'
import { type Layers, measurePodDisks, type PodDisks } from './pod-disks.ts'
import { type PodGroups, processOf, readPodGroups } from './pod-groups.ts'
import { podStats, usage, used } from './pod-stats.ts'
import type { ResourceFigures } from './resource-metrics.ts'
import type { FileSystemStats, MachineStats, StatsHost } from './stats-host.ts'
import type { ContainerStats, NodeStats, PodStats, Summary } from './summary.ts'

export interface StatsOptions {
  readonly nodeName: string
  readonly host: StatsHost
  readonly runtime: Pick<Runtime, 'containerStats' | 'imageFsUsage' | 'containerFsUsage'>
  readonly pods: PodLookup
  readonly volumes: Pick<VolumeManager, 'usage'>
  readonly rootDirectory: string
  readonly podLogsDirectory: string
  readonly groups: {
    /** Above all pods: `/kubepods`. */
    readonly pods: string
    ofPod(pod: Pod): string
    /** Groups that the node's own processes are in, where they have one. */
    readonly kubelet?: string
    readonly runtime?: string
    readonly misc?: string
  }
  /** For how long what was measured of a pod's files is shown, KubeletConfiguration.volumeStatsAggPeriod; by default a minute. */
  readonly keepDisksMs?: number
  readonly clock: Clock
  readonly log: Log
}

/** What node and pods use. Everything is measured when somebody asks; those who ask at the same time share one measurement. */
export interface StatsProvider {
  /** `/stats/summary`; `core` is its form with processors and memory alone. */
  summary(part: 'all' | 'core'): Promise<Summary>
  /** The pods of the summary, for who does not need rates. */
  pods(): Promise<readonly PodStats[]>
  /** `/metrics/resource`. */
  resources(): Promise<ResourceFigures>
  /** `/metrics/cadvisor`: every group that dashboards look at, with all counters. */
  groups(): Promise<readonly NamedGroup[]>
  readonly figures: EvictionFigures
  machine(): Promise<MachineStats>
  /** The file system that holds the images; undefined while the runtime does not tell where they are. */
  imageSpace(): Promise<FileSystemStats | undefined>
}

export function createStatsProvider(options: StatsOptions): StatsProvider {
  const { host, runtime, pods, clock, groups, keepDisksMs = KEEP_DISKS_MS } = options
  const log = options.log.with({ part: 'stats' })
  const rates = createCpuRates()
  const fileSystems = createFileSystems({ ...options, log })
  const measurements = new Map<string, Measured>()
  const running = new Map<string, Promise<unknown>>()
  let machineRead: Promise<MachineStats> | undefined
  const machine = () =>
    (machineRead ??= host.machine().catch((error: unknown) => {
      // What could not be read may be there the next time.
      machineRead = undefined
      throw error
    }))

  /** Pods of which something runs, or has run in a sandbox that still stands. */
  const standing = () => pods.list().filter(({ sandboxId }) => sandboxId !== undefined)

  const readAll = async (detail: 'core' | 'full') => {
    const found: PodGroups[] = []
    for (const record of standing()) found.push(await readPodGroups(host, record, groups.ofPod(record.pod), detail))
    return found
  }

  /** Two counts a moment apart, where nobody has asked for so long that there is no earlier one to compare with. */
  async function warmRates(): Promise<void> {
    // The machine's own is counted with all others, and not by those who ask for pods alone.
    if (!rates.isStale('/', clock.now())) return
    await counts()
    await sleep(clock, FIRST_RATE_MS)
  }

  async function counts(): Promise<void> {
    for (const found of await readAll('core')) podStats(found, rates)
    await node('core')
  }

  async function node(part: 'all' | 'core'): Promise<NodeStats> {
    const facts = await machine()
    const whole = await host.group('/', part === 'all' ? 'full' : 'core')
    const own = whole && used({ path: '/', stats: whole }, rates, facts)
    const now = clock.now()
    return {
      nodeName: options.nodeName,
      systemContainers: await systemContainers(part),
      startTime: rfc3339(facts.bootedAt),
      ...own,
      ...(part === 'all' && (await nodeDisks(now))),
      ...(part === 'all' && present({ network: networkStats(now, await host.interfaces()) })),
    }
  }

  async function systemContainers(part: 'all' | 'core'): Promise<ContainerStats[]> {
    const found: ContainerStats[] = []
    for (const name of ['kubelet', 'runtime', 'misc', 'pods'] as const) {
      const path = groups[name]
      const stats = path === undefined ? undefined : await host.group(path, part === 'all' ? 'full' : 'core')
      if (stats !== undefined) found.push(usage({ path: path!, stats }, rates, name))
    }
    return found
  }

  async function nodeDisks(now: number): Promise<Partial<NodeStats>> {
    const { nodeFs, imageFs, containerFs, imageUsage, containerUsage } = await fileSystems.read()
    const { limit, count } = await host.tasks()
    const image = imageFs && fsStats(now, imageFs, imageUsage)
    return {
      ...(nodeFs && { fs: fsStats(now, nodeFs) }),
      ...(image && { runtime: { imageFs: image, containerFs: containerFs ? fsStats(now, containerFs, containerUsage) : image } }),
      rlimit: { time: rfc3339(now), maxpid: limit, curproc: count },
    }
  }

  /** A failure of the runtime leaves the layers out; everything else is still worth telling. */
  async function layersOf(records: readonly PodRecord[]): Promise<Layers> {
    try {
      // The runtime asks every container's own process: all of them only where most are wanted.
      const asked =
        records.length > FEW_PODS
          ? [runtime.containerStats()]
          : records.map(({ pod }) => runtime.containerStats({ podUid: pod.metadata.uid }))
      return new Map((await Promise.all(asked)).flat().map((one) => [one.id, one]))
    } catch (error) {
      log.warn('the runtime does not tell what containers use', { error })
      return new Map()
    }
  }

  /** Walking through a pod's files is dear: what was measured a minute ago is good enough to show. */
  const known = ({ pod }: PodRecord): PodDisks | undefined => {
    const found = measurements.get(pod.metadata.uid)
    return found !== undefined && clock.monotonicMs() - found.atMs < keepDisksMs ? found.disks : undefined
  }

  async function disksOf(record: PodRecord, layers: Layers): Promise<PodDisks | undefined> {
    try {
      const disks = await measurePodDisks(options, record, layers)
      measurements.set(record.pod.metadata.uid, { atMs: clock.monotonicMs(), disks })
      return disks
    } catch (error) {
      log.warn('what a pod has on disk could not be measured', { pod: record.pod.metadata.name, error })
      return undefined
    }
  }

  async function measure(records: readonly PodRecord[], isFresh: boolean): Promise<PodStats[]> {
    const wanted = new Set(records.filter((record) => isFresh || known(record) === undefined))
    const layers = await layersOf([...wanted])
    const found: PodStats[] = []
    for (const record of records) {
      const read = await readPodGroups(host, record, groups.ofPod(record.pod), 'full')
      const disks = wanted.has(record) ? await disksOf(record, layers) : known(record)
      const process = record.pod.spec.hostNetwork === true ? undefined : processOf(read)
      found.push(podStats(read, rates, disks, process === undefined ? undefined : await host.interfaces(process)))
    }
    return found
  }

  function forgetGone(): void {
    rates.forgetBefore(clock.now() - FORGET_MS)
    for (const uid of measurements.keys()) if (pods.byUid(uid) === undefined) measurements.delete(uid)
  }

  return {
    summary: (part) =>
      shared(part, async () => {
        forgetGone()
        if (part === 'core') return { node: await node(part), pods: (await readAll(part)).map((one) => podStats(one, rates)) }
        await warmRates()
        return { node: await node(part), pods: await measure(standing(), false) }
      }),
    pods: () => shared('pods', () => measure(standing(), false)),
    resources: () => shared('resources', async () => ({ node: await host.group('/', 'core'), pods: await readAll('core') })),
    groups: () =>
      shared('groups', async () => {
        const { nodeFs, imageFs, containerFs } = await fileSystems.space()
        const all = [nodeFs, imageFs, containerFs].filter((one) => one !== undefined)
        const unique = [...new Map(all.map((one) => [one.id, one])).values()]
        return namedGroups({ host, podsGroup: groups.pods, pods: await readAll('full'), fileSystems: unique })
      }),
    figures: createEvictionFigures({
      host,
      fileSystems,
      podsGroup: groups.pods,
      machine,
      measure: (uids) =>
        measure(
          standing().filter(({ pod }) => uids.has(pod.metadata.uid)),
          true,
        ),
    }),
    machine,
    imageSpace: async () => (await fileSystems.space()).imageFs,
  }

  /** Those who come while a measurement is under way wait for that one: a flood of questions costs what one does. */
  function shared<T>(key: string, measureOnce: () => Promise<T>): Promise<T> {
    const known = running.get(key) as Promise<T> | undefined
    if (known !== undefined) return known
    const made = measureOnce().finally(() => running.delete(key))
    running.set(key, made)
    return made
  }
}

interface Measured {
  readonly atMs: number
  readonly disks: PodDisks
}

const FIRST_RATE_MS = 250
/** KubeletConfiguration.volumeStatsAggPeriod's default. */
const KEEP_DISKS_MS = 60_000
const FEW_PODS = 5
const FORGET_MS = 10 * 60_000
