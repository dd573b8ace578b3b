import { age, column } from '#api/columns.ts'
import { roundToMilli } from '#api/core/v1/pod-defaults.ts'
import * as types from '#api/core/v1/types.ts'
import { validateResourceQuota, validateResourceQuotaStatus, validateResourceQuotaUpdate } from '#api/core/v1/validation/resource-quota.ts'
import { kind } from '#api/kind.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import { compareQuantity } from '#lib/quantity.ts'
import type { Of } from '#schema/schema.ts'

export const ResourceQuota = kind(
  types.ResourceQuota,
  {
    group: '',
    version: 'v1',
    kind: 'ResourceQuota',
    plural: 'resourcequotas',
    singular: 'resourcequota',
    shortNames: ['quota'],
    scope: 'Namespaced',
    columns: [
      column<types.ResourceQuota>('Request', (quota) => usage(quota, false)),
      column<types.ResourceQuota>('Limit', (quota) => usage(quota, true)),
      age,
    ],
    subresources: { status: statusOf<types.ResourceQuota>({ validateUpdate: validateResourceQuotaStatus }) },
  },
  {
    returnsDeleted: true,
    defaults: (quota) => ({ ...quota, spec: roundHard(quota.spec), status: roundHard(quota.status) }),
    prepareCreate: (quota) => ({ ...quota, status: {} }),
    prepareUpdate: keepStatus,
    validate: validateResourceQuota,
    warnings: (quota, previous) => (previous === undefined ? limitsBelowRequests(quota.spec.hard ?? {}) : []),
    validateUpdate: validateResourceQuotaUpdate,
  },
)
export type ResourceQuota = Of<typeof ResourceQuota>

/** `cpu: 1/2` for each resource that has a ceiling. */
function usage({ status }: types.ResourceQuota, limits: boolean): string {
  return Object.keys(status.hard ?? {})
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${status.used?.[name] ?? '0'}/${status.hard![name]}`)
    .join(', ')
}

/** A new ceiling of limits below that of requests leaves a part of the latter out of reach. */
function limitsBelowRequests(hard: types.ResourceList): string[] {
  return ['cpu', 'memory', 'storage', 'ephemeral-storage'].flatMap((name) => {
    const bare = hard[`requests.${name}`] === undefined && (name === 'cpu' || name === 'memory')
    const asked = bare ? name : `requests.${name}`
    const [request, limit] = [hard[asked], hard[`limits.${name}`]]
    if (request === undefined || limit === undefined || compareQuantity(request, limit) <= 0) return []
    return [`ResourceQuota ${asked} (${request}) should be less than limits.${name} (${limit})`]
  })
}

function roundHard<S extends types.ResourceQuotaStatus | types.ResourceQuotaSpec>(part: S): S {
  return part?.hard === undefined ? part : { ...part, hard: roundToMilli(part.hard) }
}
