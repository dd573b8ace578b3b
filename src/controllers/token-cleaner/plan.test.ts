import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#api/core/v1/secret.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { World } from '../testing/world.ts'
import { tokenCleanerController as controller } from './controller.ts'

const now = new World().now

check('a token without an end stays', {}, Infinity)
check('one that ends later stays until then', { expiration: rfc3339(now + 5000) }, now + 5000)
check('one that has just ended goes', { expiration: rfc3339(now) }, 'gone')
check('one whose end cannot be read goes', { expiration: 'tomorrow' }, 'gone')
check('one whose end is a day without a time goes', { expiration: '2099-01-01' }, 'gone')
check('an end in another zone is the same end', { expiration: '2026-01-01T02:00:01+02:00' }, now + 1000)
check('what is no token stays', { expiration: rfc3339(now) }, Infinity, { type: 'Opaque' })
check('a token elsewhere is none', { expiration: rfc3339(now) }, Infinity, { namespace: 'shop' })
check('whatever its name', { expiration: rfc3339(now) }, 'gone', { name: 'other' })

test('goes in its time', () => {
  const world = given({ expiration: rfc3339(now + 5000) })
  world.settle([controller])
  world.now += 5000
  world.settle([controller])
  assert.deepEqual(world.list(Secret), [])
})

interface Place {
  readonly type?: string
  readonly namespace?: string
  readonly name?: string
}

function given(values: Readonly<Record<string, string>>, { type, namespace, name }: Place = {}): World {
  const world = new World()
  world.put(Secret, {
    metadata: { name: name ?? 'bootstrap-token-abcdef', namespace: namespace ?? 'kube-system' },
    type: type ?? 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  })
  return world
}

function check(name: string, values: Readonly<Record<string, string>>, expected: 'gone' | number, place: Place = {}): void {
  test(name, () => {
    const world = given(values, place)
    const wakeAt = world.settle([controller])
    assert.equal(world.list(Secret).length === 0 ? 'gone' : wakeAt, expected)
  })
}
