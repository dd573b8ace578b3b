import { goStruct } from '#api/go-struct.ts'
import { Condition } from '#api/meta/v1/types.ts'
import { validateConditions } from '#api/meta/v1/validate-conditions.ts'
import { type StorageVersionMigration, StorageVersionMigrationSpec } from '#api/storagemigration/v1beta1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1035Label, checkDns1123Subdomain } from '#schema/formats.ts'
import { immutable, invalid, required } from '#schema/validate.ts'

/** What is wrong with a migration: the resource has to have a name that one could have. */
export function validateStorageVersionMigration({ spec: { resource } }: StorageVersionMigration): Cause[] {
  const named = (field: string, value: string, problems: readonly string[]): Cause[] =>
    problems.length === 0 ? [] : [invalid(`spec.resource.${field}`, value, problems.join(','))]
  return [
    ...(resource.resource === ''
      ? [required('spec.resource.resource', 'resource is required to be set')]
      : named('resource', resource.resource, checkDns1035Label(resource.resource))),
    ...(resource.group === '' ? [] : named('group', resource.group, checkDns1123Subdomain(resource.group))),
  ]
}

/** The same of an update, which may not change what is migrated. */
export const validateStorageVersionMigrationUpdate = (next: StorageVersionMigration, previous: StorageVersionMigration): Cause[] => [
  ...validateStorageVersionMigration(next),
  ...immutable('spec', goStruct(StorageVersionMigrationSpec, next.spec), same(next.spec, previous.spec)),
]

/** What is wrong with a status: nothing of what was decided is taken back. */
export function validateStorageVersionMigrationStatus(next: StorageVersionMigration, previous: StorageVersionMigration): Cause[] {
  const { conditions, resourceVersion = '' } = next.status
  const before = previous.status.resourceVersion ?? ''
  const versionPath = 'status.resourceVersion'
  const shown = conditions?.map((condition) => goStruct(Condition, condition)) ?? null
  const ended = (problem: string): Cause => invalid('status.conditions', shown, problem)
  return [
    ...(resourceVersion !== '' && !/^[1-9][0-9]*$/.test(resourceVersion)
      ? [invalid(versionPath, resourceVersion, `resource version is not well formed: ${resourceVersion}`)]
      : []),
    ...validateConditions(conditions, 'status.conditions'),
    ...immutable(versionPath, resourceVersion, before === '' || before === resourceVersion),
    ...(holds(next, 'Succeeded') && holds(next, 'Failed')
      ? [ended('Both success and failed conditions cannot be true at the same time')]
      : []),
    ...(holds(previous, 'Succeeded') && !holds(next, 'Succeeded')
      ? [ended('Success condition cannot be set to false once it is true')]
      : []),
    ...(holds(previous, 'Failed') && !holds(next, 'Failed') ? [ended('Failed condition cannot be set to false once it is true')] : []),
  ]
}

const holds = ({ status: { conditions = [] } }: StorageVersionMigration, type: string): boolean =>
  conditions.find((condition) => condition.type === type)?.status === 'True'
