import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { World } from '../testing/world.ts'
import { migrationRunner } from './migration-runner.ts'

const at = '2026-01-01T00:00:00Z'
const condition = (type: string, status = 'True', more: object = {}) => ({
  type,
  status,
  reason: 'R',
  message: '',
  lastTransitionTime: '2025-12-31T00:00:00Z',
  ...more,
})

interface Migration {
  readonly name: string
  readonly of?: readonly [resource: string, group: string]
  /** Minutes before the others. */
  readonly older?: number
  readonly conditions?: readonly object[]
}

const widgets = ['widgets', 'example.com'] as const

/** The migrations, and those that run once all is settled. */
function check(name: string, migrations: readonly Migration[], running: readonly string[]): void {
  test(name, () => {
    const world = new World()
    for (const one of migrations) put(world, one)
    world.settle([migrationRunner])
    const present = world.list(StorageVersionMigration).filter(({ status }) => status.conditions?.some(isRunning))
    assert.deepEqual(
      present.map(({ metadata }) => metadata.name),
      running,
    )
  })
}

const isRunning = ({ type, status }: { readonly type: string; readonly status: string }) => type === 'Running' && status === 'True'

function put(world: World, { name, of = widgets, older = 0, conditions = [] }: Migration) {
  const creationTimestamp = new Date(world.now - older * 60_000).toISOString().replace('.000', '')
  const [resource, group] = of
  return world.put(StorageVersionMigration, {
    metadata: { name, creationTimestamp },
    spec: { resource: { resource, group } },
    status: { conditions },
  })
}

check('one alone runs', [{ name: 'a' }], ['a'])
check('the oldest runs, the others wait', [{ name: 'a' }, { name: 'b', older: 1 }], ['b'])
check('of those made at the same time the first by name', [{ name: 'b' }, { name: 'a' }], ['a'])
check(
  'nobody goes before one that runs',
  [
    { name: 'a', older: 5 },
    { name: 'b', conditions: [condition('Running')] },
  ],
  ['b'],
)
check('after one that ended the next', [{ name: 'a', conditions: [condition('Running'), condition('Failed')] }, { name: 'b' }], ['b'])
check('one that ended before does not run again', [{ name: 'a', conditions: [condition('Succeeded')] }], [])
check(
  'resources do not wait for each other',
  [{ name: 'a' }, { name: 'b', of: ['secrets', ''] }, { name: 'c', of: ['widgets', ''] }],
  ['a', 'b', 'c'],
)

test('what is written of one from its beginning to its end', () => {
  const world = new World()
  put(world, { name: 'a' })
  world.settle([migrationRunner])
  const running = {
    type: 'Running',
    status: 'True',
    reason: 'MigrationRunning',
    message: 'The migration is running',
    lastTransitionTime: at,
  }
  assert.deepEqual(world.get(StorageVersionMigration, 'a')?.status.conditions, [running])
  world.now += 60_000
  world.change(StorageVersionMigration, 'a', undefined, { status: { conditions: [running, condition('Succeeded')] } })
  world.settle([migrationRunner])
  assert.deepEqual(world.get(StorageVersionMigration, 'a')?.status.conditions, [
    {
      type: 'Running',
      status: 'False',
      reason: 'MigrationCompleted',
      message: 'Migration completed',
      lastTransitionTime: '2026-01-01T00:01:00Z',
    },
    condition('Succeeded'),
  ])
})

const versions = [
  { name: 'v1', served: true, storage: false },
  { name: 'v2', served: true, storage: true },
]

/** What a definition of generation 2, stored in v1 and v2, says after a look at its one migration. */
function checkDefinition(
  name: string,
  migration: readonly object[],
  before: readonly object[],
  wanted: readonly [status: string, reason: string, message: string, storedVersions: readonly string[], since?: string],
): void {
  test(`a definition: ${name}`, () => {
    const world = new World()
    world.put(CustomResourceDefinition, {
      metadata: { name: 'widgets.example.com', generation: 2 },
      spec: { group: 'example.com', versions },
      status: { conditions: before, storedVersions: ['v1', 'v2'] },
    })
    put(world, { name: 'a', conditions: migration })
    world.settle([migrationRunner])
    const { conditions, storedVersions } = world.get(CustomResourceDefinition, 'widgets.example.com')!.status
    const [status, reason, message, stored, lastTransitionTime = at] = wanted
    assert.deepEqual(conditions, [{ type: 'StorageMigrating', status, reason, message, lastTransitionTime, observedGeneration: 2 }])
    assert.deepEqual(storedVersions, stored)
  })
}

const ended = (how: string) => [condition('Running'), condition(how)]
const migrating = (observedGeneration: number) => [condition('StorageMigrating', 'True', { observedGeneration })]
checkDefinition('it begins', [], [], ['True', 'MigrationRunning', 'Migration a is running', ['v1', 'v2']])
checkDefinition(
  'another one begins',
  [],
  [condition('StorageMigrating', 'False')],
  ['True', 'MigrationRunning', 'Migration a is running', ['v1', 'v2']],
)
checkDefinition('it succeeded', ended('Succeeded'), migrating(2), [
  'False',
  'MigrationSucceeded',
  'The migration has succeeded and the stored versions have been updated',
  ['v2'],
])
checkDefinition('it changed meanwhile', ended('Succeeded'), migrating(1), [
  'False',
  'MigrationSucceeded',
  'The migration has succeeded but the stored versions have not been updated due to a generation mismatch',
  ['v1', 'v2'],
])
checkDefinition('it failed', ended('Failed'), migrating(2), ['False', 'MigrationFailed', 'The migration has failed', ['v1', 'v2']])
checkDefinition(
  'it was said before a crash',
  ended('Failed'),
  [condition('StorageMigrating', 'False')],
  ['False', 'MigrationFailed', 'The migration has failed', ['v1', 'v2'], '2025-12-31T00:00:00Z'],
)
