import { serviceAddress } from '#api/core/v1/service-address.ts'
import { serviceClaims } from '#api/core/v1/service-claims.ts'
import { serviceColumns } from '#api/core/v1/service-columns.ts'
import { defaultService, prepareServiceCreate, prepareServiceUpdate } from '#api/core/v1/service-rules.ts'
import { serviceWarnings } from '#api/core/v1/service-warnings.ts'
import * as types from '#api/core/v1/types.ts'
import { validateService } from '#api/core/v1/validation/service.ts'
import { validateServiceStatus, validateServiceUpdate } from '#api/core/v1/validation/service-addresses.ts'
import { familiesOf, fillFamilies } from '#api/core/v1/validation/service-families.ts'
import { kind } from '#api/kind.ts'
import { statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Label } from '#schema/validate.ts'

export const Service = kind(
  types.Service,
  {
    group: '',
    version: 'v1',
    kind: 'Service',
    plural: 'services',
    storagePath: 'services/specs',
    singular: 'service',
    shortNames: ['svc'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: serviceColumns,
    subresources: {
      proxy: {
        sort: 'connect',
        verbs: ['create', 'delete', 'get', 'patch', 'update'],
        handler: 'serviceProxy',
        kindGV: ['', 'v1', 'ServiceProxyOptions'],
        options: types.ServiceProxyOptions,
      },
      status: statusOf<types.Service>({ validateUpdate: validateServiceStatus }),
    },
  },
  {
    returnsDeleted: true,
    defaults: defaultService,
    prepareCreate: prepareServiceCreate,
    prepareUpdate: prepareServiceUpdate,
    validateName: checkDns1123Label,
    validate: (service) => validateService(service),
    validateUpdate: validateServiceUpdate,
    warnings: (service) => serviceWarnings(service),
    createOnUpdate: true,
    claimable: ({ spec }, previous, context) => fillFamilies(spec, previous?.spec, familiesOf(context)).causes,
    claims: serviceClaims,
    claimRecords: { IPv4: serviceAddress, IPv6: serviceAddress },
    selectableFields: {
      'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
      'spec.type': ({ spec }) => spec.type,
    },
  },
)
export type Service = Of<typeof Service>
