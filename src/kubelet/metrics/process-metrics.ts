import type { Registry } from '#lib/metrics/registry.ts'

/** What the kubelet itself takes; `read` is the machine's word on it. */
export interface ProcessFigures {
  readonly residentBytes: number
  readonly cpuSeconds: number
}

export function observeProcess(registry: Registry, read: () => ProcessFigures): void {
  const observed = (name: string, type: 'gauge' | 'counter', help: string, pick: (figures: ProcessFigures) => number) =>
    registry.observed({ name, help, stability: 'ALPHA', type }, () => [{ labels: [], value: pick(read()) }])
  observed('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', ({ residentBytes }) => residentBytes)
  observed('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', ({ cpuSeconds }) => cpuSeconds)
}
