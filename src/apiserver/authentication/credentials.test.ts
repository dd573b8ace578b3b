import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import type { HttpRequest } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { asking, memoryObjects } from '../authorization/testing/memory-objects.ts'
import type { Attributes } from '../contract.ts'
import { createBootstrapTokenVerifier } from './bootstrap-token.ts'
import { cachedTokenVerifier } from './cached-token-verifier.ts'
import { clientCertificateAuthenticator } from './client-certificate.ts'
import { impersonate } from './impersonation.ts'
import { authenticationFacts } from './published.ts'
import { requestHeaderAuthenticator, requestHeaderNames } from './request-header.ts'
import { createTokenWebhookVerifier } from './webhook/token-webhook.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const life = { notBefore: start, notAfter: start + 86_400_000 }
const authority = (commonName: string) => makeCertificate({ commonName, usage: 'ca', ...life })
const clientCa = authority('clients')
const proxyCa = authority('proxies')
const certificate = (commonName: string, ca = proxyCa) =>
  new X509Certificate(makeCertificate({ commonName, usage: 'client', ...life }, ca).certificate).raw

/** As node:http hands over headers: joined by name, and as they came. */
function request(raw: readonly string[]): HttpRequest {
  const headers: Record<string, string> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    headers[name] = headers[name] === undefined ? raw[i + 1]! : `${headers[name]}, ${raw[i + 1]}`
  }
  return { method: 'GET', path: '/api', headers, rawHeaders: raw }
}

const jane = ['X-Remote-User', 'jane', 'X-Remote-Group', 'dev', 'x-remote-group', 'ops', 'X-Remote-Extra-Example.com%2Fa', 'v']

test('the word of a proxy is taken, and of nobody else', async () => {
  const clock = createVirtualClock(start)
  const authenticate = requestHeaderAuthenticator({
    clock,
    authorities: [proxyCa.certificate],
    allowedNames: ['front-proxy-client'],
    ...requestHeaderNames,
  })
  const ask = (raw: readonly string[], der: Uint8Array | undefined) =>
    authenticate(request(raw), { remoteAddress: 'x', ...(der && { certificate: der }) })
  const proxy = certificate('front-proxy-client')
  assert.deepEqual(await ask(jane, proxy), { name: 'jane', groups: ['dev', 'ops'], extra: { 'example.com/a': ['v'] } })
  assert.deepEqual(await ask([...jane, 'X-Remote-Uid', 'u'], proxy), {
    name: 'jane',
    uid: 'u',
    groups: ['dev', 'ops'],
    extra: { 'example.com/a': ['v'] },
  })
  // One group whose name looks like two stays one: else whoever names groups could make themselves a master.
  assert.deepEqual((await ask(['X-Remote-User', 'eve', 'X-Remote-Group', 'a, system:masters'], proxy))?.groups, ['a, system:masters'])
  // As node:http hands over the bytes of UTF-8.
  const wire = (text: string) => Buffer.from(text).toString('latin1')
  assert.deepEqual(await ask(['X-Remote-User', wire('Łucja'), 'X-Remote-Group', wire('日'), 'X-Remote-Extra-a', wire('ü')], proxy), {
    name: 'Łucja',
    groups: ['日'],
    extra: { a: ['ü'] },
  })
  assert.equal(await ask([], proxy), undefined)
  assert.equal(await ask(jane, undefined), undefined)
  await assert.rejects(ask(jane, certificate('somebody')), /subject with cn=somebody is not in the allowed list/)
  await assert.rejects(ask(jane, certificate('front-proxy-client', clientCa)), /unknown authority/)
  await clock.advance(86_400_001)
  await assert.rejects(ask(jane, proxy), /expired/)
})

test('the proxy’s own certificate makes no user, where its authority is not the clients’', async () => {
  const authenticate = clientCertificateAuthenticator({ clock: createVirtualClock(start), authorities: [clientCa.certificate] })
  await assert.rejects(
    authenticate(request(jane), { remoteAddress: 'x', certificate: certificate('front-proxy-client') }),
    /unknown authority/,
  )
})

test('headers cannot smuggle groups into an impersonation', async () => {
  const asked: string[] = []
  const authorize = async ({ verb, resource, name }: Attributes) => {
    asked.push(`${resource} ${name}`)
    return { allowed: verb === 'impersonate' && name !== 'system:masters', reason: '' }
  }
  const run = (raw: readonly string[]) => impersonate(request(raw), asking('eve', { resource: 'pods', verb: 'list' }), authorize)
  assert.deepEqual((await run(['Impersonate-User', 'jane', 'Impersonate-Group', 'a, system:masters'])).groups, [
    'a, system:masters',
    'system:authenticated',
  ])
  await assert.rejects(run(['Impersonate-User', 'jane', 'Impersonate-Group', 'a', 'impersonate-group', 'system:masters']), /system:masters/)
  assert.ok(asked.includes('groups system:masters'))
  assert.equal((await run(['Impersonate-User', Buffer.from('Łucja').toString('latin1')])).name, 'Łucja')
})

const base64 = (text: string) => Buffer.from(text).toString('base64')
const bootstrapSecret = (data: Readonly<Record<string, string>> = {}, more: object = {}) => ({
  metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  data: Object.fromEntries(
    Object.entries({
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      ...data,
    }).map(([key, value]) => [key, base64(value)]),
  ),
  ...more,
})

test('bootstrap tokens', async () => {
  const verify = (secret: object, token = 'abcdef.0123456789abcdef', wanted = ['api']) => {
    const objects = memoryObjects()
    objects.put(Secret, secret)
    return createBootstrapTokenVerifier({ objects, clock: createVirtualClock(start), audiences: ['api'] })(token, wanted)
  }
  assert.deepEqual(await verify(bootstrapSecret()), {
    user: { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] },
    audiences: ['api'],
  })
  const groups = { 'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token,system:bootstrappers:a' }
  assert.deepEqual((await verify(bootstrapSecret(groups)))?.user.groups, [
    'system:bootstrappers',
    'system:bootstrappers:a',
    'system:bootstrappers:kubeadm:default-node-token',
  ])
  assert.ok(await verify(bootstrapSecret({ expiration: '2026-01-01T00:00:01Z' })))
  const refused: Readonly<Record<string, Promise<unknown>>> = {
    'another secret': verify(bootstrapSecret(), 'abcdef.0123456789abcdee'),
    'another id': verify(bootstrapSecret(), 'abcdeg.0123456789abcdef'),
    'another form': verify(bootstrapSecret(), 'ABCDEF.0123456789abcdef'),
    'an id that does not fit its name': verify(bootstrapSecret({ 'token-id': 'xxxxxx' })),
    'another audience': verify(bootstrapSecret(), undefined, ['vault']),
    ended: verify(bootstrapSecret({ expiration: '2026-01-01T00:00:00Z' })),
    'an end that is no time': verify(bootstrapSecret({ expiration: 'tomorrow' })),
    'not for authentication': verify(bootstrapSecret({ 'usage-bootstrap-authentication': 'yes' })),
    'a group of others': verify(bootstrapSecret({ 'auth-extra-groups': 'system:masters' })),
    'another type': verify(bootstrapSecret({}, { type: 'Opaque' })),
    'on its way out': verify(
      bootstrapSecret(
        {},
        { metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system', deletionTimestamp: '2026-01-01T00:00:00Z' } },
      ),
    ),
    'another namespace': verify(bootstrapSecret({}, { metadata: { name: 'bootstrap-token-abcdef', namespace: 'default' } })),
  }
  for (const [name, result] of Object.entries(refused)) assert.equal(await result, undefined, name)
})

test('a token webhook is asked once for a token', async () => {
  const clock = createVirtualClock(start)
  let status: object | undefined = { authenticated: true, user: { username: 'jane', uid: '1', groups: ['dev'], extra: { a: ['b'] } } }
  const asked: unknown[] = []
  const verify = createTokenWebhookVerifier({
    clock,
    audiences: ['api'],
    review: async (review) => {
      asked.push(review)
      if (status === undefined) throw new Error('connection refused')
      return { status }
    },
  })
  const user = { name: 'jane', uid: '1', groups: ['dev'], extra: { a: ['b'] } }
  assert.deepEqual(await Promise.all([verify('t', ['api']), verify('t', ['api'])]), [
    { user, audiences: ['api'] },
    { user, audiences: ['api'] },
  ])
  assert.equal(asked.length, 1)
  assert.deepEqual((asked[0] as { spec: object }).spec, { token: 't', audiences: ['api'] })
  await clock.advance(119_999)
  await verify('t', ['api'])
  assert.equal(asked.length, 1)
  await clock.advance(1)
  status = { authenticated: false }
  assert.equal(await verify('t', ['api']), undefined)
  assert.equal(asked.length, 2)
  status = { authenticated: false, error: 'revoked' }
  await assert.rejects(verify('u', ['api']), /revoked/)
  status = { authenticated: true, user: { username: 'jane' }, audiences: ['vault'] }
  assert.equal(await verify('v', ['api']), undefined)
  // What could not be found out is asked again.
  status = undefined
  await assert.rejects(verify('w', ['api']), /refused/)
  status = { authenticated: true, user: { username: 'jane' } }
  assert.equal((await verify('w', ['api']))?.user.name, 'jane')
})

test('what extension API servers are told', () => {
  const old = makeCertificate({ commonName: 'old', usage: 'ca', notBefore: start - 10, notAfter: start - 1000 }).certificate
  const { object, reconcile } = authenticationFacts({ clientCa: clientCa.certificate, frontProxyCa: proxyCa.certificate })
  assert.deepEqual(object.data, {
    'client-ca-file': clientCa.certificate,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-client-ca-file': proxyCa.certificate,
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  })
  const present = (data: Readonly<Record<string, string>>) => ({ ...object, data }) as unknown as ConfigMap
  assert.equal(reconcile(present({ ...object.data }), start), undefined)
  const other = authority('other').certificate
  const merged = reconcile(
    present({ ...object.data, 'client-ca-file': `${other}${old}`, 'requestheader-allowed-names': '["a"]', x: 'y' }),
    start,
  )
  assert.equal(merged?.data?.['client-ca-file'], `${other}${clientCa.certificate}`)
  assert.equal(merged?.data?.['requestheader-allowed-names'], '["a","front-proxy-client"]')
  assert.equal(merged?.data?.['x'], 'y')
  assert.equal(reconcile(merged!, start), undefined)
})

test('a token is remembered for its time, with what was told of it, and for its audiences only', async () => {
  const clock = createVirtualClock(start)
  let isGone = false
  const verify = cachedTokenVerifier(
    async (token, audiences, notes) => {
      notes?.warn(`${token} is old`)
      if (isGone) throw new Error('gone')
      return { user: { name: token, groups: [] }, audiences }
    },
    { clock, successTtlMs: 10_000, failureTtlMs: 0 },
  )
  const told: string[] = []
  const ask = (audience = 'api') => verify('t', [audience], { warn: (message) => void told.push(message), annotate: () => {} })
  await ask()
  isGone = true
  await clock.advance(9_999)
  assert.equal((await ask()).user.name, 't')
  assert.deepEqual(told, ['t is old', 't is old'])
  await assert.rejects(ask('vault'), /gone/)
  await clock.advance(1)
  await assert.rejects(ask(), /gone/)
  isGone = false
  assert.equal((await ask()).user.name, 't')
})
