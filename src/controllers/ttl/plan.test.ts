import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { WherryError } from '#lib/errors.ts'
import { World } from '../testing/world.ts'
import { ttlController as controller } from './controller.ts'
import { said } from './plan.ts'

// The number of nodes as it changes, and what each says then.
check('a small cluster need not spare its server', [1, 100], ['0', '0'])
check('one step further on', [100, 101, 100, 90], ['0', '15', '15', '15'])
check('and back only below where the step begins', [101, 89, 100], ['15', '0', '0'])
check('each step', [1, 500, 1000, 2000, 2001], ['0', '15', '30', '60', '300'])
check('from large to small at once', [2001, 5], ['300', '0'])

test('what somebody else wrote there is put right', () => {
  const world = new World()
  world.put(Node, { metadata: { name: 'a', annotations: { 'node.alpha.kubernetes.io/ttl': 'x' } }, spec: {}, status: {} })
  world.settle([controller])
  assert.equal(said(world.get(Node, 'a')!), '0')
})

test('a node that cannot be told keeps no other from being told', () => {
  const world = new World()
  for (const name of ['a', 'b', 'c']) world.put(Node, { metadata: { name }, spec: {}, status: {} })
  world.refuse = (command) => (command.do === 'patch' && command.name === 'b' ? new WherryError('Forbidden', 'no') : undefined)
  for (const key of world.keysOf(controller)) world.pass(controller, key)
  assert.deepEqual(world.list(Node).map(said), ['0', undefined, '0'])
})

function check(name: string, counts: readonly number[], expected: readonly string[]): void {
  test(name, () => {
    const world = new World()
    const seen: (string | undefined)[] = []
    for (const count of counts) {
      const names = world.list(Node).map(({ metadata }) => metadata.name)
      for (let i = names.length; i < count; i += 1) world.put(Node, { metadata: { name: `n${i}` }, spec: {}, status: {} })
      for (const gone of names.slice(count)) world.remove(Node, world.get(Node, gone)!)
      world.settle([controller])
      const all = new Set(world.list(Node).map(said))
      assert.equal(all.size, 1)
      seen.push(...all)
    }
    assert.deepEqual(seen, expected)
  })
}
