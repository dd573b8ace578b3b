import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { type VersionFacts, versionOf } from '../http/version.ts'

/** Which build this is, and what its process takes of the machine. */
export function registerBuildMetrics(registry: Registry, facts: VersionFacts, clock: Clock): void {
  const version = versionOf(facts) as Readonly<Record<string, string>>
  const labels = ['build_date', 'compiler', 'git_commit', 'git_tree_state', 'git_version', 'go_version', 'major', 'minor', 'platform']
  const camel = (label: string): string => label.replace(/_(.)/g, (_all, letter: string) => letter.toUpperCase())
  registry
    .gauge({ name: 'kubernetes_build_info', help: 'The build, in its labels; always 1.', stability: 'BETA', labels })
    .of(...labels.map((label) => version[camel(label)] ?? ''))
    .set(1)
  const startedSeconds = clock.now() / 1000 - process.uptime()
  const process_ = (name: string, help: string, type: 'gauge' | 'counter', read: () => number): void =>
    registry.observed({ name: `process_${name}`, help, stability: 'ALPHA', type }, () => [{ labels: [], value: read() }])
  process_('cpu_seconds_total', 'Processor time of the process, in seconds.', 'counter', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  process_('resident_memory_bytes', 'Resident memory of the process, in bytes.', 'gauge', () => process.memoryUsage.rss())
  process_('start_time_seconds', 'When the process began, in seconds since the epoch.', 'gauge', () => startedSeconds)
}
