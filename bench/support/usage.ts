import { readFileSync } from 'node:fs'

/** What processes hold and have used, from proc(5). */
export interface Memory {
  readonly residentMb: number
  /** Pages that no file backs: what the process alone costs. */
  readonly anonymousMb: number
  /** Shared pages divided among those who share them. */
  readonly proportionalMb: number
}

/** Of several processes together. */
export function memoryOf(...pids: readonly number[]): Memory {
  const texts = pids.map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
  const mb = (name: string): number =>
    texts.reduce((sum, text) => sum + Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) / 1024, 0)
  return { residentMb: mb('Rss'), anonymousMb: mb('Anonymous'), proportionalMb: mb('Pss') }
}

/** The kernel counts in hundredths of a second (USER_HZ), on every architecture that we run on. */
const ticksPerSecond = 100

/** User and system time of all threads of these processes, in seconds; their children's is not in it. */
export function cpuSecondsOf(...pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }, 0)
}

/** Of all processors together: time that was neither idle nor waiting for a disk. */
export function machineCpuSeconds(): number {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/).slice(1).map(Number)
  return (user! + nice! + system! + irq! + softirq!) / ticksPerSecond
}
