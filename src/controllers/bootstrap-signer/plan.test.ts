import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { compactVerify } from 'jose'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { World } from '../testing/world.ts'
import { bootstrapSignerController as controller } from './controller.ts'
import { detachedSignature } from './detached-signature.ts'

const now = new World().now
const kubeconfig = 'apiVersion: v1\nkind: Config\n'
const secret = '0123456789abcdef'

check('a token that may sign', { abcdef: {} }, ['jws-kubeconfig-abcdef'])
check('each of two', { abcdef: {}, uvwxyz: {} }, ['jws-kubeconfig-abcdef', 'jws-kubeconfig-uvwxyz'])
check('none that may not', { abcdef: { 'usage-bootstrap-signing': 'false' } }, [])
check('none without a secret', { abcdef: { 'token-secret': '' } }, [])
check('none whose name says another id', { abcdef: { 'token-id': 'uvwxyz' } }, [])
check('none that has ended', { abcdef: { expiration: rfc3339(now) } }, [])
check('none whose end cannot be read', { abcdef: { expiration: '2026-13-01' } }, [])
check('none of another type', { abcdef: {} }, [], 'Opaque')

test('a signature is one that others can verify, without its content', async () => {
  const signature = detachedSignature(kubeconfig, 'abcdef', secret)
  const [header, nothing, own] = signature.split('.')
  assert.deepEqual(JSON.parse(Buffer.from(header!, 'base64url').toString()), { alg: 'HS256', kid: 'abcdef' })
  assert.equal(nothing, '')
  const whole = `${header}.${Buffer.from(kubeconfig).toString('base64url')}.${own}`
  assert.equal(new TextDecoder().decode((await compactVerify(whole, Buffer.from(secret))).payload), kubeconfig)
  assert.notEqual(own, createHmac('sha256', 'other').update('x').digest('base64url'))
})

test('goes when its token ends, and follows the content', () => {
  const world = given({ abcdef: { expiration: rfc3339(now + 60_000) } })
  assert.equal(world.settle([controller]), now + 60_000)
  const first = signatures(world)
  world.change(ConfigMap, 'cluster-info', 'kube-public', { data: { kubeconfig: 'other' } })
  world.settle([controller])
  assert.notDeepEqual(signatures(world), first)
  world.now += 60_000
  assert.equal(world.settle([controller]), Infinity)
  assert.deepEqual(signatures(world), {})
})

test('leaves everything else in the map alone', () => {
  const world = given({ abcdef: {} }, { kubeconfig, more: 'x', 'jws-kubeconfig-gone00': 'old' })
  world.settle([controller])
  const { data } = world.get(ConfigMap, 'cluster-info', 'kube-public')!
  assert.deepEqual(Object.keys(data!).toSorted(), ['jws-kubeconfig-abcdef', 'kubeconfig', 'more'])
})

test('signs nothing where there is nothing to sign', () => {
  const world = given({ abcdef: {} }, { more: 'x' })
  world.settle([controller])
  assert.deepEqual(world.history, [])
})

function given(tokens: Readonly<Record<string, Readonly<Record<string, string>>>>, data: object = { kubeconfig }, type?: string): World {
  const world = new World()
  world.put(ConfigMap, { metadata: { name: 'cluster-info', namespace: 'kube-public' }, data })
  for (const [id, more] of Object.entries(tokens)) {
    const values = { 'token-id': id, 'token-secret': secret, 'usage-bootstrap-signing': 'true', ...more }
    world.put(Secret, {
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      type: type ?? 'bootstrap.kubernetes.io/token',
      data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
    })
  }
  return world
}

const signatures = (world: World) =>
  Object.fromEntries(
    Object.entries(world.get(ConfigMap, 'cluster-info', 'kube-public')!.data!).filter(([key]) => key.startsWith('jws-kubeconfig-')),
  )

function check(
  name: string,
  tokens: Readonly<Record<string, Readonly<Record<string, string>>>>,
  expected: readonly string[],
  type?: string,
): void {
  test(`signs with ${name}`, () => {
    const world = given(tokens, { kubeconfig }, type)
    world.settle([controller])
    const wanted = expected.map((key) => [key, detachedSignature(kubeconfig, key.slice(-6), secret)])
    assert.deepEqual(signatures(world), Object.fromEntries(wanted))
  })
}
