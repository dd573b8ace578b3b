import { createdAt } from '#api/columns.ts'
import { deprecatedNodeLabels } from '#api/core/v1/node-label-warnings.ts'
import { validateNotNegativeQuantity } from '#api/core/v1/validation/resources.ts'
import { kind } from '#api/kind.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import * as types from '#api/storage/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Subdomain, immutable, invalidEach } from '#schema/validate.ts'

export const CSIStorageCapacity = kind(
  types.CSIStorageCapacity,
  {
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'CSIStorageCapacity',
    plural: 'csistoragecapacities',
    singular: 'csistoragecapacity',
    scope: 'Namespaced',
    columns: [createdAt],
  },
  {
    validate,
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => [
      ...validate(next),
      ...immutable('nodeTopology', next.nodeTopology ?? null, same(next.nodeTopology, previous.nodeTopology)),
      ...immutable('storageClassName', next.storageClassName, next.storageClassName === previous.storageClassName),
    ],
    requiresResourceVersion: true,
    warnings: ({ nodeTopology }) => topologyWarnings(nodeTopology, 'nodeTopology'),
  },
)
export type CSIStorageCapacity = Of<typeof CSIStorageCapacity>

function validate({ nodeTopology, storageClassName, capacity }: types.CSIStorageCapacity): Cause[] {
  return [
    ...validateLabelSelector(nodeTopology, 'nodeTopology'),
    ...invalidEach('storageClassName', storageClassName, checkDns1123Subdomain(storageClassName)),
    ...(capacity === undefined ? [] : validateNotNegativeQuantity(capacity, 'capacity')),
  ]
}

const topologyWarnings = ({ matchExpressions = [], matchLabels = {} }: LabelSelector = {}, path: string): string[] => [
  ...matchExpressions.flatMap(({ key }, i) =>
    Object.hasOwn(deprecatedNodeLabels, key) ? [`${path}.matchExpressions[${i}].key: ${key} is ${deprecatedNodeLabels[key]}`] : [],
  ),
  ...Object.keys(matchLabels).flatMap((key) =>
    Object.hasOwn(deprecatedNodeLabels, key) ? [`${path}.matchLabels.${key}: ${deprecatedNodeLabels[key]}`] : [],
  ),
]
