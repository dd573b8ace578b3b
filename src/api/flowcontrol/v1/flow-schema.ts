import { age, column } from '#api/columns.ts'
import * as types from '#api/flowcontrol/v1/types.ts'
import { validateConditionTypes } from '#api/flowcontrol/v1/validate-condition-types.ts'
import { validateFlowSchema } from '#api/flowcontrol/v1/validate-flow-schema.ts'
import { kind } from '#api/kind.ts'
import { keepStatus, statusOf, statusResetFields, takeStatusOnly } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const FlowSchema = kind(
  types.FlowSchema,
  {
    group: 'flowcontrol.apiserver.k8s.io',
    version: 'v1',
    kind: 'FlowSchema',
    plural: 'flowschemas',
    singular: 'flowschema',
    scope: 'Cluster',
    columns: [
      column<types.FlowSchema>('PriorityLevel', ({ spec }) => spec.priorityLevelConfiguration.name),
      column<types.FlowSchema>('MatchingPrecedence', ({ spec }) => spec.matchingPrecedence),
      column<types.FlowSchema>('DistinguisherMethod', ({ spec }) => spec.distinguisherMethod?.type ?? '<none>'),
      age,
      column<types.FlowSchema>('MissingPL', ({ status }) => status.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?'),
    ],
    subresources: {
      status: statusOf<types.FlowSchema>({
        take: takeStatusOnly,
        validateUpdate: ({ status }) => validateConditionTypes(status.conditions, 'status.conditions'),
      }),
    },
  },
  {
    generation: true,
    prepareCreate: (schema) => ({ ...schema, status: {} }),
    prepareUpdate: keepStatus,
    resetFields: statusResetFields,
    validate: validateFlowSchema,
    checksMetadata: 'content',
    validateUpdate: validateFlowSchema,
  },
)
export type FlowSchema = Of<typeof FlowSchema>
