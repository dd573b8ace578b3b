import type { Registry } from '#lib/metrics/registry.ts'

/** What the kubelet itself takes; `read` is the machine's word on it. */
export interface ProcessFigures {
  readonly residentBytes: number
  readonly virtualBytes: number
  readonly cpuSeconds: number
  readonly openFiles: number
  readonly openFilesMax: number
}

export function observeProcess(registry: Registry, read: () => ProcessFigures): void {
  const observed = (name: string, type: 'gauge' | 'counter', help: string, pick: (figures: ProcessFigures) => number) =>
    registry.observed({ name: `process_${name}`, help, stability: 'ALPHA', type }, () => [{ labels: [], value: pick(read()) }])
  observed('resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', ({ residentBytes }) => residentBytes)
  observed('virtual_memory_bytes', 'gauge', 'Virtual memory size in bytes.', ({ virtualBytes }) => virtualBytes)
  observed('cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', ({ cpuSeconds }) => cpuSeconds)
  observed('open_fds', 'gauge', 'Number of open file descriptors.', ({ openFiles }) => openFiles)
  observed('max_fds', 'gauge', 'Maximum number of open file descriptors.', ({ openFilesMax }) => openFilesMax)
}
