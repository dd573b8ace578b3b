import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { World } from '../testing/world.ts'
import { legacyTokenTrackingController } from './controller.ts'

const name = 'kube-apiserver-legacy-service-account-token-tracking'
const namespace = 'kube-system'
const today = '2026-01-01'

check('it is missing', undefined, { since: today })
check('a day is there', { since: '2023-05-06' }, { since: '2023-05-06' })
check('what is there is no day', { since: 'yesterday', note: 'x' }, { since: today, note: 'x' })
check('nor is that', { since: '2025-02-31' }, { since: today })
check('nor nothing', {}, { since: today })

test('comes back when somebody takes it away, and not in a namespace that goes', () => {
  const world = given(undefined)
  world.settle([legacyTokenTrackingController])
  world.remove(ConfigMap, world.get(ConfigMap, name, namespace)!)
  world.settle([legacyTokenTrackingController])
  assert.ok(world.get(ConfigMap, name, namespace))
  const going = new World()
  going.put(Namespace, { metadata: { name: namespace, deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: 'Terminating' } })
  going.settle([legacyTokenTrackingController])
  assert.equal(going.get(ConfigMap, name, namespace), undefined)
})

function given(data: Readonly<Record<string, string>> | undefined): World {
  const world = new World()
  world.put(Namespace, { metadata: { name: namespace }, status: { phase: 'Active' } })
  world.put(ConfigMap, { metadata: { name: 'another', namespace }, data: {} })
  if (data !== undefined) world.put(ConfigMap, { metadata: { name, namespace }, data })
  return world
}

function check(what: string, data: Readonly<Record<string, string>> | undefined, expected: object): void {
  test(what, () => {
    const world = given(data)
    world.settle([legacyTokenTrackingController])
    assert.deepEqual(world.get(ConfigMap, name, namespace)!.data, expected)
    assert.deepEqual(world.get(ConfigMap, 'another', namespace)!.data, {})
  })
}
