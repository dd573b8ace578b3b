import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { namespace } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { serviceAccountTokenController } from './controller.ts'

const controller = serviceAccountTokenController()

check('the token of a living account stays', { uid: 'u' }, true)
check('that of one that is gone goes', { uid: 'gone' }, false)
check('one that names an account that there is not goes too', { uid: undefined, name: 'later' }, false)
check('another kind of Secret is none of ours', { uid: 'gone', type: 'Opaque' }, true)

test('goes when its account goes', () => {
  const world = given({ uid: 'u' })
  world.settle([controller])
  world.remove(ServiceAccount, world.get(ServiceAccount, 'builder', namespace)!)
  world.settle([controller])
  assert.equal(world.list(Secret).length, 0)
})

test('holds what its account’s bearer needs, and keeps a token that it has', () => {
  const filling = serviceAccountTokenController({
    issue: (account, secret) => `${account.metadata.name}/${secret.metadata.name}`,
    rootCa: 'PEM',
  })
  const world = given({ uid: undefined })
  world.settle([filling])
  const { data, metadata } = world.get(Secret, 'token', namespace)!
  const text = (key: string) => Buffer.from(data![key]!, 'base64').toString()
  assert.deepEqual([text('token'), text('namespace'), text('ca.crt')], ['builder/token', namespace, 'PEM'])
  assert.equal(metadata.annotations!['kubernetes.io/service-account.uid'], 'u')
  world.change(Secret, 'token', namespace, { data: { token: 'b3du', 'ca.crt': 'b2xk' } })
  world.settle([filling])
  const after = world.get(Secret, 'token', namespace)!.data!
  assert.deepEqual([after['token'], after['ca.crt']], ['b3du', 'UEVN'])
})

test('an account names no token Secret that is gone', () => {
  const world = given({ uid: 'u' })
  world.change(ServiceAccount, 'builder', namespace, { secrets: [{ name: 'token' }, { name: 'other' }] })
  world.settle([controller])
  world.remove(Secret, world.get(Secret, 'token', namespace)!)
  world.pass(controller, `${namespace}/token`)
  assert.deepEqual(world.get(ServiceAccount, 'builder', namespace)!.secrets, [{ name: 'other' }])
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
