import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isError } from '#lib/errors.ts'
import type { OutboundOptions } from '../../outbound.ts'
import { callHook } from './call.ts'
import { readWebhookCredentials } from './configuration.ts'
import type { CredentialsFor } from './credentials.ts'

const head = '{ apiVersion: apiserver.config.k8s.io/v1, kind: WebhookAdmissionConfiguration, kubeConfigFile: /etc/hooks }'

/** By the users of a kubeconfig; `files` lie beside it. */
function credentials(users: readonly object[], files: Record<string, string> = {}, current?: string): CredentialsFor {
  const context = { 'current-context': 'c', contexts: [{ name: 'c', context: { user: current } }] }
  return readWebhookCredentials(head, {
    readFile(path, from) {
      if (path === '/etc/hooks') return JSON.stringify({ ...(current !== undefined && context), users })
      assert.equal(from, '/etc/hooks')
      if (files[path] === undefined) throw new Error(`ENOENT: ${path}`)
      return files[path]
    },
  })!
}

const named = (...names: readonly string[]) => credentials(names.map((name) => ({ name, user: { token: name } })))

// The reference's order: the whole name, ever shorter ends, the same without port 443, then anybody.
check('webhook.a.svc:8443', ['webhook.a.svc:8443', '*.a.svc:8443', '*'], 'webhook.a.svc:8443')
check('webhook.a.svc:8443', ['*.svc:8443', '*.a.svc:8443', '*'], '*.a.svc:8443')
check('webhook.a.svc:8443', ['webhook.a.svc', '*'], '*')
check('webhook.a.svc:443', ['webhook.a.svc', '*.svc:443', '*'], '*.svc:443')
check('webhook.a.svc:443', ['webhook.a.svc', '*'], 'webhook.a.svc')
check('webhook.a.svc:443', ['*.svc', '*'], '*.svc')
check('webhook.a.svc:443', ['other', '*'], '*')
check('webhook.a.svc:443', ['other'], undefined)

test('who is in the current context is anybody', () => {
  const users = [{ name: 'me', user: { token: 't' } }]
  assert.deepEqual(credentials(users, {}, 'me')('x:443'), { bearerToken: 't' })
  // But somebody who is named for all goes before.
  assert.deepEqual(credentials([...users, { name: '*', user: { token: 'all' } }], {}, 'me')('x:443'), { bearerToken: 'all' })
})

test('certificates, passwords and other people', () => {
  const user = { 'client-certificate': 'c.pem', 'client-key': 'k.pem', username: 'u', password: 'p', as: 'ann', 'as-groups': ['a', 'b'] }
  assert.deepEqual(credentials([{ name: '*', user }], { 'c.pem': 'CERT', 'k.pem': 'KEY' })('x:443'), {
    certificate: 'CERT',
    key: 'KEY',
    headers: { authorization: 'Basic dTpw', 'impersonate-user': 'ann', 'impersonate-group': 'a, b' },
  })
})

test('a token in a file is the one that lies there now', () => {
  const files: Record<string, string> = { t: 'one\n' }
  const find = credentials([{ name: '*', user: { tokenFile: 't' } }], files)
  assert.deepEqual(find('x:443'), { bearerToken: 'one' })
  files['t'] = 'two'
  assert.deepEqual(find('x:443'), { bearerToken: 'two' })
  delete files['t']
  assert.throws(
    () => find('x:443'),
    (error) => isError(error, 'ServiceUnavailable'),
  )
})

test('a program that makes credentials is refused, not left out', () => {
  assert.throws(() => credentials([{ name: '*', user: { exec: { command: 'x' } } }]), /user "\*" has exec, which is not supported/)
})

for (const [clientConfig, host] of [
  [{ url: 'https://hook.example/x' }, 'hook.example:443'],
  [{ url: 'https://hook.example:8443/x' }, 'hook.example:8443'],
  [{ service: { namespace: 'a', name: 'hook' } }, 'hook.a.svc:443'],
  [{ service: { namespace: 'a', name: 'hook', port: 8443 } }, 'hook.a.svc:8443'],
] as const)
  test(`a webhook is called as who knows ${host}`, async () => {
    let used: (Partial<OutboundOptions> & { readonly authorization?: string | undefined }) | undefined
    const call = callHook(
      {
        uuid: () => 'u',
        credentials: (asked) => (asked === host ? { certificate: 'CERT', headers: { authorization: 'Basic x' } } : {}),
        outbound: async (_target, options, { headers }) => {
          used = { ...options, authorization: headers['authorization'] }
          return { status: 500, headers: {}, body: Buffer.alloc(0) }
        },
      },
      { webhook: { name: 'h', sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig } } as never,
      {
        admission: { attributes: { user: { name: 'u', groups: [] } }, operation: 'CREATE', dryRun: false, options: {} },
        subject: { kind: {}, resource: {} },
        kind: {},
        resource: {},
      } as never,
      false,
    )
    await assert.rejects(call, /failed to call webhook/)
    assert.deepEqual([used!.certificate, used!.authorization], ['CERT', 'Basic x'])
  })

function check(host: string, users: readonly string[], want: string | undefined): void {
  test(`${host} among ${users.join(' ')}`, () => assert.deepEqual(named(...users)(host), want === undefined ? {} : { bearerToken: want }))
}
