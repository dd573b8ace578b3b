import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { CgroupHost } from '#kubelet/cgroups/cgroup-manager.ts'
import { CPU_PERIOD_US, cpuWeight } from '#kubelet/resources/cpu-share.ts'
import { WherryError } from '#lib/errors.ts'
import { codeOf, orMissing } from './files.ts'

/** Whether the machine has version 2 alone. */
export const isUnified = (mountPoint = '/sys/fs/cgroup'): boolean => existsSync(`${mountPoint}/cgroup.controllers`)

/** Which layout the machine has, found by looking; nothing is ever mounted here. */
export function cgroupHost(mountPoint = '/sys/fs/cgroup'): CgroupHost {
  if (isUnified(mountPoint)) return unifiedHost(mountPoint)
  const mounted = readdirSync(mountPoint).filter((name) => existsSync(`${mountPoint}/${name}/cgroup.procs`))
  const hierarchies = mounted.filter((name) => existsSync(`${mountPoint}/${name}/cgroup.clone_children`))
  if (!hierarchies.includes('cpu') || !hierarchies.includes('memory'))
    throw new WherryError('ServiceUnavailable', `no cgroup controllers for cpu and memory at ${mountPoint}: mount cgroups there`)
  return splitHost(mountPoint, hierarchies, mounted)
}

/**
 * Version 1: a tree for each controller. `mounted` may hold a version 2 tree without controllers too (hybrid layout): runc makes its groups
 * there as well, and leaves those above the container's for us to remove.
 */
function splitHost(mountPoint: string, hierarchies: readonly string[], mounted: readonly string[]): CgroupHost {
  const every = (path: string) => mounted.map((hierarchy) => `${mountPoint}/${hierarchy}${path}`)
  const hasQuota = existsSync(`${mountPoint}/cpu/cpu.cfs_quota_us`)
  return {
    traits: {
      isUnified: false,
      hasSwap: existsSync(`${mountPoint}/memory/memory.memsw.limit_in_bytes`),
      hasHugePages: hierarchies.includes('hugetlb'),
      hasCpuQuota: hasQuota,
    },
    async make(path) {
      for (const hierarchy of hierarchies) await fs.mkdir(`${mountPoint}/${hierarchy}${path}`, { recursive: true })
      // A new group of this controller takes no process before it has processors and memory nodes.
      if (hierarchies.includes('cpuset')) await inheritCpuset(`${mountPoint}/cpuset`, path)
    },
    async limit(path, resources) {
      const cpu = `${mountPoint}/cpu${path}`
      await write(`${cpu}/cpu.shares`, resources.cpuShares)
      if (hasQuota) {
        // The period first: a quota is judged against it.
        if (resources.cpuPeriod !== undefined) await write(`${cpu}/cpu.cfs_period_us`, resources.cpuPeriod)
        await write(`${cpu}/cpu.cfs_quota_us`, resources.cpuQuota ?? -1)
      }
      await write(`${mountPoint}/memory${path}/memory.limit_in_bytes`, resources.memoryBytes ?? -1)
      if (hierarchies.includes('pids')) await write(`${mountPoint}/pids${path}/pids.max`, resources.pids ?? 'max')
      if (!hierarchies.includes('hugetlb')) return
      for (const [size, bytes] of Object.entries(resources.hugePages ?? {}))
        await write(`${mountPoint}/hugetlb${path}/hugetlb.${size}.limit_in_bytes`, bytes)
    },
    async read(path) {
      const quota = hasQuota ? await number(`${mountPoint}/cpu${path}/cpu.cfs_quota_us`) : undefined
      const period = hasQuota ? await number(`${mountPoint}/cpu${path}/cpu.cfs_period_us`) : undefined
      const memoryBytes = await number(`${mountPoint}/memory${path}/memory.limit_in_bytes`)
      return {
        cpuShares: (await number(`${mountPoint}/cpu${path}/cpu.shares`)) ?? 0,
        ...(quota !== undefined && quota > 0 && { cpuQuota: quota, cpuPeriod: period ?? CPU_PERIOD_US }),
        // Where there is no limit the kernel shows the greatest number of pages that it can count.
        ...(memoryBytes !== undefined && memoryBytes < NO_LIMIT_BYTES && { memoryBytes }),
        ...(await pidsOf(`${mountPoint}/pids${path}/pids.max`)),
      }
    },
    memoryUsageBytes: (path) => number(`${mountPoint}/memory${path}/memory.usage_in_bytes`),
    async limitCpus(path, cpus) {
      if (hierarchies.includes('cpuset')) await write(`${mountPoint}/cpuset${path}/cpuset.cpus`, cpus)
    },
    children: async (path) => [...new Set((await Promise.all(every(path).map(directories))).flat())].sort(),
    async kill(path) {
      for (const directory of every(path)) await killBelow(directory)
    },
    async remove(path) {
      let gone = true
      for (const directory of every(path)) gone = (await removeBelow(directory)) && gone
      return gone
    },
  }
}

/** Version 2: one tree. */
function unifiedHost(mountPoint: string): CgroupHost {
  const controllers = readFileSync(`${mountPoint}/cgroup.controllers`, 'utf8').trim().split(/\s+/)
  return {
    traits: { isUnified: true, hasSwap: hasSwap(mountPoint), hasHugePages: controllers.includes('hugetlb'), hasCpuQuota: true },
    async make(path) {
      const parts = path.split('/').filter((part) => part !== '')
      let directory = mountPoint
      for (const part of parts) {
        // A controller works in a group only when every group above passes it on.
        const available = readFileSync(`${directory}/cgroup.controllers`, 'utf8').split(/\s+/)
        const wanted = ['cpu', 'cpuset', 'memory', 'pids', 'io', 'hugetlb'].filter((name) => available.includes(name))
        if (wanted.length > 0) await write(`${directory}/cgroup.subtree_control`, wanted.map((name) => `+${name}`).join(' '))
        directory = `${directory}/${part}`
        await fs.mkdir(directory, { recursive: true })
      }
    },
    async limit(path, resources) {
      const directory = `${mountPoint}${path}`
      await write(`${directory}/cpu.weight`, cpuWeight(resources.cpuShares))
      await write(`${directory}/cpu.max`, `${resources.cpuQuota ?? 'max'} ${resources.cpuPeriod ?? CPU_PERIOD_US}`)
      await write(`${directory}/memory.max`, resources.memoryBytes ?? 'max')
      if (controllers.includes('pids')) await write(`${directory}/pids.max`, resources.pids ?? 'max')
      if (!controllers.includes('hugetlb')) return
      for (const [size, bytes] of Object.entries(resources.hugePages ?? {})) await write(`${directory}/hugetlb.${size}.max`, bytes)
    },
    async read(path) {
      const directory = `${mountPoint}${path}`
      const [quota, period] = ((await text(`${directory}/cpu.max`)) ?? 'max').split(' ').map(Number)
      const weight = (await number(`${directory}/cpu.weight`)) ?? 1
      const memoryBytes = await number(`${directory}/memory.max`)
      return {
        cpuShares: Math.floor(((weight - 1) * 262_142) / 9999) + 2,
        ...(quota !== undefined && !Number.isNaN(quota) && { cpuQuota: quota, cpuPeriod: period ?? CPU_PERIOD_US }),
        ...(memoryBytes !== undefined && { memoryBytes }),
        ...(await pidsOf(`${directory}/pids.max`)),
      }
    },
    memoryUsageBytes: (path) => number(`${mountPoint}${path}/memory.current`),
    async limitCpus(path, cpus) {
      if (controllers.includes('cpuset')) await write(`${mountPoint}${path}/cpuset.cpus`, cpus)
    },
    children: (path) => directories(`${mountPoint}${path}`),
    async kill(path) {
      const directory = `${mountPoint}${path}`
      if (existsSync(`${directory}/cgroup.kill`)) await write(`${directory}/cgroup.kill`, 1)
      else await killBelow(directory)
    },
    remove: (path) => removeBelow(`${mountPoint}${path}`),
  }
}

/** `memory.swap.max` does not stand in the root, only in the groups below it. */
function hasSwap(mountPoint: string): boolean {
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'
  return existsSync(`${mountPoint}${own}/memory.swap.max`)
}

/** Version 1 shows the greatest multiple of a page below 2^63 where there is no limit. */
const NO_LIMIT_BYTES = 2 ** 62

const text = async (file: string): Promise<string | undefined> => (await orMissing(fs.readFile(file, 'utf8')))?.trim()

/** Undefined for what is not there or is `max`. */
async function number(file: string): Promise<number | undefined> {
  const read = await text(file)
  return read === undefined || read === '' || read === 'max' ? undefined : Number(read)
}

async function pidsOf(file: string): Promise<{ readonly pids?: number }> {
  const pids = await number(file)
  return pids === undefined ? {} : { pids }
}

async function write(file: string, value: string | number): Promise<void> {
  try {
    await fs.writeFile(file, String(value))
  } catch (cause) {
    throw new WherryError('InternalError', `cannot write ${value} to ${file}: ${(cause as Error).message}`, { cause })
  }
}

async function inheritCpuset(hierarchy: string, path: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) await inherited(hierarchy, path, file)
}

/** As a group has it, or now has from the nearest group above that has any. The kernel answers from memory, so reading waits for nobody. */
async function inherited(hierarchy: string, path: string, file: string): Promise<string> {
  const own = `${hierarchy}${path}/${file}`
  const present = readFileSync(own, 'utf8').trim()
  if (present !== '' || path === '') return present
  const above = await inherited(hierarchy, path.slice(0, path.lastIndexOf('/')), file)
  await write(own, above)
  return above
}

async function directories(path: string): Promise<readonly string[]> {
  const entries = (await orMissing(fs.readdir(path, { withFileTypes: true }))) ?? []
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

async function killBelow(directory: string): Promise<void> {
  for (const child of await directories(directory)) await killBelow(`${directory}/${child}`)
  const processes = (await orMissing(fs.readFile(`${directory}/cgroup.procs`, 'utf8'))) ?? ''
  // 0 stands for a process of another pid namespace. To kill 0 would be to kill ourselves.
  for (const pid of processes.split('\n').map(Number)) {
    if (pid <= 1) continue
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error
    }
  }
}

/** Children first; false when something is still in one of them. */
async function removeBelow(directory: string): Promise<boolean> {
  let gone = true
  for (const child of await directories(directory)) gone = (await removeBelow(`${directory}/${child}`)) && gone
  if (!gone) return false
  try {
    await fs.rmdir(directory)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    if (codeOf(error) === 'EBUSY' || codeOf(error) === 'ENOTEMPTY') return false
    throw error
  }
}
