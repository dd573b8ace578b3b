import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { TokenReview } from '#api/authentication/v1/token-review.ts'
import { Secret } from '#api/core/v1/secret.ts'
import type { AnyKind } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { type ErrorCode, WherryError } from '#lib/errors.ts'
import type { Single } from '#loop/controller.ts'
import { World } from '../testing/world.ts'
import { storageVersionMigrator } from './controller.ts'

const condition = (type: string) => ({ type, status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' })

/** A world with a migration, and what it sees of the kinds. */
function worldWith(resource: { readonly group?: string; readonly resource: string }, status: object, served: readonly AnyKind[] = kinds) {
  const world = new World()
  const put = () => world.put(StorageVersionMigration, { metadata: { name: 'm' }, spec: { resource: { group: '', ...resource } }, status })
  const migration = () => world.get(StorageVersionMigration, 'm')!
  return { world, put, migration, controllers: [storageVersionMigrator(() => served)] }
}

const running = { conditions: [condition('Running')] }
const secret = (name: string) => ({ metadata: { name, namespace: 'n' }, data: {} })
const applies = (world: World) => world.history.filter((line) => line.startsWith('apply')).map((line) => line.split(' ')[2])
/** What is said of it in the end: `Failed: why`. */
const told = ({ status: { conditions = [] } }: StorageVersionMigration) =>
  conditions.filter(({ type }) => type !== 'Running').map(({ type, reason, message }) => `${type} ${reason} ${message}`.trim())
const failed = (message: string) => [`Failed StorageVersionMigrationFailed ${message}`]
const succeeded = ['Succeeded StorageVersionMigrationSucceeded']

test('each object that was there is written as it is, what came later is not, and then it has succeeded', () => {
  const { world, put, migration, controllers } = worldWith({ resource: 'secrets' }, running)
  const [a] = ['a', 'b'].map((name) => world.put(Secret, secret(name)))
  const begun = put()
  world.put(Secret, secret('later'))
  world.settle(controllers)
  assert.equal(migration().status.resourceVersion, begun.metadata.resourceVersion)
  assert.deepEqual(applies(world), ['a', 'b'])
  assert.deepEqual(told(migration()), succeeded)
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'n', uid: a!.metadata.uid, resourceVersion: '1' } }
  assert.ok(world.history.includes(`apply secret a ${JSON.stringify(body)}`))
})

test('a look after a crash passes over what was written before it', () => {
  const { world, put, migration, controllers } = worldWith({ resource: 'secrets' }, { ...running, resourceVersion: '2' })
  for (const name of ['a', 'b', 'c']) world.put(Secret, secret(name))
  put()
  world.settle(controllers)
  assert.deepEqual([applies(world), migration().status.resourceVersion, told(migration())], [['a', 'b'], '2', succeeded])
})

for (const [name, status] of [
  ['that does not run yet', {}],
  ['that has failed', { conditions: [condition('Running'), condition('Failed')] }],
  ['that has succeeded', { conditions: [condition('Succeeded')], resourceVersion: '9' }],
] as const)
  test(`nothing is done for one ${name}`, () => {
    const { world, put, controllers } = worldWith({ resource: 'secrets' }, status)
    world.put(Secret, secret('a'))
    put()
    world.settle(controllers)
    assert.deepEqual(world.history, [])
  })

for (const [name, code, wanted] of [
  ['is another one by now', 'Conflict', succeeded],
  ['is gone', 'NotFound', succeeded],
  ['may not be written', 'Forbidden', failed('migration encountered unhandled error: no')],
  ['is wrong', 'Invalid', failed('migration encountered unhandled error: no')],
] as const)
  test(`an object that ${name}`, () => {
    const { world, put, migration, controllers } = worldWith({ resource: 'secrets' }, running)
    world.put(Secret, secret('a'))
    put()
    world.refuse = refusing(code)
    world.settle(controllers)
    assert.deepEqual(told(migration()), wanted)
  })

const passing = ['Expired', 'InternalError', 'ServerTimeout', 'ServiceUnavailable', 'Timeout', 'TooManyRequests'] as const
for (const code of passing)
  test(`what may pass is tried again: ${code}`, () => {
    const { world, put, migration, controllers } = worldWith({ resource: 'secrets' }, { ...running, resourceVersion: '9' })
    world.put(Secret, secret('a'))
    put()
    world.refuse = refusing(code)
    world.pass(controllers[0]!, 'm')
    assert.deepEqual(told(migration()), [])
    world.refuse = () => undefined
    world.settle(controllers)
    assert.deepEqual([applies(world), told(migration())], [['a'], succeeded])
  })

const refusing =
  (code: ErrorCode) =>
  (command: Single): WherryError | undefined =>
    command.do === 'apply' ? new WherryError(code, 'no') : undefined

for (const [stage, status, why] of [
  ['before it begins', running, 'resource does not exist in discovery'],
  ['later', { ...running, resourceVersion: '9' }, 'migration encountered unhandled error: unable to obtain GVR from discovery'],
] as const)
  test(`a resource that nobody serves is waited for, a minute long: ${stage}`, () => {
    const { world, put, migration, controllers } = worldWith({ group: 'example.com', resource: 'widgets' }, status)
    put()
    const due = world.now + 60_000
    assert.equal(world.settle(controllers), due)
    assert.deepEqual(told(migration()), [])
    world.now = due
    world.settle(controllers)
    assert.deepEqual(told(migration()), failed(why))
  })

test('a definition that comes is a reason to look again', () => {
  const [controller] = worldWith({ resource: 'secrets' }, running).controllers
  const world = new World()
  const put = (name: string, resource: object, status: object) =>
    world.put(StorageVersionMigration, { metadata: { name }, spec: { resource }, status })
  put('a', { group: 'example.com', resource: 'widgets' }, running)
  put('b', { group: 'example.com', resource: 'gadgets' }, running)
  put('c', { group: 'example.com', resource: 'widgets' }, { conditions: [condition('Succeeded')] })
  const source = controller!.sources.find(({ kind }) => kind === (CustomResourceDefinition as AnyKind))
  assert.deepEqual(source?.keys?.({ metadata: { name: 'widgets.example.com' } } as never, world, undefined), ['a'])
})

test('a resource whose objects nobody can list is none to migrate', () => {
  const { world, put, migration, controllers } = worldWith({ group: TokenReview.group, resource: TokenReview.plural }, running)
  put()
  world.settle(controllers)
  const why = 'resource "authentication.k8s.io/v1, Resource=tokenreviews" does not support discovery operations: [update patch list]'
  assert.deepEqual(told(migration()), failed(why))
})
