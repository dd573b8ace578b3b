import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { World } from '../testing/world.ts'
import { serviceAccountController as controller } from './controller.ts'

check('gives each namespace its account', { status: { phase: 'Active' } }, true)
check('but none to one that goes', { status: { phase: 'Terminating' } }, false)
check('nor to one whose deletion has just begun', { status: { phase: 'Active' }, deletionTimestamp: '2026-01-01T00:00:00Z' }, false)

test('makes it again when somebody deleted it', () => {
  const world = new World()
  world.put(Namespace, { metadata: { name: 'shop' }, spec: {}, status: { phase: 'Active' } })
  world.settle([controller])
  world.remove(ServiceAccount, world.get(ServiceAccount, 'default', 'shop')!)
  world.settle([controller])
  assert.notEqual(world.get(ServiceAccount, 'default', 'shop'), undefined)
})

function check(
  name: string,
  { status, ...metadata }: { readonly status: object; readonly deletionTimestamp?: string },
  expected: boolean,
): void {
  test(name, () => {
    const world = new World()
    world.put(Namespace, { metadata: { name: 'shop', ...metadata }, spec: { finalizers: ['kubernetes'] }, status })
    world.settle([controller])
    assert.equal(world.get(ServiceAccount, 'default', 'shop') !== undefined, expected)
  })
}
