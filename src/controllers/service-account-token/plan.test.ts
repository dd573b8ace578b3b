import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { namespace } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { serviceAccountTokenController as controller } from './controller.ts'

check('the token of a living account stays', { uid: 'u' }, true)
check('that of one that is gone goes', { uid: 'gone' }, false)
check('one without a uid may wait for its account', { uid: undefined, name: 'later' }, true)
check('another kind of Secret is none of ours', { uid: 'gone', type: 'Opaque' }, true)

test('goes when its account goes', () => {
  const world = given({ uid: 'u' })
  world.settle([controller])
  world.remove(ServiceAccount, world.get(ServiceAccount, 'builder', namespace)!)
  world.settle([controller])
  assert.equal(world.list(Secret).length, 0)
})

interface Token {
  readonly uid: string | undefined
  readonly name?: string
  readonly type?: string
}

function given({ uid, name = 'builder', type = 'kubernetes.io/service-account-token' }: Token): World {
  const world = new World()
  world.put(ServiceAccount, { metadata: { name: 'builder', namespace, uid: 'u' } })
  const annotations = {
    'kubernetes.io/service-account.name': name,
    ...(uid === undefined ? {} : { 'kubernetes.io/service-account.uid': uid }),
  }
  world.put(Secret, { metadata: { name: 'token', namespace, annotations }, type })
  return world
}

function check(name: string, token: Token, stays: boolean): void {
  test(name, () => {
    const world = given(token)
    world.settle([controller])
    assert.equal(world.get(Secret, 'token', namespace) !== undefined, stays)
  })
}
