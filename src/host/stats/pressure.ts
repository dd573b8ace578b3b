import type { GroupStats, Pressure, PressureLine } from '#kubelet/stats/stats-host.ts'
import { kernelFile } from './kernel-files.ts'

/** The three pressure files of a group or, under /proc/pressure, of the machine (kernel documentation, accounting/psi). */
export function pressureOf(fileOf: (resource: 'cpu' | 'memory' | 'io') => string): NonNullable<GroupStats['pressure']> {
  const read = (resource: 'cpu' | 'memory' | 'io') => {
    const pressure = parsePressure(kernelFile(fileOf(resource)))
    return pressure && { [resource]: pressure }
  }
  return { ...read('cpu'), ...read('memory'), ...read('io') }
}

/** Kernels before 5.13 have no line `full` for processors: then nothing was ever fully stalled. */
export function parsePressure(text: string | undefined): Pressure | undefined {
  const some = lineOf(text, 'some')
  return some && { some, full: lineOf(text, 'full') ?? { avg10: 0, avg60: 0, avg300: 0, totalMicroseconds: 0 } }
}

function lineOf(text: string | undefined, kind: 'some' | 'full'): PressureLine | undefined {
  const found = text && new RegExp(`^${kind} avg10=([\\d.]+) avg60=([\\d.]+) avg300=([\\d.]+) total=(\\d+)`, 'm').exec(text)
  if (!found) return undefined
  const [avg10 = 0, avg60 = 0, avg300 = 0, totalMicroseconds = 0] = found.slice(1).map(Number)
  return { avg10, avg60, avg300, totalMicroseconds }
}
