import { age, column } from '#api/columns.ts'
import { deprecatedNodeLabels } from '#api/core/v1/node-label-warnings.ts'
import * as core from '#api/core/v1/types.ts'
import { validateTolerations } from '#api/core/v1/validation/affinity.ts'
import { validateResources } from '#api/core/v1/validation/resources.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind } from '#api/kind.ts'
import { validateLabels } from '#api/meta/v1/validate-metadata.ts'
import * as types from '#api/node/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Label, duplicate, immutable, invalidEach, required } from '#schema/validate.ts'

export const RuntimeClass = kind(
  types.RuntimeClass,
  {
    group: 'node.k8s.io',
    version: 'v1',
    kind: 'RuntimeClass',
    plural: 'runtimeclasses',
    singular: 'runtimeclass',
    scope: 'Cluster',
    columns: [column<types.RuntimeClass>('Handler', ({ handler }) => handler), age],
  },
  {
    createOnUpdate: true,
    validate,
    checksMetadata: 'whole',
    plainFinalizers: true,
    validateUpdate: (next, previous) => [...validate(next), ...immutable('handler', next.handler, next.handler === previous.handler)],
    requiresResourceVersion: true,
    warnings: ({ scheduling }) =>
      Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) =>
        Object.hasOwn(deprecatedNodeLabels, key) ? [`scheduling.nodeSelector: ${deprecatedNodeLabels[key]}`] : [],
      ),
  },
)
export type RuntimeClass = Of<typeof RuntimeClass>

function validate({ handler, overhead, scheduling }: types.RuntimeClass): Cause[] {
  return [
    ...(handler === '' ? [required('handler')] : invalidEach('handler', handler, checkDns1123Label(handler))),
    ...(overhead === undefined ? [] : validateResources({ limits: overhead.podFixed ?? {} }, new Set(), 'overhead')),
    ...(scheduling === undefined
      ? []
      : [
          ...validateLabels(scheduling.nodeSelector, 'scheduling.nodeSelector'),
          ...validateTolerations(scheduling.tolerations, 'scheduling.tolerations'),
          ...repeatedTolerations(scheduling.tolerations ?? [], 'scheduling.tolerations'),
        ]),
  ]
}

/** Two that tolerate the same cannot both say how long. */
function repeatedTolerations(tolerations: readonly core.Toleration[], path: string): Cause[] {
  const seen = new Set<string>()
  return tolerations.flatMap((toleration, i) => {
    const { key = '', operator = '', value = '', effect = '' } = toleration
    const identity = JSON.stringify([key, operator, value, effect])
    if (seen.has(identity)) return [duplicate(`${path}[${i}]`, goStruct(core.Toleration, toleration))]
    seen.add(identity)
    return []
  })
}
