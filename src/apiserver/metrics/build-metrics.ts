import { featureGates } from '#api/feature-gates.ts'
import { type Features, noFeatures } from '#api/features.ts'
import type { Clock } from '#lib/clock.ts'
import { registerBuildInfo } from '#lib/metrics/build-info.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { type VersionFacts, versionOf } from '#lib/version-info.ts'

/** Which build this is, and what its process takes of the machine. */
export function registerBuildMetrics(registry: Registry, facts: VersionFacts, clock: Clock, features: Features = noFeatures): void {
  const version = versionOf(facts) as Readonly<Record<string, string>>
  registerBuildInfo(registry, facts)
  registry
    .gauge({
      name: 'version_info',
      help: 'Which version the server is, acts as, and is compatible with, in its labels; always 1.',
      stability: 'ALPHA',
      labels: ['binary', 'component', 'emulation', 'min_compat'],
    })
    .of(
      (version['gitVersion'] ?? '').replace(/^v|\+.*$/g, ''),
      'kube',
      `${version['emulationMajor']}.${version['emulationMinor']}`,
      `${version['minCompatibilityMajor']}.${version['minCompatibilityMinor']}`,
    )
    .set(1)
  const gates = registry.gauge({
    name: 'kubernetes_feature_enabled',
    help: 'Whether a feature gate is on, by its name and stage.',
    stability: 'BETA',
    labels: ['name', 'stage'],
  })
  const on: ReadonlySet<string> = features
  for (const { stage, enabled, names } of featureGates) for (const name of names) gates.of(name, stage).set(enabled || on.has(name) ? 1 : 0)
  // One validation is all there is here, so two never disagree.
  for (const [name, help] of [
    ['mismatch', 'Declarative and handwritten validation that disagreed; here there is one validation only.'],
    ['panic', 'Declarative validation that failed; here there is one validation only.'],
  ] as const)
    registry.counter({ name: `apiserver_validation_declarative_validation_${name}_total`, help, stability: 'BETA' })
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
