import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Histogram } from '#lib/metrics/histogram.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { AdmissionPlugin } from '../contract.ts'
import type { RequestRecord } from '../request-record.ts'

/** How long admission takes. */
export interface AdmissionMetrics {
  /** The same plug-in, timed. */
  measured(plugin: AdmissionPlugin, clock: Clock): AdmissionPlugin
  /** Times all plug-ins of one write together. */
  step(clock: Clock): NonNullable<RequestRecord['step']>
}

/** Registers the reference's `apiserver_admission_*`. */
export function createAdmissionMetrics(registry: Registry): AdmissionMetrics {
  const durations = registry.histogram({
    name: 'apiserver_admission_controller_admission_duration_seconds',
    help: 'How long an admission plug-in took, by its name, the operation, and whether it refused.',
    stability: 'STABLE',
    labels: ['name', 'type', 'operation', 'rejected'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5],
  })
  const steps = registry.histogram({
    name: 'apiserver_admission_step_admission_duration_seconds',
    help: 'How long all plug-ins of a step of admission took, by the operation, and whether they refused.',
    stability: 'STABLE',
    labels: ['type', 'operation', 'rejected'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5],
  })
  return {
    step(clock) {
      const known = new Map<string, { readonly admit: Histogram; readonly validate: Histogram }>()
      return (type, operation) => {
        const startedMs = clock.monotonicMs()
        return (rejected) => {
          const seconds = (clock.monotonicMs() - startedMs) / 1000
          if (rejected) return steps.of(type, operation, 'true').observe(seconds)
          let series = known.get(operation)
          if (series === undefined)
            known.set(
              operation,
              (series = { admit: steps.of('admit', operation, 'false'), validate: steps.of('validate', operation, 'false') }),
            )
          series[type].observe(seconds)
        }
      }
    },
    measured(plugin, clock) {
      const note = (type: string) => {
        const known = new Map<string, Histogram>()
        return (operation: string, startedMs: number, rejected: boolean): void => {
          const key = rejected ? `${operation}!` : operation
          let series = known.get(key)
          if (series === undefined) known.set(key, (series = durations.of(plugin.name, type, operation, String(rejected))))
          series.observe((clock.monotonicMs() - startedMs) / 1000)
        }
      }
      const { admit, validate } = plugin
      return {
        ...plugin,
        ...(admit !== undefined && { admit: timed(admit, note('admit'), clock) }),
        ...(validate !== undefined && { validate: timed(validate, note('validate'), clock) }),
      }
    },
  }
}

function timed<A extends { readonly operation: string }, R>(
  run: (admission: A) => Promise<R>,
  note: (operation: string, startedMs: number, rejected: boolean) => void,
  clock: Clock,
): (admission: A) => Promise<R> {
  return async (admission) => {
    const startedMs = clock.monotonicMs()
    try {
      const result = await run(admission)
      note(admission.operation, startedMs, false)
      return result
    } catch (error) {
      note(admission.operation, startedMs, isError(error))
      throw error
    }
  }
}
