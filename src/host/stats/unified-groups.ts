import type { GroupCpu, GroupIo, GroupMemory, GroupStats } from '#kubelet/stats/stats-host.ts'
import { kernelFile, kernelNumber, kernelTable } from './kernel-files.ts'
import { readDiskNames } from './machine-stats.ts'
import { pressureOf } from './pressure.ts'
import { defined, madeAt, processIdsOf } from './split-groups.ts'

/** Counters of cgroup version 2 (kernel documentation, cgroup-v2): one tree, and for the machine as a whole what proc says. */
export function readUnifiedGroup(mountPoint: string, path: string, detail: 'core' | 'full', now: number): GroupStats | undefined {
  const directory = path === '/' ? mountPoint : `${mountPoint}${path}`
  const made = madeAt(directory)
  if (made === undefined) return undefined
  const memory = memoryOf(directory, path === '/', detail)
  const cpu = cpuOf(directory, detail)
  return {
    at: now,
    createdAt: made,
    processIds: processIdsOf(`${directory}/cgroup.procs`),
    ...(cpu && { cpu }),
    ...(memory && { memory }),
    ...(detail === 'full' && {
      io: ioOf(directory),
      ...defined({ threads: kernelNumber(`${directory}/pids.current`), threadsMax: kernelNumber(`${directory}/pids.max`) }),
      pressure: path === '/' ? pressureOf((name) => `/proc/pressure/${name}`) : pressureOf((name) => `${directory}/${name}.pressure`),
    }),
  }
}

function cpuOf(directory: string, detail: 'core' | 'full'): GroupCpu | undefined {
  const stat = kernelTable(`${directory}/cpu.stat`)
  const usage = stat.get('usage_usec')
  if (usage === undefined) return undefined
  if (detail === 'core') return { usageNanoSeconds: usage * 1000 }
  const [quota, period] = (kernelFile(`${directory}/cpu.max`) ?? '').trim().split(' ')
  const weight = kernelNumber(`${directory}/cpu.weight`)
  const nano = (name: string) => {
    const value = stat.get(name)
    return value === undefined ? undefined : value * 1000
  }
  return {
    usageNanoSeconds: usage * 1000,
    ...defined({
      userNanoSeconds: nano('user_usec'),
      systemNanoSeconds: nano('system_usec'),
      // Dashboards know the weights of version 1: 2 … 262144 for 1 … 10000 (KEP-2254).
      shares: weight === undefined ? undefined : Math.floor(2 + ((weight - 1) * 262_142) / 9999),
      periodMicroseconds: period === undefined ? undefined : Number(period),
      quotaMicroseconds: quota === undefined || quota === 'max' || quota === '' ? undefined : Number(quota),
      periods: stat.get('nr_periods'),
      throttledPeriods: stat.get('nr_throttled'),
      throttledNanoSeconds: nano('throttled_usec'),
      burstPeriods: stat.get('nr_bursts'),
      burstNanoSeconds: nano('burst_usec'),
    }),
  }
}

function memoryOf(directory: string, isMachine: boolean, detail: 'core' | 'full'): GroupMemory | undefined {
  const stat = kernelTable(`${directory}/memory.stat`)
  // The root group counts nothing itself: what is not free is used.
  const usage = isMachine ? machineUsage() : kernelNumber(`${directory}/memory.current`)
  if (usage === undefined) return undefined
  const of = (name: string) => stat.get(name) ?? 0
  const inactiveFile = of('inactive_file')
  return {
    usageBytes: usage,
    workingSetBytes: Math.max(0, usage - inactiveFile),
    rssBytes: of('anon'),
    cacheBytes: of('file'),
    mappedFileBytes: of('file_mapped'),
    activeFileBytes: of('active_file'),
    inactiveFileBytes: inactiveFile,
    kernelBytes: of('kernel'),
    swapBytes: kernelNumber(`${directory}/memory.swap.current`) ?? 0,
    pageFaults: of('pgfault'),
    majorPageFaults: of('pgmajfault'),
    ...defined({ limitBytes: kernelNumber(`${directory}/memory.max`), swapLimitBytes: kernelNumber(`${directory}/memory.swap.max`) }),
    ...(detail === 'full' && {
      ...defined({ maxUsageBytes: kernelNumber(`${directory}/memory.peak`), reservationBytes: kernelNumber(`${directory}/memory.low`) }),
      failures: kernelTable(`${directory}/memory.events`).get('max') ?? 0,
      oomKills: kernelTable(`${directory}/memory.events`).get('oom_kill') ?? 0,
    }),
  }
}

function machineUsage(): number | undefined {
  const text = kernelFile('/proc/meminfo') ?? ''
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024
  const used = of('MemTotal') - of('MemFree')
  return Number.isNaN(used) ? undefined : used
}

function ioOf(directory: string): GroupIo[] {
  const lines = [...(kernelFile(`${directory}/io.stat`) ?? '').matchAll(/^(\d+):(\d+) (.*)$/gm)]
  if (lines.length === 0) return []
  const names = readDiskNames()
  return lines.map(([, major, minor, rest]) => {
    const of = (name: string) => Number(new RegExp(`(?:^| )${name}=(\\d+)`).exec(rest!)?.[1] ?? 0)
    return {
      device: names.get(`${major}:${minor}`) ?? '',
      major: Number(major),
      minor: Number(minor),
      readBytes: of('rbytes'),
      writeBytes: of('wbytes'),
      reads: of('rios'),
      writes: of('wios'),
    }
  })
}
