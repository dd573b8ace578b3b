import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'

/** Times what is done with the rules of custom resources' schemas. */
export interface CelMetrics {
  /** All rules of one version of a definition, made ready to run. */
  compiled<T>(run: () => T): T
  /** All rules of a version, run on one object. */
  evaluated<T>(run: () => T): T
}

/** The reference's `apiserver_cel_*`, which know the rules of custom resources only; it counts each part of a schema by itself. */
export function createCelMetrics(registry: Registry, clock: Clock): CelMetrics {
  const timed = (name: string, help: string) => {
    const series = registry.histogram({ name: `apiserver_cel_${name}_duration_seconds`, help, stability: 'BETA', buckets }).of()
    return <T>(run: () => T): T => {
      const startedMs = clock.monotonicMs()
      try {
        return run()
      } finally {
        series.observe((clock.monotonicMs() - startedMs) / 1000)
      }
    }
  }
  return {
    compiled: timed('compilation', 'How long the rules of a custom resource took to compile, in seconds.'),
    evaluated: timed('evaluation', 'How long the rules of a custom resource took on an object, in seconds.'),
  }
}

/** Prometheus' own. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
