import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { FileSystemStats, GroupMemory, GroupStats, InterfaceCounters, Pressure } from './stats-host.ts'
import type { CpuStats, FsStats, IoStats, MemoryStats, NetworkStats, PsiData, PsiStats, SwapStats } from './summary.ts'

/** Counters of the kernel in the words of the Summary API. */

export function cpuStats({ at, cpu, pressure }: GroupStats, usageNanoCores: number | undefined): CpuStats | undefined {
  if (cpu === undefined) return undefined
  return {
    time: rfc3339(at),
    ...(usageNanoCores !== undefined && { usageNanoCores }),
    usageCoreNanoSeconds: cpu.usageNanoSeconds,
    ...psi(pressure?.cpu),
  }
}

/** `machineBytes`: of the group that is the whole machine, which has no limit but its memory. */
export function memoryStats({ at, memory, pressure }: GroupStats, machineBytes?: number): MemoryStats | undefined {
  if (memory === undefined) return undefined
  const limit = machineBytes ?? memory.limitBytes
  return {
    time: rfc3339(at),
    ...(limit !== undefined && { availableBytes: Math.max(0, limit - memory.workingSetBytes) }),
    usageBytes: memory.usageBytes,
    workingSetBytes: memory.workingSetBytes,
    rssBytes: memory.rssBytes,
    pageFaults: memory.pageFaults,
    majorPageFaults: memory.majorPageFaults,
    ...psi(pressure?.memory),
  }
}

export function swapStats(at: Instant, memory: GroupMemory | undefined, machineBytes?: number): SwapStats | undefined {
  if (memory === undefined) return undefined
  const limit = machineBytes ?? memory.swapLimitBytes
  return {
    time: rfc3339(at),
    ...(limit !== undefined && { swapAvailableBytes: Math.max(0, limit - memory.swapBytes) }),
    swapUsageBytes: memory.swapBytes,
  }
}

export const ioStats = ({ at, pressure }: GroupStats): IoStats | undefined =>
  pressure?.io === undefined ? undefined : { time: rfc3339(at), ...psi(pressure.io) }

/** `eth0` stands for the whole where there is one: programs look no further. */
export function networkStats(at: Instant, counters: readonly InterfaceCounters[]): NetworkStats | undefined {
  if (counters.length === 0) return undefined
  const interfaces = counters.map((one) => ({
    name: one.name,
    rxBytes: one.receiveBytes,
    rxErrors: one.receiveErrors,
    txBytes: one.transmitBytes,
    txErrors: one.transmitErrors,
  }))
  return { time: rfc3339(at), ...interfaces.find(({ name }) => name === 'eth0'), interfaces }
}

/** A file system, with what somebody uses of it; without that, what all use. */
export function fsStats(
  at: Instant,
  fs: FileSystemStats | undefined,
  used?: { readonly usedBytes?: number | undefined; readonly inodesUsed?: number | undefined },
): FsStats {
  const whole = fs && {
    availableBytes: fs.availableBytes,
    capacityBytes: fs.capacityBytes,
    inodesFree: fs.inodesFree,
    inodes: fs.inodes,
  }
  const all = fs && { usedBytes: fs.capacityBytes - fs.availableBytes, inodesUsed: fs.inodes - fs.inodesFree }
  const { usedBytes, inodesUsed } = used ?? all ?? {}
  return { time: rfc3339(at), ...whole, ...present({ usedBytes, inodesUsed }) }
}

function psi(pressure: Pressure | undefined): { readonly psi?: PsiStats } {
  if (pressure === undefined) return {}
  const data = ({ totalMicroseconds, avg10, avg60, avg300 }: Pressure['some']): PsiData => ({
    total: totalMicroseconds * 1000,
    avg10,
    avg60,
    avg300,
  })
  return { psi: { full: data(pressure.full), some: data(pressure.some) } }
}

/** Fields that are there. */
export const present = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
