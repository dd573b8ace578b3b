import { serviceClaims } from '#api/core/v1/service-claims.ts'
import { serviceColumns } from '#api/core/v1/service-columns.ts'
import { defaultService, prepareServiceCreate, prepareServiceUpdate } from '#api/core/v1/service-rules.ts'
import * as types from '#api/core/v1/types.ts'
import { kind } from '#api/kind.ts'
import { statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const Service = kind(
  types.Service,
  {
    group: '',
    version: 'v1',
    kind: 'Service',
    plural: 'services',
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
      },
      status: statusOf<types.Service>(),
    },
  },
  {
    defaults: defaultService,
    prepareCreate: prepareServiceCreate,
    prepareUpdate: prepareServiceUpdate,
    createOnUpdate: true,
    claims: (service) => serviceClaims(service),
    selectableFields: {
      'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
      'spec.type': ({ spec }) => spec.type,
    },
  },
)
export type Service = Of<typeof Service>
