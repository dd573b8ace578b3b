import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, updated } from '#api/testing/check-kind.ts'
import { StorageVersionMigration } from './storage-version-migration.ts'

const body = (resource?: string, group?: string) => ({ metadata: { name: 'm' }, spec: { resource: { resource, group } } })
const label =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

for (const [name, given, causes] of [
  ['of the core group', body('secrets'), []],
  ['of another group', body('deployments', 'apps'), []],
  ['of nothing', body(), ['spec.resource.resource: Required value: resource is required to be set']],
  ['without a spec', { metadata: { name: 'm' } }, ['spec.resource.resource: Required value: resource is required to be set']],
  ['of a kind', body('Secret'), [`spec.resource.resource: Invalid value: "Secret": ${label}`]],
  ['of a group that is none', body('a', 'A/b'), [`spec.resource.group: Invalid value: "A/b": ${subdomain}`]],
] as const)
  test(`a migration ${name}`, () => assert.deepEqual(created(StorageVersionMigration, given).causes, causes))

test('a new migration has no status, and what it is of stays', () => {
  const { object } = created(StorageVersionMigration, { ...body('secrets'), status: { resourceVersion: '7' } })
  assert.deepEqual([object.spec, object.status], [{ resource: { group: '', resource: 'secrets' } }, {}])
  const moved = { ...object, spec: { resource: { group: '', resource: 'pods' } }, status: { resourceVersion: '7' } }
  const { causes, object: next } = updated(StorageVersionMigration, object, moved)
  assert.deepEqual(causes, ['spec: Invalid value: {"Resource":{"group":"","resource":"pods"}}: field is immutable'])
  assert.deepEqual(next.status, {})
})

const at = '2026-01-01T00:00:00Z'
const condition = (type: string, status = 'True') => ({ type, status, reason: 'R', message: '', lastTransitionTime: at })
const shown = (...types: (readonly [string, string])[]) =>
  JSON.stringify(types.map(([type, status]) => ({ type, status, lastTransitionTime: at, reason: 'R', message: '' })))
const conditions = (problem: string, value: string) => `status.conditions: Invalid value: ${value}: ${problem}`

for (const [name, before, after, causes] of [
  ['it begins', {}, { resourceVersion: '7', conditions: [condition('Running')] }, []],
  [
    'its version is none',
    {},
    { resourceVersion: '07' },
    ['status.resourceVersion: Invalid value: "07": resource version is not well formed: 07'],
  ],
  [
    'its version changes',
    { resourceVersion: '7' },
    { resourceVersion: '8' },
    ['status.resourceVersion: Invalid value: "8": field is immutable'],
  ],
  ['it ends', { conditions: [condition('Running')] }, { conditions: [condition('Running', 'False'), condition('Succeeded')] }, []],
  [
    'both ends',
    {},
    { conditions: [condition('Succeeded'), condition('Failed')] },
    [conditions('Both success and failed conditions cannot be true at the same time', shown(['Succeeded', 'True'], ['Failed', 'True']))],
  ],
  [
    'a success that is taken back',
    { conditions: [condition('Succeeded')] },
    { conditions: [condition('Succeeded', 'False')] },
    [conditions('Success condition cannot be set to false once it is true', shown(['Succeeded', 'False']))],
  ],
  [
    'a failure that is forgotten',
    { conditions: [condition('Failed')] },
    {},
    [conditions('Failed condition cannot be set to false once it is true', 'null')],
  ],
  [
    'a condition without a reason',
    {},
    { conditions: [{ ...condition('Running'), reason: '' }] },
    ['status.conditions[0].reason: Required value'],
  ],
] as const)
  test(`a status: ${name}`, () => {
    const part = StorageVersionMigration.subresources?.['status']
    assert.ok(part?.sort === 'part')
    const migration = (status: object) => ({ ...created(StorageVersionMigration, body('secrets')).object, status })
    const found = part.validateUpdate?.(migration(after) as never, migration(before) as never, {} as never) ?? []
    assert.deepEqual(
      found.map(({ field, message }) => `${field}: ${message}`),
      causes,
    )
  })

test('columns', () => {
  const cells = (resource: object, status: object) =>
    StorageVersionMigration.columns!.map(({ cell }) => cell({ metadata: {}, spec: { resource }, status } as never, 0))
  const secrets = { group: '', resource: 'secrets' }
  assert.deepEqual(cells(secrets, {}), ['secrets', 'Unknown'])
  assert.deepEqual(cells({ group: 'apps', resource: 'deployments' }, { conditions: [condition('Running')] }), [
    'deployments.apps',
    'Running',
  ])
  assert.deepEqual(cells(secrets, { conditions: [condition('Running', 'False'), condition('Failed')] }), ['secrets', 'Failed'])
})
