import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Secret } from '#api/core/v1/secret.ts'
import { credentialsFor } from './credentials.ts'

const auth = Buffer.from('me:se:cret').toString('base64')
check('nginx', { 'https://index.docker.io/v1/': { auth } }, ['me:se:cret'])
check('registry.example.com/app', { 'registry.example.com': { username: 'a', password: 'b' } }, ['a:b'])
check('registry.example.com/app', { '*.example.com': { username: 'a', password: 'b' } }, ['a:b'])
check('a.b.example.com/app', { '*.example.com': { username: 'a', password: 'b' } }, [])
check(
  'registry.example.com/team/app',
  { 'registry.example.com': { auth }, 'registry.example.com/team': { username: 'a', password: 'b' } },
  ['a:b', 'me:se:cret'],
)
check('registry.example.com/teams/app', { 'registry.example.com/team': { auth } }, [])
check('elsewhere.example.com/app', { 'registry.example.com': { auth } }, [])

test('a secret that cannot be read holds nothing', () => {
  assert.deepEqual(credentialsFor('nginx', [secret('{')]), [])
})

function check(image: string, auths: object, expected: readonly string[]): void {
  test(`${image} with ${Object.keys(auths).join(', ')}`, () => {
    const found = credentialsFor(image, [secret(JSON.stringify({ auths }))])
    assert.deepEqual(
      found.map(({ username, password }) => `${username}:${password}`),
      expected,
    )
  })
}

const secret = (text: string) =>
  ({ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(text).toString('base64') } }) as unknown as Secret
