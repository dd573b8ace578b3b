import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { World } from '../testing/world.ts'
import { rootCaController } from './controller.ts'

const controller = rootCaController('PEM')
const right = { 'ca.crt': 'PEM' }

check('is there in every namespace', undefined, right)
check('is put right when somebody changed it', { 'ca.crt': 'FORGED' }, right)
check('holds nothing else', { 'ca.crt': 'PEM', more: 'x' }, right)

test('not in a namespace that goes, and no other ConfigMap is touched', () => {
  const world = new World()
  world.put(Namespace, { metadata: { name: 'old' }, spec: {}, status: { phase: 'Terminating' } })
  world.put(Namespace, { metadata: { name: 'shop' }, spec: {}, status: { phase: 'Active' } })
  const mine = world.put(ConfigMap, { metadata: { name: 'mine', namespace: 'shop' }, data: { a: 'b' } })
  world.settle([rootCaController('PEM')])
  assert.equal(world.get(ConfigMap, 'kube-root-ca.crt', 'old'), undefined)
  assert.equal(world.get(ConfigMap, 'mine', 'shop'), mine)
})

function check(name: string, before: object | undefined, expected: object): void {
  test(name, () => {
    const world = new World()
    world.put(Namespace, { metadata: { name: 'shop' }, spec: {}, status: { phase: 'Active' } })
    if (before !== undefined) world.put(ConfigMap, { metadata: { name: 'kube-root-ca.crt', namespace: 'shop' }, data: before })
    world.settle([controller])
    const { data, metadata } = world.get(ConfigMap, 'kube-root-ca.crt', 'shop')!
    assert.deepEqual(data, expected)
    assert.match(metadata.annotations!['kubernetes.io/description']!, /^Contains a CA bundle/)
  })
}
