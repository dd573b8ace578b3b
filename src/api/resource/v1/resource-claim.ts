import { age, column } from '#api/columns.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind } from '#api/kind.ts'
import { defaultClaim } from '#api/resource/v1/claim-defaults.ts'
import { claimPermissions } from '#api/resource/v1/claim-permissions.ts'
import * as types from '#api/resource/v1/types.ts'
import { validateAdminRequests, validateAdminResults } from '#api/resource/v1/validate-admin-access.ts'
import { validateDeviceClaim } from '#api/resource/v1/validate-claim.ts'
import { deviceIdOf, validateClaimStatus } from '#api/resource/v1/validate-claim-status.ts'
import { keepStatus, same, statusOf, statusResetFields, takeStatus } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'
import { immutable } from '#schema/validate.ts'

export const ResourceClaim = kind(
  types.ResourceClaim,
  {
    group: 'resource.k8s.io',
    version: 'v1',
    kind: 'ResourceClaim',
    plural: 'resourceclaims',
    singular: 'resourceclaim',
    scope: 'Namespaced',
    columns: [column<types.ResourceClaim>('State', stateText), age],
    subresources: {
      status: statusOf<types.ResourceClaim>({
        tables: false,
        take: (previous, body) => withoutReleased(takeStatus(previous, body), previous),
        validateUpdate: (next, previous, context) => {
          const [now, before] = [next, previous].map(({ status }) => status.allocation?.devices ?? {})
          // What was granted once stays so: an allocation never changes.
          const isOld = (before?.results ?? []).some(({ adminAccess }) => adminAccess === true)
          return [...(isOld ? [] : validateAdminResults(now!, context)), ...validateClaimStatus(next, previous)]
        },
      }),
    },
  },
  {
    returnsDeleted: true,
    defaults: (claim) => {
      const spec = defaultClaim(claim.spec)
      return spec === claim.spec ? claim : { ...claim, spec }
    },
    prepareCreate: (claim) => ({ ...claim, status: {} }),
    prepareUpdate: keepStatus,
    resetFields: statusResetFields,
    validate: ({ spec }, context) => [
      ...validateAdminRequests(spec.devices, context),
      ...validateDeviceClaim(spec.devices, 'spec.devices'),
    ],
    permissions: claimPermissions,
    checksMetadata: 'whole',
    validateUpdate: (next, previous) =>
      same(next.spec, previous.spec) ? [] : immutable('spec', goStruct(types.ResourceClaimSpec, next.spec), false),
  },
)
export type ResourceClaim = Of<typeof ResourceClaim>

/** What drivers said of devices goes when those are given back. */
function withoutReleased(next: types.ResourceClaim, previous: types.ResourceClaim): types.ResourceClaim {
  const idsOf = ({ status }: types.ResourceClaim) =>
    new Set((status.allocation?.devices.results ?? []).map((result) => JSON.stringify(deviceIdOf(result))))
  const [before, after] = [idsOf(previous), idsOf(next)]
  const { devices = [], ...status } = next.status
  const kept = devices.filter((device) => {
    const id = JSON.stringify(deviceIdOf(device))
    return !before.has(id) || after.has(id)
  })
  return { ...next, status: kept.length === 0 ? status : { ...status, devices: kept } }
}

function stateText({ metadata, status }: types.ResourceClaim): string {
  const isDeleted = metadata.deletionTimestamp !== undefined
  const states = isDeleted ? ['deleted'] : []
  if (status.allocation === undefined) return [...states, ...(isDeleted ? [] : ['pending'])].join(',')
  return [...states, 'allocated', ...((status.reservedFor ?? []).length > 0 ? ['reserved'] : [])].join(',')
}
