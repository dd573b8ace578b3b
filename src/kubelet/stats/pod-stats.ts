import { rfc3339 } from '#lib/rfc3339.ts'
import { cpuStats, ioStats, memoryStats, networkStats, present, swapStats } from './convert.ts'
import type { CpuRates } from './cpu-rates.ts'
import type { PodDisks } from './pod-disks.ts'
import type { FoundGroup, PodGroups } from './pod-groups.ts'
import type { InterfaceCounters } from './stats-host.ts'
import type { ContainerStats, PodStats } from './summary.ts'

/** One pod as the summary shows it. Without `disks` and `interfaces` it tells of processors and memory alone. */
export function podStats(
  groups: PodGroups,
  rates: CpuRates,
  disks?: PodDisks | undefined,
  interfaces?: readonly InterfaceCounters[] | undefined,
): PodStats {
  const { pod } = groups.record
  const { name, namespace, uid, creationTimestamp } = pod.metadata
  const containers = groups.containers.map(({ container, ...found }) => ({
    ...usage(found, rates, container.name),
    ...present({ rootfs: disks?.rootfs.get(container.name), logs: disks?.logs.get(container.name) }),
  }))
  const own = groups.pod && used(groups.pod, rates)
  const processes = [...groups.containers, ...(groups.sandbox ? [groups.sandbox] : [])]
  return {
    podRef: { name, namespace, uid },
    startTime: groups.record.withStatus.status?.startTime ?? creationTimestamp,
    containers,
    ...own,
    ...present({ network: interfaces && networkStats(groups.pod?.stats.at ?? 0, interfaces) }),
    ...(disks && { ...(disks.volumes.length > 0 && { volume: disks.volumes }), 'ephemeral-storage': disks.ephemeral }),
    ...(groups.pod && { process_stats: { process_count: processes.reduce((sum, { stats }) => sum + stats.processIds.length, 0) } }),
  }
}

/** What a group uses, under a name. */
export const usage = (found: FoundGroup, rates: CpuRates, name: string): ContainerStats => ({
  name,
  startTime: rfc3339(found.stats.createdAt),
  ...used(found, rates),
})

/** What a group uses; `machine` for the group that is all of it. */
export function used({ path, stats }: FoundGroup, rates: CpuRates, machine?: Machine): Omit<ContainerStats, 'name' | 'startTime'> {
  const rate = stats.cpu && rates.take(path, stats.at, stats.cpu.usageNanoSeconds)
  return present({
    cpu: cpuStats(stats, rate),
    memory: memoryStats(stats, machine?.memoryBytes),
    io: ioStats(stats),
    swap: swapStats(stats.at, stats.memory, machine?.swapBytes),
  })
}

interface Machine {
  readonly memoryBytes: number
  readonly swapBytes: number
}
