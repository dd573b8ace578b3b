import { statSync } from 'node:fs'
import type { GroupCpu, GroupIo, GroupMemory, GroupStats } from '#kubelet/stats/stats-host.ts'
import { kernelFile, kernelNumber, kernelTable } from './kernel-files.ts'
import { readDiskNames } from './machine-stats.ts'
import { pressureOf } from './pressure.ts'

/** Counters of cgroup version 1: a tree for each controller below `mountPoint` (kernel documentation, cgroup-v1). */
export function readSplitGroup(mountPoint: string, path: string, detail: 'core' | 'full', now: number): GroupStats | undefined {
  const of = (controller: string) => `${mountPoint}/${controller}${path === '/' ? '' : path}`
  const made = madeAt(of('memory')) ?? madeAt(of('cpuacct')) ?? madeAt(of('cpu'))
  if (made === undefined) return undefined
  const cpu = cpuOf(of('cpuacct'), of('cpu'), detail)
  const memory = memoryOf(of('memory'), detail)
  return {
    at: now,
    createdAt: made,
    processIds: processIdsOf(`${of('memory')}/cgroup.procs`),
    ...(cpu && { cpu }),
    ...(memory && { memory }),
    ...(detail === 'full' && {
      io: ioOf(of('blkio')),
      ...pids(of('pids')),
      // In the hybrid layout the version 2 tree has no controllers, but counts pressure.
      pressure:
        path === '/' ? pressureOf((resource) => `/proc/pressure/${resource}`) : pressureOf((name) => `${of('unified')}/${name}.pressure`),
    }),
  }
}

function cpuOf(accounting: string, control: string, detail: 'core' | 'full'): GroupCpu | undefined {
  const usage = kernelNumber(`${accounting}/cpuacct.usage`)
  if (usage === undefined) return undefined
  if (detail === 'core') return { usageNanoSeconds: usage }
  const stat = kernelTable(`${control}/cpu.stat`)
  const quota = kernelNumber(`${control}/cpu.cfs_quota_us`)
  return {
    usageNanoSeconds: usage,
    ...defined({
      userNanoSeconds: kernelNumber(`${accounting}/cpuacct.usage_user`),
      systemNanoSeconds: kernelNumber(`${accounting}/cpuacct.usage_sys`),
      shares: kernelNumber(`${control}/cpu.shares`),
      periodMicroseconds: kernelNumber(`${control}/cpu.cfs_period_us`),
      quotaMicroseconds: quota !== undefined && quota > 0 ? quota : undefined,
      periods: stat.get('nr_periods'),
      throttledPeriods: stat.get('nr_throttled'),
      throttledNanoSeconds: stat.get('throttled_time'),
      burstPeriods: stat.get('nr_bursts'),
      burstNanoSeconds: stat.get('burst_time'),
    }),
  }
}

function memoryOf(directory: string, detail: 'core' | 'full'): GroupMemory | undefined {
  const usage = kernelNumber(`${directory}/memory.usage_in_bytes`)
  if (usage === undefined) return undefined
  const stat = kernelTable(`${directory}/memory.stat`)
  const total = (name: string) => stat.get(`total_${name}`) ?? stat.get(name) ?? 0
  const inactiveFile = total('inactive_file')
  const limit = kernelNumber(`${directory}/memory.limit_in_bytes`)
  const withSwap = kernelNumber(`${directory}/memory.memsw.limit_in_bytes`)
  return {
    usageBytes: usage,
    workingSetBytes: Math.max(0, usage - inactiveFile),
    rssBytes: total('rss'),
    cacheBytes: total('cache'),
    mappedFileBytes: total('mapped_file'),
    activeFileBytes: total('active_file'),
    inactiveFileBytes: inactiveFile,
    kernelBytes: detail === 'full' ? (kernelNumber(`${directory}/memory.kmem.usage_in_bytes`) ?? 0) : 0,
    swapBytes: total('swap'),
    pageFaults: total('pgfault'),
    majorPageFaults: total('pgmajfault'),
    ...defined({
      limitBytes: bounded(limit),
      swapLimitBytes: bounded(withSwap) !== undefined && bounded(limit) !== undefined ? withSwap! - limit! : undefined,
    }),
    ...(detail === 'full' &&
      defined({
        maxUsageBytes: kernelNumber(`${directory}/memory.max_usage_in_bytes`),
        reservationBytes: bounded(kernelNumber(`${directory}/memory.soft_limit_in_bytes`)),
        failures: kernelNumber(`${directory}/memory.failcnt`),
        oomKills: kernelTable(`${directory}/memory.oom_control`).get('oom_kill'),
      })),
  }
}

/** Version 1 has a number for "none": the largest multiple of a page. */
const bounded = (limit: number | undefined): number | undefined => (limit !== undefined && limit < 2 ** 62 ? limit : undefined)

function pids(directory: string) {
  return defined({ threads: kernelNumber(`${directory}/pids.current`), threadsMax: kernelNumber(`${directory}/pids.max`) })
}

function ioOf(directory: string): GroupIo[] {
  const groups = new Map<string, { readBytes: number; writeBytes: number; reads: number; writes: number }>()
  const add = (file: string, read: 'readBytes' | 'reads', write: 'writeBytes' | 'writes') => {
    for (const [, device, operation, value] of (kernelFile(`${directory}/${file}`) ?? '').matchAll(/^(\d+:\d+) (Read|Write) (\d+)$/gm)) {
      const counters = groups.get(device!) ?? { readBytes: 0, writeBytes: 0, reads: 0, writes: 0 }
      counters[operation === 'Read' ? read : write] += Number(value)
      groups.set(device!, counters)
    }
  }
  add('blkio.throttle.io_service_bytes', 'readBytes', 'writeBytes')
  add('blkio.throttle.io_serviced', 'reads', 'writes')
  if (groups.size === 0) return []
  const names = readDiskNames()
  return [...groups].map(([device, counters]) => {
    const [major = 0, minor = 0] = device.split(':').map(Number)
    return { device: names.get(device) ?? '', major, minor, ...counters }
  })
}

/** 0 stands for a process of another pid namespace: nothing can be asked about it. */
export const processIdsOf = (file: string): number[] =>
  (kernelFile(file) ?? '')
    .split('\n')
    .map(Number)
    .filter((id) => id > 0)

export function madeAt(directory: string): number | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false })
  return stat === undefined ? undefined : Math.round(Math.min(stat.birthtimeMs || stat.ctimeMs, stat.ctimeMs))
}

/** Without what is undefined. */
export function defined<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
