import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Secret } from '#api/core/v1/secret.ts'
import { credentialsFor } from './credentials.ts'

const auth = Buffer.from('me:se:cret').toString('base64')
check('nginx', { 'https://index.docker.io/v1/': { auth } }, ['me:se:cret'])
check('registry.example.com/app', { 'registry.example.com': { username: 'a', password: 'b' } }, ['a:b'])
check('registry.example.com/app', { '*.example.com': { username: 'a', password: 'b' } }, ['a:b'])
check('registry.example.com/app', { 're*ist*y.ex?mple.com': { username: 'a', password: 'b' } }, ['a:b'])
check('registry.example.com/app', { 'reg*try*.example.com': { username: 'a', password: 'b' } }, ['a:b'])
check('registry.example.com/app', { 'reg*tr.example.com': { username: 'a', password: 'b' } }, [])
check('registry.example.com/app', { 'r.gistry.example.com': { username: 'a', password: 'b' } }, [])
check('a.b.example.com/app', { '*.example.com': { username: 'a', password: 'b' } }, [])
check(
  'registry.example.com/team/app',
  { 'registry.example.com': { auth }, 'registry.example.com/team': { username: 'a', password: 'b' } },
  ['a:b', 'me:se:cret'],
)
check('registry.example.com/other/app', { 'registry.example.com/team': { auth } }, [])
check('registry.example.com:5000/app', { 'registry.example.com': { auth } }, [])
check('registry.example.com:5000/app', { 'https://*.example.com:5000/v2/': { auth } }, ['me:se:cret'])
check('registry.example.com/app', { 'registry.example.com': { auth, username: 'not', password: 'these' } }, ['me:se:cret'])
check('registry.example.com/app', { 'registry.example.com': null as never }, [])
check('elsewhere.example.com/app', { 'registry.example.com': { auth } }, [])

test('a pattern that was made to be hard is decided at once', () => {
  const began = performance.now()
  const auths = { [`${'*a'.repeat(30)}b.example.com`]: { auth } }
  assert.deepEqual(credentialsFor(`${'a'.repeat(60)}.example.com/app`, [secret(JSON.stringify({ auths }))]), [])
  assert.ok(performance.now() - began < 1000)
})

test('a secret that cannot be read holds nothing', () => {
  assert.deepEqual(credentialsFor('nginx', [secret('{')]), [])
})

test('credentials are known by their hash and by the secret that they come from', () => {
  const [found] = credentialsFor('a.example/b', [secret(JSON.stringify({ auths: { 'a.example': { username: 'a', password: '<b>' } } }))])
  // sha256 of {"username":"a","password":"\u003cb\u003e"}
  assert.equal(found!.hash, createHash('sha256').update('{"username":"a","password":"\\u003cb\\u003e"}').digest('hex'))
  assert.deepEqual(found!.source, { secret: { uid: 'u', namespace: 'n', name: 's' } })
})

function check(image: string, auths: object, expected: readonly string[]): void {
  test(`${image} with ${Object.keys(auths).join(', ')}`, () => {
    const found = credentialsFor(image, [secret(JSON.stringify({ auths }))])
    assert.deepEqual(
      found.map(({ auth }) => `${auth.username}:${auth.password}`),
      expected,
    )
  })
}

const secret = (text: string) =>
  ({
    metadata: { uid: 'u', namespace: 'n', name: 's' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
  }) as unknown as Secret
