import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { readKubeconfig } from './connect-by-kubeconfig.ts'

const files: Readonly<Record<string, string>> = {
  '/home/ca.pem': 'CA',
  '/home/me.pem': 'CERTIFICATE',
  '/keys/me': 'KEY',
  '/home/token': 'TOKEN\n',
}

check(
  'data, and a namespace',
  { server: 'https://a', 'certificate-authority-data': base64('CA') },
  { token: 'T' },
  {
    server: 'https://a',
    namespace: 'shop',
    ca: 'CA',
    token: 'T',
  },
)
check(
  'files, from its own folder',
  { server: 'https://a', 'certificate-authority': 'ca.pem', 'tls-server-name': 'b' },
  { 'client-certificate': './me.pem', 'client-key': '/keys/me', tokenFile: 'token' },
  { server: 'https://a', namespace: 'shop', ca: 'CA', serverName: 'b', certificate: 'CERTIFICATE', key: 'KEY', token: 'TOKEN' },
)
check('no check of the server', { server: 'https://a', 'insecure-skip-tls-verify': true }, {}, /asks for no check of the server/)
check('a program', { server: 'https://a' }, { exec: {} }, /signs in by a program/)
check('a password', { server: 'https://a' }, { username: 'u' }, /signs in with a password/)
check('no server', {}, {}, /has no cluster "c" with a server/)

test('what is no kubeconfig, or has no context', () => {
  for (const [text, problem] of [
    ['a: [', /is not YAML/],
    ['', /has no current-context/],
    ['current-context: x', /has no context "x"/],
  ] as const)
    assert.throws(() => readKubeconfig('/home/config', () => text), problem)
})

function check(name: string, cluster: object, user: object, expected: object | RegExp): void {
  test(name, () => {
    const config = {
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
    }
    const read = (path: string): string => {
      const text = path === '/home/config' ? JSON.stringify(config) : files[path]
      if (text === undefined) throw new WherryError('Invalid', path)
      return text
    }
    if (expected instanceof RegExp) assert.throws(() => readKubeconfig('/home/config', read), expected)
    else assert.deepEqual(readKubeconfig('/home/config', read), expected)
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
