import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { CgroupHost } from '#kubelet/cgroups/cgroup-manager.ts'
import { weightOf } from '#kubelet/cgroups/pod-resources.ts'
import { WherryError } from '#lib/errors.ts'
import { codeOf, orMissing } from './files.ts'

/** Which layout the machine has, found by looking; nothing is ever mounted here. */
export function cgroupHost(mountPoint = '/sys/fs/cgroup'): CgroupHost {
  if (existsSync(`${mountPoint}/cgroup.controllers`)) return unifiedHost(mountPoint)
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
  return {
    async make(path) {
      for (const hierarchy of hierarchies) await fs.mkdir(`${mountPoint}/${hierarchy}${path}`, { recursive: true })
      // A new group of this controller takes no process before it has processors and memory nodes.
      if (hierarchies.includes('cpuset')) await inheritCpuset(`${mountPoint}/cpuset`, path)
    },
    async limit(path, resources) {
      const cpu = `${mountPoint}/cpu${path}`
      await write(`${cpu}/cpu.shares`, resources.cpuShares)
      // The period first: a quota is judged against it. Absent where the kernel has no bandwidth control.
      if (resources.cpuPeriod !== undefined) await write(`${cpu}/cpu.cfs_period_us`, resources.cpuPeriod)
      if (resources.cpuQuota !== undefined || existsSync(`${cpu}/cpu.cfs_quota_us`))
        await write(`${cpu}/cpu.cfs_quota_us`, resources.cpuQuota ?? -1)
      await write(`${mountPoint}/memory${path}/memory.limit_in_bytes`, resources.memoryBytes ?? -1)
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
  return {
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
      await write(`${directory}/cpu.weight`, weightOf(resources.cpuShares))
      await write(`${directory}/cpu.max`, `${resources.cpuQuota ?? 'max'} ${resources.cpuPeriod ?? 100_000}`)
      await write(`${directory}/memory.max`, resources.memoryBytes ?? 'max')
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

async function write(file: string, value: string | number): Promise<void> {
  try {
    await fs.writeFile(file, String(value))
  } catch (cause) {
    throw new WherryError('InternalError', `cannot write ${value} to ${file}: ${(cause as Error).message}`, { cause })
  }
}

async function inheritCpuset(hierarchy: string, path: string): Promise<void> {
  let directory = hierarchy
  for (const part of path.split('/').filter((name) => name !== '')) {
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const own = `${directory}/${part}/${file}`
      if ((await fs.readFile(own, 'utf8')).trim() === '') await write(own, (await fs.readFile(`${directory}/${file}`, 'utf8')).trim())
    }
    directory = `${directory}/${part}`
  }
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
