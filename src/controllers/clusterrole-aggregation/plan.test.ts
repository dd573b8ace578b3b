import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { World } from '../testing/world.ts'
import { clusterRoleAggregationController as controller } from './controller.ts'

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })
const chosen = { to: 'view' }

check('gathers the rules of what it chooses, by name, each once', { b: [rule('pods')], a: [rule('nodes'), rule('pods')] }, [
  'nodes',
  'pods',
])
check('drops rules that nobody gives any more', {}, [])

test('follows changes, and leaves roles without a rule of aggregation alone', () => {
  const world = given({ a: [rule('pods')] })
  const plain = world.put(ClusterRole, { metadata: { name: 'plain', labels: chosen }, rules: [rule('nodes')] })
  world.settle([controller])
  assert.deepEqual(gathered(world), ['pods', 'nodes'])
  world.change(ClusterRole, 'a', undefined, { rules: [rule('secrets')] })
  world.settle([controller])
  assert.deepEqual(gathered(world), ['secrets', 'nodes'])
  assert.equal(world.get(ClusterRole, 'plain'), plain)
})

function given(roles: Readonly<Record<string, object[]>>): World {
  const world = new World()
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: chosen }] }
  world.put(ClusterRole, { metadata: { name: 'view', labels: chosen }, aggregationRule, rules: [rule('old')] })
  for (const [name, rules] of Object.entries(roles)) world.put(ClusterRole, { metadata: { name, labels: chosen }, rules })
  return world
}

const gathered = (world: World) => (world.get(ClusterRole, 'view')!.rules ?? []).map(({ resources }) => resources![0])

function check(name: string, roles: Readonly<Record<string, object[]>>, expected: readonly string[]): void {
  test(name, () => {
    const world = given(roles)
    world.settle([controller])
    assert.deepEqual(gathered(world), expected)
  })
}
