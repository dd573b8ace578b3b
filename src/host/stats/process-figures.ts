import { readdirSync } from 'node:fs'
import type { ProcessFigures } from '#kubelet/metrics/process-metrics.ts'
import { kernelFile } from './kernel-files.ts'

/** What this process takes of the machine (proc_pid_status(5), proc_pid_fd(5), proc_pid_limits(5)). */
export function processFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage()
  const [, virtualKilobytes = '0'] = /^VmSize:\s+(\d+) kB/m.exec(kernelFile('/proc/self/status') ?? '') ?? []
  const [, soft = '0'] = /^Max open files\s+(\S+)/m.exec(kernelFile('/proc/self/limits') ?? '') ?? []
  return {
    residentBytes: process.memoryUsage.rss(),
    virtualBytes: Number(virtualKilobytes) * 1024,
    cpuSeconds: (user + system) / 1e6,
    // The one that the folder is read by is not counted.
    openFiles: readdirSync('/proc/self/fd').length - 1,
    openFilesMax: soft === 'unlimited' ? Infinity : Number(soft),
  }
}
