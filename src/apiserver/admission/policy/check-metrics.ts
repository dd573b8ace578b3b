import type { Registry } from '#lib/metrics/registry.ts'

/** Notes that a policy looked at a write: what came of one validation, and how long it took. `message` is that of a failure. */
export type NoteCheck = (
  check: {
    readonly policy: string
    readonly binding: string
    readonly action: 'allow' | 'deny' | 'warn' | 'audit'
    readonly message?: string
  },
  seconds: number,
) => void

/** Notes that a mutation of a policy was carried out, or why not (`message`), and how long it took. */
export type NoteMutation = (
  mutation: { readonly policy: string; readonly binding: string; readonly message?: string | undefined },
  seconds: number,
) => void

/** The reference's `apiserver_mutating_admission_policy_check_*`. */
export function createMutationMetrics(registry: Registry): NoteMutation {
  const labels = ['policy', 'policy_binding', 'error_type']
  const named = (rest: string, help: string) => ({
    name: `apiserver_mutating_admission_policy_check_${rest}`,
    help,
    stability: 'ALPHA' as const,
    labels,
  })
  const total = registry.counter(named('total', 'Mutations of admission policies by policy, binding and what came of them.'))
  const durations = registry.histogram({
    ...named('duration_seconds', 'How long the mutations of admission policies took.'),
    buckets,
  })
  return ({ policy, binding, message }, seconds) => {
    const values = [policy, binding, errorType(message)] as const
    total.of(...values).inc()
    durations.of(...values).observe(seconds)
  }
}

/** The reference's: the largest is beyond what the cost limit lets an expression take. */
const buckets = [5e-7, 0.001, 0.01, 0.1, 1]

/** The reference's `apiserver_validating_admission_policy_check_*`. */
export function createCheckMetrics(registry: Registry): NoteCheck {
  const labels = ['enforcement_action', 'error_type', 'policy', 'policy_binding']
  const named = (rest: string, help: string) => ({
    name: `apiserver_validating_admission_policy_check_${rest}`,
    help,
    stability: 'BETA' as const,
    labels,
  })
  const total = registry.counter(named('total', 'Validations of admission policies by policy, binding and what came of them.'))
  const durations = registry.histogram({
    ...named('duration_seconds', 'How long the validations of admission policies took.'),
    buckets,
  })
  return ({ policy, binding, action, message }, seconds) => {
    const values = [action, errorType(message), policy, binding] as const
    total.of(...values).inc()
    durations.of(...values).observe(seconds)
  }
}

/** As the reference tells them apart, by the beginning of the message. */
function errorType(message: string | undefined): string {
  if (message === undefined) return 'no_error'
  if (message.startsWith('compilation')) return 'compile_error'
  return message.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error'
}
