import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/scheduling/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { forbidden, immutable, notSupported, required } from '#schema/validate.ts'

export const PriorityClass = kind(
  types.PriorityClass,
  {
    group: 'scheduling.k8s.io',
    version: 'v1',
    kind: 'PriorityClass',
    plural: 'priorityclasses',
    singular: 'priorityclass',
    shortNames: ['pc'],
    scope: 'Cluster',
    columns: [
      column<types.PriorityClass>('Value', ({ value }) => value, { type: 'integer' }),
      column<types.PriorityClass>('Global-Default', ({ globalDefault }) => globalDefault ?? false, { type: 'boolean' }),
      age,
      column<types.PriorityClass>('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
    ],
  },
  {
    defaults: (priority) =>
      priority.preemptionPolicy === undefined ? { ...priority, preemptionPolicy: 'PreemptLowerPriority' as const } : priority,
    validate: validatePriorityClass,
    validateUpdate: (next, previous) => [
      ...(next.value === previous.value ? [] : [forbidden('value', 'may not be changed in an update.')]),
      ...immutable('preemptionPolicy', next.preemptionPolicy ?? null, next.preemptionPolicy === previous.preemptionPolicy),
    ],
    // Set once: nothing that counts can change.
    generation: () => false,
    refuseDelete: (name) => (Object.hasOwn(systemClasses, name) ? 'this is a system priority class and cannot be deleted' : undefined),
  },
)
export type PriorityClass = Of<typeof PriorityClass>

/** Above it is what the cluster itself lives by. */
export const HIGHEST_USER_PRIORITY = 1_000_000_000
/** Classes that every cluster has, and their values. */
export const systemClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

function validatePriorityClass({ metadata, value, globalDefault, preemptionPolicy }: types.PriorityClass): Cause[] {
  const { name = '' } = metadata
  const causes: Cause[] = []
  if (name.startsWith('system-')) {
    const problem = systemProblem(name, value, globalDefault ?? false)
    if (problem !== undefined)
      causes.push(
        forbidden('metadata.name', `priority class names with 'system-' prefix are reserved for system use only. error: ${problem}`),
      )
  } else if (value > HIGHEST_USER_PRIORITY)
    causes.push(forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`))
  const policy = preemptionPolicy as string | undefined
  if (policy === '') causes.push(required('preemptionPolicy'))
  else if (policy !== undefined && policy !== 'PreemptLowerPriority' && policy !== 'Never')
    causes.push(notSupported('preemptionPolicy', policy, ['PreemptLowerPriority', 'Never']))
  return causes
}

function systemProblem(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = Object.hasOwn(systemClasses, name) ? systemClasses[name] : undefined
  if (known === undefined) return `${name} is not a known system priority class`
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}
