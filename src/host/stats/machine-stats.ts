import { availableParallelism } from 'node:os'
import type { InterfaceCounters, MachineStats } from '#kubelet/stats/stats-host.ts'
import { kernelFile, kernelNumber } from './kernel-files.ts'

/** What the kernel tells of the machine as a whole (proc(5)). */
export function readMachine(): MachineStats {
  const memory = kernelFile('/proc/meminfo') ?? ''
  const bytesOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0) * 1024
  return {
    bootedAt: Number(/^btime (\d+)$/m.exec(kernelFile('/proc/stat') ?? '')?.[1] ?? 0) * 1000,
    memoryBytes: bytesOf('MemTotal'),
    swapBytes: bytesOf('SwapTotal'),
    ...processors(kernelFile('/proc/cpuinfo') ?? ''),
    machineId: (kernelFile('/etc/machine-id') ?? kernelFile('/var/lib/dbus/machine-id') ?? '').trim(),
    systemUuid: (kernelFile('/sys/class/dmi/id/product_uuid') ?? '').trim(),
    bootId: (kernelFile('/proc/sys/kernel/random/boot_id') ?? '').trim(),
  }
}

/** Cores and sockets as x86 tells them; where it does not (arm64), every processor is a core of its own and all are in one socket. */
export function processors(text: string): Pick<MachineStats, 'cpuCount' | 'physicalCores' | 'sockets'> {
  const cpuCount = availableParallelism()
  const cores = new Set<string>()
  const sockets = new Set<string>()
  for (const block of text.split('\n\n')) {
    const physical = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1]
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1]
    if (physical === undefined || core === undefined) continue
    sockets.add(physical)
    cores.add(`${physical}/${core}`)
  }
  return { cpuCount, physicalCores: cores.size || cpuCount, sockets: sockets.size || 1 }
}

export const readTasks = () => ({
  limit: Math.min(kernelNumber('/proc/sys/kernel/pid_max') ?? 32_768, kernelNumber('/proc/sys/kernel/threads-max') ?? Infinity),
  count: Number(/\/(\d+)/.exec(kernelFile('/proc/loadavg') ?? '')?.[1] ?? 0),
})

/** Names of block devices by `major:minor`. */
export const readDiskNames = (): ReadonlyMap<string, string> =>
  new Map(
    [...(kernelFile('/proc/diskstats') ?? '').matchAll(/^\s*(\d+)\s+(\d+)\s+(\S+)/gm)].map(([, major, minor, name]) => [
      `${major}:${minor}`,
      `/dev/${name}`,
    ]),
  )

/** `/proc/net/dev` of a process's network namespace; without loopback and the ends of other pods' cables, which nobody wants to see. */
export function readInterfaces(processId: number | undefined): InterfaceCounters[] {
  const text = kernelFile(`/proc/${processId ?? 'self'}/net/dev`) ?? ''
  return [...text.matchAll(/^\s*([^\s:]+):\s*(.*)$/gm)].flatMap(([, name, rest]) => {
    if (/^(lo$|veth|docker|nerdctl)/.test(name!)) return []
    const n = rest!.trim().split(/\s+/).map(Number)
    return [
      {
        name: name!,
        receiveBytes: n[0] ?? 0,
        receivePackets: n[1] ?? 0,
        receiveErrors: n[2] ?? 0,
        receiveDropped: n[3] ?? 0,
        transmitBytes: n[8] ?? 0,
        transmitPackets: n[9] ?? 0,
        transmitErrors: n[10] ?? 0,
        transmitDropped: n[11] ?? 0,
      },
    ]
  })
}
