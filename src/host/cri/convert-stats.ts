import type { ContainerStats, FilesystemUsage, NetworkUsage, Pressure, PressureTimes, SandboxStats } from '#kubelet/runtime.ts'
import type { Of } from '#schema/schema.ts'
import { milliseconds } from './convert.ts'
import type * as cri from './stats-messages.ts'

/** CRI's statistics in our words. What a runtime leaves out stays out, so that nobody takes it for zero. */

/** What a container uses now. */
export function containerStats(from: Of<typeof cri.ContainerStats>): ContainerStats {
  const { attributes, cpu, memory, writableLayer, swap, io } = from
  return {
    id: attributes?.id ?? '',
    ...(attributes?.metadata?.name && { name: attributes.metadata.name }),
    labels: attributes?.labels ?? {},
    ...usage(cpu, memory),
    writableLayerUsedBytes: writableLayer?.usedBytes?.value ?? 0,
    ...(writableLayer && { writableLayer: filesystemUsage(writableLayer) }),
    ...given('swapUsageBytes', swap?.swapUsageBytes),
    ...given('swapAvailableBytes', swap?.swapAvailableBytes),
    ...(cpu?.psi && { cpuPressure: pressure(cpu.psi) }),
    ...(memory?.psi && { memoryPressure: pressure(memory.psi) }),
    ...(io?.psi && { ioPressure: pressure(io.psi) }),
  }
}

/** What a pod uses now. */
export function sandboxStats(from: Of<typeof cri.PodSandboxStats>): SandboxStats {
  const { attributes, linux } = from
  const { name = '', namespace = '', uid = '', attempt = 0 } = attributes?.metadata ?? {}
  const main = linux?.network?.defaultInterface
  const others = (linux?.network?.interfaces ?? []).filter((one) => one.name !== main?.name)
  return {
    id: attributes?.id ?? '',
    metadata: { name, namespace, uid, attempt },
    labels: attributes?.labels ?? {},
    ...usage(linux?.cpu, linux?.memory),
    ...given('processCount', linux?.process?.processCount),
    interfaces: (main === undefined ? others : [main, ...others]).map(networkUsage),
    containers: (linux?.containers ?? []).map(containerStats),
  }
}

/** What lies on one file system. */
export function filesystemUsage(from: Of<typeof cri.FilesystemUsage>): FilesystemUsage {
  return {
    mountpoint: from.fsId?.mountpoint ?? '',
    usedBytes: from.usedBytes?.value ?? 0,
    inodesUsed: from.inodesUsed?.value ?? 0,
    ...(from.timestamp && { timestamp: milliseconds(from.timestamp) }),
  }
}

/** The part that a container and a pod have in common. */
function usage(cpu: Of<typeof cri.CpuUsage> | undefined, memory: Of<typeof cri.MemoryUsage> | undefined) {
  return {
    timestamp: milliseconds(cpu?.timestamp),
    cpuUsageCoreNanoSeconds: Number(cpu?.usageCoreNanoSeconds?.value ?? 0),
    ...given('cpuUsageNanoCores', cpu?.usageNanoCores),
    memoryWorkingSetBytes: memory?.workingSetBytes?.value ?? 0,
    memoryUsageBytes: memory?.usageBytes?.value ?? 0,
    ...given('memoryAvailableBytes', memory?.availableBytes),
    ...given('memoryRssBytes', memory?.rssBytes),
    ...given('pageFaults', memory?.pageFaults),
    ...given('majorPageFaults', memory?.majorPageFaults),
  }
}

/** A counter that may be absent is a message of its own, and an empty message is zero. */
function given<K extends string>(name: K, counter: Of<typeof cri.UInt64Value> | undefined): { readonly [_ in K]?: number } {
  return counter === undefined ? {} : ({ [name]: Number(counter.value ?? 0) } as { readonly [_ in K]?: number })
}

const networkUsage = (from: Of<typeof cri.NetworkInterfaceUsage>): NetworkUsage => ({
  name: from.name ?? '',
  rxBytes: from.rxBytes?.value ?? 0,
  rxErrors: from.rxErrors?.value ?? 0,
  txBytes: from.txBytes?.value ?? 0,
  txErrors: from.txErrors?.value ?? 0,
})

const pressure = ({ full, some }: Of<typeof cri.PsiStats>): Pressure => ({ full: times(full), some: times(some) })

const times = (from: Of<typeof cri.PsiData> | undefined): PressureTimes => ({
  totalNanoSeconds: Number(from?.total ?? 0),
  avg10: from?.avg10 ?? 0,
  avg60: from?.avg60 ?? 0,
  avg300: from?.avg300 ?? 0,
})
