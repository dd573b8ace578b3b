import { age, column } from '#api/columns.ts'
import * as types from '#api/flowcontrol/v1/types.ts'
import { validateConditionTypes } from '#api/flowcontrol/v1/validate-condition-types.ts'
import { validatePriorityLevel } from '#api/flowcontrol/v1/validate-priority-level.ts'
import { kind } from '#api/kind.ts'
import { keepStatus, statusOf, statusResetFields, takeStatusOnly } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const PriorityLevelConfiguration = kind(
  types.PriorityLevelConfiguration,
  {
    group: 'flowcontrol.apiserver.k8s.io',
    version: 'v1',
    kind: 'PriorityLevelConfiguration',
    plural: 'prioritylevelconfigurations',
    singular: 'prioritylevelconfiguration',
    scope: 'Cluster',
    columns: [
      column<types.PriorityLevelConfiguration>('Type', ({ spec }) => spec.type),
      column<types.PriorityLevelConfiguration>(
        'NominalConcurrencyShares',
        ({ spec }) => spec.limited?.nominalConcurrencyShares ?? '<none>',
      ),
      ...(['queues', 'handSize', 'queueLengthLimit'] as const).map((field) =>
        column<types.PriorityLevelConfiguration>(
          `${field[0]!.toUpperCase()}${field.slice(1)}`,
          ({ spec }) => spec.limited?.limitResponse.queuing?.[field] ?? '<none>',
        ),
      ),
      age,
    ],
    subresources: {
      status: statusOf<types.PriorityLevelConfiguration>({
        take: takeStatusOnly,
        validateUpdate: ({ status }) => validateConditionTypes(status.conditions, 'status.conditions'),
      }),
    },
  },
  {
    generation: true,
    prepareCreate: (level) => ({ ...level, status: {} }),
    prepareUpdate: keepStatus,
    resetFields: statusResetFields,
    validate: validatePriorityLevel,
    checksMetadata: 'content',
    validateUpdate: validatePriorityLevel,
  },
)
export type PriorityLevelConfiguration = Of<typeof PriorityLevelConfiguration>
