import { notOver100Percent, validateCountOrPercent } from '#api/apps/v1/count-or-percent.ts'
import { age, column } from '#api/columns.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind } from '#api/kind.ts'
import { validateConditions } from '#api/meta/v1/validate-conditions.ts'
import { checkPathSegment } from '#api/meta/v1/validate-metadata.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import * as types from '#api/policy/v1/types.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { invalid, notNegative, notSupported } from '#schema/validate.ts'

export const PodDisruptionBudget = kind(
  types.PodDisruptionBudget,
  {
    group: 'policy',
    version: 'v1',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    singular: 'poddisruptionbudget',
    shortNames: ['pdb'],
    scope: 'Namespaced',
    columns: [
      column<types.PodDisruptionBudget>('Min Available', ({ spec }) => String(spec.minAvailable ?? 'N/A')),
      column<types.PodDisruptionBudget>('Max Unavailable', ({ spec }) => String(spec.maxUnavailable ?? 'N/A')),
      column<types.PodDisruptionBudget>('Allowed Disruptions', ({ status }) => status.disruptionsAllowed ?? 0, { type: 'integer' }),
      age,
    ],
    subresources: { status: statusOf<types.PodDisruptionBudget>({ validateUpdate: validateStatus, checksMetadata: 'none' }) },
  },
  {
    prepareCreate: (budget) => ({
      ...budget,
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    }),
    prepareUpdate: keepStatus,
    // The reference has no rule of its own for these names.
    validateName: checkPathSegment,
    validate: validateBudget,
    checksMetadata: 'none',
    plainFinalizers: true,
    generation: true,
    requiresResourceVersion: true,
  },
)
export type PodDisruptionBudget = Of<typeof PodDisruptionBudget>

function validateBudget({ spec }: types.PodDisruptionBudget): Cause[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec
  const causes: Cause[] = []
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    causes.push(invalid('spec', goStruct(types.PodDisruptionBudgetSpec, spec), 'minAvailable and maxUnavailable cannot be both set'))
  for (const [name, value] of Object.entries({ minAvailable, maxUnavailable }))
    if (value !== undefined) causes.push(...validateCountOrPercent(value, `spec.${name}`), ...notOver100Percent(value, `spec.${name}`))
  causes.push(...validateLabelSelector(selector, 'spec.selector'))
  if (policy !== undefined && policy !== 'AlwaysAllow' && policy !== 'IfHealthyBudget')
    causes.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, ['AlwaysAllow', 'IfHealthyBudget']))
  return causes
}

function validateStatus({ status }: types.PodDisruptionBudget): Cause[] {
  return [
    ...validateConditions(status.conditions, 'status.conditions'),
    ...(['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const).flatMap((name) =>
      notNegative(`status.${name}`, status[name]),
    ),
  ]
}
