import { age } from '#api/columns.ts'
import { isExtended } from '#api/core/v1/validation/resources.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/resource/v1/types.ts'
import { CONFIG_MAX, validateConfiguration } from '#api/resource/v1/validate-claim.ts'
import { validateSlice } from '#api/resource/v1/validate-parts.ts'
import { validateSelectors } from '#api/resource/v1/validate-selectors.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Subdomain, invalid } from '#schema/validate.ts'

export const DeviceClass = kind(
  types.DeviceClass,
  {
    group: 'resource.k8s.io',
    version: 'v1',
    kind: 'DeviceClass',
    plural: 'deviceclasses',
    singular: 'deviceclass',
    scope: 'Cluster',
    columns: [age],
  },
  {
    returnsDeleted: true,
    generation: true,
    // The reference asks nothing of the beginning of a name.
    validateName: (name, isPrefix) =>
      isPrefix === true ? [] : checkDns1123Subdomain(name).map((problem) => problem.replace(/characters$/, 'bytes')),
    validate,
    checksMetadata: 'whole',
    validateUpdate: (next) => validate(next),
  },
)
export type DeviceClass = Of<typeof DeviceClass>

function validate({ spec: { selectors, config, extendedResourceName: name } }: types.DeviceClass): Cause[] {
  return [
    ...validateSelectors(selectors, 'spec.selectors'),
    ...validateSlice(config, CONFIG_MAX, 'spec.config', validateConfiguration),
    ...(name === undefined || isExtended(name)
      ? []
      : [invalid('spec.extendedResourceName', name, 'must be a valid extended resource name')]),
  ]
}
