import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { World } from '../testing/world.ts'
import { namespaceController } from './controller.ts'

const controller = namespaceController(createServedKinds([Pod, ConfigMap, ReplicaSet]))

test('deletes pods first, then the rest, then lets the namespace go', () => {
  const world = given([
    [ConfigMap, { metadata: { name: 'c', namespace: 'old' } }],
    [Pod, { metadata: { name: 'p', namespace: 'old' }, spec: { nodeName: 'n' }, status: {} }],
    [ConfigMap, { metadata: { name: 'kept', namespace: 'other' } }],
  ])
  world.settle([controller])
  assert.deepEqual(conditions(world), [
    'NamespaceContentRemaining SomeResourcesRemain Some resources are remaining: pods. has 1 resource instances',
  ])
  assert.notEqual(world.get(ConfigMap, 'c', 'old'), undefined, 'nothing else before the pods are gone')
  world.remove(Pod, world.get(Pod, 'p', 'old')!)
  world.settle([controller])
  assert.equal(world.get(Namespace, 'old'), undefined)
  assert.equal(world.list(ConfigMap, 'old').length, 0)
  assert.notEqual(world.get(ConfigMap, 'kept', 'other'), undefined)
})

test('says which finalizers hold the content, and waits', () => {
  const world = given([
    [ReplicaSet, { metadata: { name: 'rs', namespace: 'old', finalizers: ['example.com/hold'] }, spec: {}, status: {} }],
  ])
  world.settle([controller])
  assert.deepEqual(conditions(world), [
    'NamespaceContentRemaining SomeResourcesRemain Some resources are remaining: replicasets.apps has 1 resource instances',
    'NamespaceFinalizersRemaining SomeFinalizersRemain Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  ])
  assert.deepEqual(world.get(Namespace, 'old')!.spec.finalizers, ['kubernetes'])
  world.change(ReplicaSet, 'rs', 'old', { metadata: { finalizers: null } })
  world.settle([controller])
  assert.equal(world.get(Namespace, 'old'), undefined)
})

test('says what could not be deleted, and deletes the rest', () => {
  const own = namespaceController(createServedKinds([Pod, ConfigMap, ReplicaSet]))
  const world = given([
    [ConfigMap, { metadata: { name: 'c', namespace: 'old' } }],
    [ReplicaSet, { metadata: { name: 'rs', namespace: 'old' }, spec: {}, status: {} }],
  ])
  world.refuse = (command) =>
    command.do === 'delete' && command.kind === ConfigMap ? new WherryError('Forbidden', 'protected') : undefined
  for (let i = 0; i < 3; i += 1) world.pass(own, 'old')
  assert.deepEqual(conditions(world), [
    'NamespaceDeletionContentFailure ContentDeletionFailed Failed to delete all resource types, 1 remaining: protected',
  ])
  assert.equal(world.get(ReplicaSet, 'rs', 'old'), undefined)
  world.refuse = () => undefined
  world.settle([own])
  assert.equal(world.get(Namespace, 'old'), undefined)
})

test('does not let go while the API server knows of more than is seen', () => {
  const world = given([])
  world.refuse = (command) => (command.do === 'confirmNone' && command.kind === ConfigMap ? new WherryError('Conflict', 'one') : undefined)
  for (let i = 0; i < 3; i += 1) world.pass(controller, 'old')
  assert.deepEqual(world.get(Namespace, 'old')!.spec.finalizers, ['kubernetes'])
})

test('leaves a namespace alone that is not being deleted, and finalizers of others', () => {
  const world = new World()
  world.put(Namespace, { metadata: { name: 'alive' }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } })
  world.put(ConfigMap, { metadata: { name: 'c', namespace: 'alive' } })
  world.settle([controller])
  assert.deepEqual(world.history, [])
  const held = given([], ['kubernetes', 'example.com/own'])
  held.settle([controller])
  assert.deepEqual(held.get(Namespace, 'old')!.spec.finalizers, ['example.com/own'])
})

function given(objects: readonly (readonly [AnyKind, object])[], finalizers = ['kubernetes']): World {
  const world = new World()
  world.put(Namespace, {
    metadata: { name: 'old', deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: { finalizers },
    status: { phase: 'Active' },
  })
  for (const [kind, object] of objects) world.put(kind, object)
  return world
}

const conditions = (world: World): string[] =>
  (world.get(Namespace, 'old')!.status.conditions ?? [])
    .filter(({ status }) => status === 'True')
    .map(({ type, reason, message }) => `${type} ${reason} ${message}`)
