import { existsSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { FileSystemStats, StatsHost } from '#kubelet/stats/stats-host.ts'
import type { Clock } from '#lib/clock.ts'
import { orMissing } from '../files.ts'
import { diskUsage } from './disk-usage.ts'
import { kernelFile } from './kernel-files.ts'
import { readInterfaces, readMachine, readTasks } from './machine-stats.ts'
import { readSplitGroup } from './split-groups.ts'
import { readUnifiedGroup } from './unified-groups.ts'

/** Counters of this machine. Which cgroup version it has is found by looking. */
export function statsHost(clock: Clock, mountPoint = '/sys/fs/cgroup'): StatsHost {
  const isUnified = existsSync(`${mountPoint}/cgroup.controllers`)
  const readGroup = isUnified ? readUnifiedGroup : readSplitGroup
  return {
    async group(path, detail) {
      await turn()
      return readGroup(mountPoint, path, detail, clock.now())
    },
    async children(path) {
      const directory = `${isUnified ? mountPoint : `${mountPoint}/memory`}${path === '/' ? '' : path}`
      const entries = (await orMissing(fs.readdir(directory, { withFileTypes: true }))) ?? []
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    },
    fileSystem,
    usage: diskUsage,
    interfaces: async (processId) => readInterfaces(processId),
    async processes(ids) {
      let fileDescriptors = 0
      let sockets = 0
      for (const id of ids.slice(0, PROCESSES_MAX)) {
        const names = await fs.readdir(`/proc/${id}/fd`).catch(gone)
        fileDescriptors += names.length
        for (const name of names) if ((await fs.readlink(`/proc/${id}/fd/${name}`).catch(() => '')).startsWith('socket:')) sockets += 1
      }
      return { fileDescriptors, sockets }
    },
    machine: async () => readMachine(),
    tasks: async () => readTasks(),
  }
}

/** A container with more processes than this is told of by its first ones: a fork bomb must not become ours. */
const PROCESSES_MAX = 200

/** Others get their turn between two groups: each is read at once. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The process ended, or is not ours to look into. */
const gone = (): string[] => []

async function fileSystem(path: string): Promise<FileSystemStats | undefined> {
  const [stat, space] = await Promise.all([orMissing(fs.stat(path)), orMissing(fs.statfs(path))])
  if (stat === undefined || space === undefined) return undefined
  return {
    id: String(stat.dev),
    device: deviceOf(stat.dev),
    capacityBytes: space.blocks * space.bsize,
    availableBytes: space.bavail * space.bsize,
    inodes: space.files,
    inodesFree: space.ffree,
  }
}

/** The source of the mount with this device number (proc_pid_mountinfo(5)). */
function deviceOf(dev: number): string {
  // As the kernel packs them for user space: 12 bits of major number, 20 of minor.
  const id = `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`
  for (const line of (kernelFile('/proc/self/mountinfo') ?? '').split('\n')) {
    const [, , device] = line.split(' ', 3)
    if (device === id) return line.split(' - ')[1]?.split(' ')[1] ?? ''
  }
  return ''
}
