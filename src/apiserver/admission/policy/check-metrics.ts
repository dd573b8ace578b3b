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
  const note = counted(registry, {
    prefix: 'apiserver_mutating_admission_policy_check',
    what: 'mutations',
    stability: 'ALPHA',
    labels: ['policy', 'policy_binding', 'error_type'],
  })
  return ({ policy, binding, message }, seconds) => note([policy, binding, errorType(message)], seconds)
}

/** The reference's `apiserver_validating_admission_policy_check_*`. */
export function createCheckMetrics(registry: Registry): NoteCheck {
  const note = counted(registry, {
    prefix: 'apiserver_validating_admission_policy_check',
    what: 'validations',
    stability: 'BETA',
    labels: ['enforcement_action', 'error_type', 'policy', 'policy_binding'],
  })
  return ({ policy, binding, action, message }, seconds) => note([action, errorType(message), policy, binding], seconds)
}

interface Counted<Labels extends readonly string[]> {
  readonly prefix: string
  readonly what: string
  readonly stability: 'ALPHA' | 'BETA'
  readonly labels: Labels
}

/** How often, and how long each time; by the same labels. */
function counted<const Labels extends readonly string[]>(registry: Registry, { prefix, what, stability, labels }: Counted<Labels>) {
  const total = registry.counter({
    name: `${prefix}_total`,
    help: `The ${what} of admission policies by policy, binding and what came of them.`,
    stability,
    labels,
  })
  const durations = registry.histogram({
    name: `${prefix}_duration_seconds`,
    help: `How long the ${what} of admission policies took.`,
    stability,
    labels,
    buckets,
  })
  return (values: { readonly [K in keyof Labels]: string }, seconds: number): void => {
    total.of(...values).inc()
    durations.of(...values).observe(seconds)
  }
}

/** The reference's: the largest is beyond what the cost limit lets an expression take. */
const buckets = [5e-7, 0.001, 0.01, 0.1, 1]

/** As the reference tells them apart, by the beginning of the message. */
function errorType(message: string | undefined): string {
  if (message === undefined) return 'no_error'
  if (message.startsWith('compilation')) return 'compile_error'
  return message.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error'
}
