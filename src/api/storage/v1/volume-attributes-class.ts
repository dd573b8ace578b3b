import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/storage/v1/types.ts'
import { validateParameters, validateProvisioner } from '#api/storage/v1/validate-parameters.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { forbidden, required } from '#schema/validate.ts'

export const VolumeAttributesClass = kind(
  types.VolumeAttributesClass,
  {
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'VolumeAttributesClass',
    plural: 'volumeattributesclasses',
    singular: 'volumeattributesclass',
    shortNames: ['vac'],
    scope: 'Cluster',
    columns: [column<types.VolumeAttributesClass>('DriverName', ({ driverName }) => driverName), age],
  },
  {
    returnsDeleted: true,
    validate,
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => [
      ...(next.driverName === previous.driverName ? [] : [forbidden('driverName', 'updates to driverName are forbidden.')]),
      ...(same(next.parameters ?? {}, previous.parameters ?? {}) ? [] : [forbidden('parameters', 'updates to parameters are forbidden.')]),
      ...validate(next),
    ],
  },
)
export type VolumeAttributesClass = Of<typeof VolumeAttributesClass>

function validate({ driverName, parameters }: types.VolumeAttributesClass): Cause[] {
  const isEmpty = Object.keys(parameters ?? {}).length === 0
  return [
    ...validateProvisioner(driverName, 'driverName'),
    ...validateParameters(parameters, 'parameters'),
    ...(isEmpty ? [required('parameters', 'must contain at least one key/value pair')] : []),
  ]
}
