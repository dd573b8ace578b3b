import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { makeCertificate } from '#host/pki/certificate.ts'
import { isError } from '#lib/errors.ts'
import type { HttpRequest } from '#lib/http.ts'
import { asking } from '../authorization/testing/memory-objects.ts'
import type { Attributes, Authenticator, Caller } from '../contract.ts'
import { createAuthentication } from './authenticate.ts'
import { anyToken, bearerToken, bearerTokenAuthenticator } from './bearer-token.ts'
import { clientCertificateAuthenticator, readClientCertificate } from './client-certificate.ts'
import { impersonate } from './impersonation.ts'
import { staticTokenVerifier } from './static-token.ts'

const now = Date.UTC(2026, 0, 1)
const dayMs = 24 * 3_600_000
const clock = (at = now) => ({ now: () => at, monotonicMs: () => at, schedule: () => () => {} })
const life = { notBefore: now, notAfter: now + dayMs }
const ca = makeCertificate({ commonName: 'ca', usage: 'ca', ...life })
const der = (certificate: string) => new X509Certificate(certificate).raw
const request = (headers: Record<string, string> = {}, path = '/api/v1/pods'): HttpRequest => ({ method: 'GET', path, headers })
const remote: Caller = { remoteAddress: '192.0.2.1' }

test('users by certificate', async () => {
  const authenticate = clientCertificateAuthenticator({ clock: clock(), authorities: [ca.certificate] })
  const ask = (given: Partial<Parameters<typeof makeCertificate>[0]>, issuer = ca) =>
    authenticate(request(), {
      ...remote,
      certificate: der(makeCertificate({ commonName: 'jane', usage: 'client', ...life, ...given }, issuer).certificate),
    })
  const jane = await ask({ organizations: ['dev', 'a, O=system:masters'] })
  assert.equal(jane?.name, 'jane')
  assert.deepEqual(jane?.groups, ['dev', 'a, O=system:masters'])
  assert.match(jane?.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '', /^X509SHA256=[0-9a-f]{64}$/)
  // Text that a careless parser takes for further parts of the name.
  assert.deepEqual((await ask({ commonName: 'x\nO=system:masters' }))?.groups, [])
  assert.equal((await ask({ commonName: 'x\nCN=admin' }))?.name, 'x\nCN=admin')
  assert.equal((await ask({ commonName: 'jürgen' }))?.name, 'jürgen')
  assert.equal((await ask({ usage: 'serverAndClient' }))?.name, 'jane')
  assert.equal(await ask({ commonName: '' }), undefined)
  assert.equal(await authenticate(request(), remote), undefined)
  await assert.rejects(ask({ usage: 'server' }), /incompatible key usage/)
  await assert.rejects(ask({ usage: 'ca' }), /authority/)
  await assert.rejects(ask({}, makeCertificate({ commonName: 'ca', usage: 'ca', ...life })), /unknown authority/)
  // A refused one is not read again at each request of its connection.
  const read = readClientCertificate({ clock: clock(), authorities: [ca.certificate] })
  const raw = der(makeCertificate({ commonName: 'ca', usage: 'ca', ...life }).certificate)
  const refusals = [raw, raw, new Uint8Array(raw)].map((bytes) => {
    try {
      return read(bytes)
    } catch (error) {
      return error
    }
  })
  assert.match(String(refusals[0]), /an authority cannot be a client/)
  assert.equal(refusals[1], refusals[0])
  assert.equal(refusals[2], refusals[0])
  await assert.rejects(ask({ notAfter: now - 1000, notBefore: now - dayMs }), /expired/)
  await assert.rejects(ask({ notBefore: now + 2000 }), /not yet valid/)
})

test('a certificate ends while its connection lives', async () => {
  let at = now
  const authenticate = clientCertificateAuthenticator({ clock: { ...clock(), now: () => at } })
  const caller = { ...remote, certificate: der(makeCertificate({ commonName: 'jane', usage: 'client', ...life }, ca).certificate) }
  assert.equal((await authenticate(request(), caller))?.name, 'jane')
  at += dayMs + 1000
  await assert.rejects(authenticate(request(), caller), /expired/)
})

test('bearer tokens in headers', () => {
  for (const [header, token] of Object.entries({
    'Bearer a': 'a',
    'bearer a': 'a',
    ' Bearer a ': 'a',
    'Bearer ': undefined,
    'Bearer  a': undefined,
    'Basic eDp5': undefined,
    Bearer: undefined,
    '': undefined,
  }))
    assert.equal(bearerToken(header), token, header)
})

test('who asks', async () => {
  const jane = { name: 'jane', uid: '1', groups: ['dev'] }
  const tokens = bearerTokenAuthenticator(anyToken(staticTokenVerifier({ secret: jane }, ['api'])), ['api'])
  const failing: Authenticator = async () => {
    throw new Error('bad certificate')
  }
  const authenticate = createAuthentication({ authenticators: [tokens] })
  assert.deepEqual(await authenticate(request({ authorization: 'Bearer secret' }), remote), {
    ...jane,
    groups: ['dev', 'system:authenticated'],
  })
  const refused = (headers: Record<string, string>, path?: string, run = authenticate) =>
    assert.rejects(run(request(headers, path), remote), (error) => isError(error, 'Unauthorized') && error.message === 'Unauthorized')
  await refused({ authorization: 'Bearer wrong' })
  await refused({ authorization: 'Bearer wrong' }, '/livez')
  await refused({})
  await refused({}, '/livezz')
  const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
  for (const path of ['/livez', '/readyz/ping', '/version', '/healthz?verbose'])
    assert.deepEqual(await authenticate(request({}, path), remote), anonymous)
  const open = createAuthentication({ authenticators: [failing, tokens], anonymous: 'all' })
  assert.equal((await open(request({ authorization: 'Bearer secret' }), remote)).name, 'jane')
  await refused({}, '/livez', open)
  assert.deepEqual(await createAuthentication({ authenticators: [tokens], anonymous: 'all' })(request(), remote), anonymous)
  await refused({}, '/livez', createAuthentication({ authenticators: [tokens], anonymous: 'none' }))
  const inside = await authenticate(request(), { ...remote, user: { name: 'system:kube-scheduler', groups: [] } })
  assert.deepEqual(inside, { name: 'system:kube-scheduler', groups: ['system:authenticated'] })
  // A browser's way, which is only one for WebSockets.
  const offered = `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`
  assert.equal((await authenticate(request({ upgrade: 'websocket', 'sec-websocket-protocol': offered }), remote)).name, 'jane')
  await refused({ 'sec-websocket-protocol': offered })
})

test('static tokens are for their audience only', async () => {
  const verify = staticTokenVerifier({ secret: { name: 'jane', groups: [] } }, ['api'])
  assert.deepEqual((await verify('secret', ['x', 'api']))?.audiences, ['api'])
  assert.equal(await verify('secret', ['x']), undefined)
  assert.equal(await verify('', ['api']), undefined)
})

test('impersonation', async () => {
  const asked: string[] = []
  const rights = new Set<string>()
  const authorize = async (attributes: Attributes) => {
    const { verb, group, resource, subresource, namespace, name } = attributes
    const what = `${verb} ${group}/${resource}${subresource && `/${subresource}`} ${namespace}/${name}`
    asked.push(what)
    return { allowed: rights.has(what), reason: '' }
  }
  const run = (headers: Record<string, string>, user: Attributes['user'] = { name: 'bob', groups: ['g'] }, given = [] as string[]) => {
    rights.clear()
    for (const right of given) rights.add(right)
    return impersonate(request(headers), asking(user, { resource: 'pods', verb: 'list', namespace: 'd' }), authorize)
  }
  const jane = { 'impersonate-user': 'jane' }
  const users = 'impersonate /users /jane'
  assert.equal((await run({})).name, 'bob')
  assert.deepEqual(await run(jane, undefined, [users]), { name: 'jane', groups: ['system:authenticated'] })
  assert.deepEqual(
    await run({ ...jane, 'impersonate-group': 'a, b', 'impersonate-uid': 'u', 'impersonate-extra-acme.com%2fx': 'v' }, undefined, [
      users,
      'impersonate /groups /a',
      'impersonate /groups /b',
      'impersonate authentication.k8s.io/uids /u',
      'impersonate authentication.k8s.io/userextras/acme.com/x /v',
    ]),
    { name: 'jane', uid: 'u', groups: ['a', 'b', 'system:authenticated'], extra: { 'acme.com/x': ['v'] } },
  )
  assert.deepEqual(
    (await run({ 'impersonate-user': 'system:serviceaccount:n:s' }, undefined, ['impersonate /serviceaccounts n/s'])).groups,
    ['system:serviceaccounts', 'system:serviceaccounts:n', 'system:authenticated'],
  )
  assert.deepEqual((await run({ 'impersonate-user': 'system:anonymous' }, undefined, ['impersonate /users /system:anonymous'])).groups, [
    'system:unauthenticated',
  ])
  // The constrained mode: as jane, but only for listing pods in d.
  const constrained = ['impersonate-on:user-info:list /pods d/', 'impersonate:user-info authentication.k8s.io/users /jane']
  assert.equal((await run(jane, undefined, constrained)).name, 'jane')
  for (const part of constrained) await assert.rejects(run(jane, undefined, [part]), (error) => isError(error, 'Forbidden'))
  // No mode but the plain one opens system:masters.
  await assert.rejects(
    run({ ...jane, 'impersonate-group': 'system:masters' }, undefined, [
      ...constrained,
      'impersonate:user-info authentication.k8s.io/groups /system:masters',
    ]),
    (error) => isError(error, 'Forbidden'),
  )
  const refused = (headers: Record<string, string>, message: string, given: string[] = []) =>
    assert.rejects(run(headers, { name: 'eve', groups: [] }, given), (error) => isError(error) && error.message === message, message)
  await refused(
    jane,
    'pods is forbidden: User "eve" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "d"',
  )
  await refused(
    { 'impersonate-group': 'g' },
    'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
  )
  await refused(
    { 'impersonate-extra-a': 'x' },
    'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"x"}}} without impersonating a user name',
  )
  // Whoever succeeded by the plain verb is refused in its words from then on.
  assert.equal((await run(jane, { name: 'ops', groups: [] }, [users])).name, 'jane')
  await assert.rejects(
    run({ 'impersonate-user': 'root' }, { name: 'ops', groups: [] }),
    (error) =>
      isError(error, 'Forbidden') &&
      error.message === 'users "root" is forbidden: User "ops" cannot impersonate resource "users" in API group "" at the cluster scope',
  )
  // A node's own agent may be the node, and another node's may not.
  const agent = (node: string) => ({
    name: 'system:serviceaccount:n:agent',
    groups: [],
    extra: { 'authentication.kubernetes.io/node-name': [node] },
  })
  const asNode = ['impersonate-on:associated-node:list /pods d/', 'impersonate:associated-node authentication.k8s.io/nodes /*']
  assert.deepEqual((await run({ 'impersonate-user': 'system:node:n1' }, agent('n1'), asNode)).groups, [
    'system:nodes',
    'system:authenticated',
  ])
  await assert.rejects(run({ 'impersonate-user': 'system:node:n1' }, agent('n2'), asNode), (error) => isError(error, 'Forbidden'))
})
