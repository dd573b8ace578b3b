import { age, column, nameColumn } from '#api/columns.ts'
import { deprecatedNodeLabels } from '#api/core/v1/node-label-warnings.ts'
import type { TopologySelectorTerm } from '#api/core/v1/types.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/storage/v1/types.ts'
import { validateParameters, validateProvisioner } from '#api/storage/v1/validate-parameters.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import type { Of } from '#schema/schema.ts'
import { checkQualifiedName, duplicate, immutable, invalidEach, oneOf, required } from '#schema/validate.ts'

export const StorageClass = kind(
  types.StorageClass,
  {
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'StorageClass',
    plural: 'storageclasses',
    singular: 'storageclass',
    shortNames: ['sc'],
    scope: 'Cluster',
    columns: [
      {
        ...nameColumn(),
        cell: (object: types.StorageClass) => `${object.metadata.name ?? ''}${isDefaultClass(object) ? ' (default)' : ''}`,
      },
      column<types.StorageClass>('Provisioner', ({ provisioner }) => provisioner),
      column<types.StorageClass>('ReclaimPolicy', ({ reclaimPolicy = 'Delete' }) => reclaimPolicy),
      column<types.StorageClass>('VolumeBindingMode', ({ volumeBindingMode = 'Immediate' }) => volumeBindingMode),
      column<types.StorageClass>('AllowVolumeExpansion', ({ allowVolumeExpansion = false }) => allowVolumeExpansion),
      age,
    ],
  },
  {
    returnsDeleted: true,
    validate,
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => [
      ...validate(next),
      ...(['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const).flatMap((field) =>
        immutable(field, next[field] ?? shownAsGiven(next, field), sameOrEmpty(next[field], previous[field])),
      ),
    ],
    warnings: ({ allowedTopologies = [] }) =>
      allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
        matchLabelExpressions.flatMap(({ key }, j) =>
          Object.hasOwn(deprecatedNodeLabels, key)
            ? [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${deprecatedNodeLabels[key]}`]
            : [],
        ),
      ),
  },
)
export type StorageClass = Of<typeof StorageClass>

/** Whether claims that name no class get this one. The second annotation is from before v1.6, and still read. */
export const isDefaultClass = ({ metadata: { annotations = {} } }: Pick<types.StorageClass, 'metadata'>): boolean =>
  annotations['storageclass.kubernetes.io/is-default-class'] === 'true' ||
  annotations['storageclass.beta.kubernetes.io/is-default-class'] === 'true'

const sameOrEmpty = (a: unknown, b: unknown): boolean => same(a ?? {}, b ?? {})

function validate({ provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies = [] }: types.StorageClass): Cause[] {
  return [
    ...validateProvisioner(provisioner, 'provisioner'),
    ...validateParameters(parameters, 'parameters'),
    ...((reclaimPolicy as string) === '' ? [] : oneOf('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain'])),
    ...oneOf('volumeBindingMode', volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']),
    ...validateTopologies(allowedTopologies, 'allowedTopologies'),
  ]
}

function validateTopologies(terms: readonly TopologySelectorTerm[], path: string): Cause[] {
  const seen = new Map<string, number>()
  let told = 0
  return terms.flatMap(({ matchLabelExpressions = [] }, i) => {
    const at = `${path}[${i}].matchLabelExpressions`
    const isRepeated = repeats(matchLabelExpressions.map(({ key }) => key))
    const causes = matchLabelExpressions.flatMap(({ key, values }, j) => [
      ...(values.length === 0 ? [required(`${at}[${j}].values`)] : []),
      ...repeats(values).flatMap((isSecond, k) => (isSecond ? [duplicate(`${at}[${j}].values[${k}]`, values[k])] : [])),
      ...invalidEach(`${at}[${j}].key`, key, checkQualifiedName(key)),
      ...(isRepeated[j] ? [duplicate(`${at}[${j}].key`, key)] : []),
    ])
    const asked = new Map(matchLabelExpressions.map(({ key, values }) => [key, [...new Set(values)].sort()]))
    const text = JSON.stringify([...asked].sort(([a], [b]) => (a < b ? -1 : 1)))
    const before = seen.get(text) ?? 0
    seen.set(text, before + 1)
    // The reference tells of each term that this one repeats, and compares it with as many that ask nothing as there are terms.
    const repeated = Math.min(before + (matchLabelExpressions.length === 0 ? terms.length : 0), REPEATED_TOLD_MAX - told)
    told += repeated
    return [...causes, ...Array.from({ length: repeated }, () => duplicate(at, ''))]
  })
}

/** As many as all pairs of terms: nobody reads more, and there is no room for them. */
const REPEATED_TOLD_MAX = 10_000
