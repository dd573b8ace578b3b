import { localAvailability } from '#api/apiregistration/v1/availability.ts'
import * as types from '#api/apiregistration/v1/types.ts'
import { validateApiService } from '#api/apiregistration/v1/validate-api-service.ts'
import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import { validateConditionStatuses } from '#api/meta/v1/validate-conditions.ts'
import { keepStatus, statusOf, statusResetFields, takeStatus } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const APIService = kind(
  types.APIService,
  {
    group: 'apiregistration.k8s.io',
    version: 'v1',
    kind: 'APIService',
    servedApart: true,
    plural: 'apiservices',
    singular: 'apiservice',
    storagePath: 'apiregistration.k8s.io/apiservices',
    categories: ['api-extensions'],
    scope: 'Cluster',
    columns: [
      column<types.APIService>('Service', ({ spec: { service } }) =>
        service === undefined ? 'Local' : `${service.namespace ?? ''}/${service.name ?? ''}`,
      ),
      column<types.APIService>('Available', ({ status }) => availability(status)),
      age,
    ],
    subresources: {
      status: statusOf<types.APIService>({
        tables: false,
        take: takeStatus,
        validateUpdate: ({ status }) => validateConditionStatuses(status.conditions, 'status.conditions'),
      }),
    },
  },
  {
    // A group version that this server serves itself is there from its first moment.
    prepareCreate: (service, { now }) => ({
      ...service,
      status:
        service.spec.service === undefined ? { conditions: [{ type: 'Available', ...localAvailability, lastTransitionTime: now }] } : {},
    }),
    prepareUpdate: keepStatus,
    resetFields: statusResetFields,
    validateName: checkPathSegment,
    validate: validateApiService,
    checksMetadata: 'whole',
    plainFinalizers: true,
    validateUpdate: validateApiService,
    requiresResourceVersion: true,
  },
)
export type APIService = Of<typeof APIService>

function availability({ conditions = [] }: types.APIServiceStatus): string {
  const found = conditions.find(({ type }) => type === 'Available')
  if (found === undefined) return 'Unknown'
  return found.status === 'True' || !found.reason ? found.status : `${found.status} (${found.reason})`
}
