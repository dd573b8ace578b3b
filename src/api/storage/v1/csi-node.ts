import { age, column } from '#api/columns.ts'
import { validateDriverName } from '#api/core/v1/validation/volumes.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/storage/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import type { Of } from '#schema/schema.ts'
import { checkQualifiedName, duplicate, immutable, invalid, invalidEach, notNegative, required } from '#schema/validate.ts'

export const CSINode = kind(
  types.CSINode,
  {
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'CSINode',
    plural: 'csinodes',
    singular: 'csinode',
    scope: 'Cluster',
    columns: [column<types.CSINode>('Drivers', ({ spec }) => spec.drivers.length, { type: 'integer' }), age],
  },
  {
    returnsDeleted: true,
    validate,
    checksMetadata: 'content',
    validateUpdate: (next, previous) => [...validate(next), ...validateChanges(next.spec.drivers, previous.spec.drivers)],
    requiresResourceVersion: true,
  },
)
export type CSINode = Of<typeof CSINode>

function validate({ spec: { drivers } }: types.CSINode): Cause[] {
  const isRepeated = repeats(drivers.map(({ name }) => name))
  return drivers.flatMap((driver, i) => {
    const causes = validateDriver(driver, `spec.drivers[${i}]`)
    return isRepeated[i] ? [...causes, duplicate(`spec.drivers[${i}].name`, driver.name)] : causes
  })
}

function validateDriver({ name, nodeID, allocatable, topologyKeys }: types.CSINodeDriver, path: string): Cause[] {
  const keys = topologyKeys ?? []
  const isRepeated = repeats(keys)
  return [
    ...validateDriverName(name, `${path}.name`),
    ...(nodeID === '' ? [required(`${path}.nodeID`)] : []),
    ...(Buffer.byteLength(nodeID) > NODE_ID_LENGTH_MAX
      ? [invalid(`${path}.nodeID`, nodeID, `must be ${NODE_ID_LENGTH_MAX} characters or less`)]
      : []),
    ...notNegative(`${path}.allocatable.count`, allocatable?.count),
    ...keys.flatMap((key, i) => [
      ...(key === '' ? [required(path)] : []),
      ...(isRepeated[i] ? [duplicate(path, key)] : []),
      ...invalidEach(path, key, checkQualifiedName(key)),
    ]),
  ]
}

const NODE_ID_LENGTH_MAX = 256

function validateChanges(next: readonly types.CSINodeDriver[], previous: readonly types.CSINodeDriver[]): Cause[] {
  const byName = Map.groupBy(next, ({ name }) => name)
  return previous.flatMap((before) => (byName.get(before.name) ?? []).flatMap((driver) => validateChange(driver, before)))
}

/** How many volumes fit may change; who the node is to the driver may not. */
function validateChange(next: types.CSINodeDriver, previous: types.CSINodeDriver): Cause[] {
  const { allocatable: _next, topologyKeys: keys, ...after } = next
  const { allocatable: _previous, topologyKeys: keysBefore, ...before } = previous
  return immutable(
    'spec.drivers',
    goStruct(types.CSINodeDriver, { ...after, topologyKeys: keys }),
    same(after, before) && same(keys, keysBefore),
  )
}
