import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { KubeObject } from '#api/kind.ts'
import { isError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { anyToken } from '../authentication/bearer-token.ts'
import { asking, memoryObjects } from '../authorization/testing/memory-objects.ts'
import type { SubresourceCall } from '../contract.ts'
import { parseServiceAccountUser } from './claims.ts'
import { openIdResponders } from './openid.ts'
import { createTokenKeys, defaultIssuer } from './token-keys.ts'
import { createTokenRequestHandler } from './token-request.ts'
import { createTokenVerifier } from './token-verifier.ts'

const pair = (type: 'ec' | 'rsa' = 'ec') => {
  const { privateKey, publicKey } =
    type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    private: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    public: publicKey.export({ type: 'spki', format: 'pem' }),
    privateKey,
  }
}
const own = pair()

/** A clock that may also go back: what a verifier sees whose own clock is behind. */
function handClock(start: number) {
  let at = start
  return {
    now: () => at,
    monotonicMs: () => at,
    schedule: () => () => {},
    advance: (ms: number) => {
      at += ms
    },
  }
}

async function world(signingKey = own.private as string) {
  const clock = handClock(Date.UTC(2026, 0, 1))
  const objects = memoryObjects()
  const account = objects.put(ServiceAccount, { metadata: { name: 'default', namespace: 'd' } })
  objects.put(Pod, { metadata: { name: 'p', namespace: 'd' }, spec: { serviceAccountName: 'default', nodeName: 'n' } })
  objects.put(Pod, { metadata: { name: 'other', namespace: 'd' }, spec: { serviceAccountName: 'robot' } })
  objects.put(Secret, { metadata: { name: 's', namespace: 'd' } })
  objects.put(Node, { metadata: { name: 'n' } })
  const keys = await createTokenKeys({ signingKey })
  const handler = createTokenRequestHandler({ keys, clock, random: seededRandom(1) })
  const verify = anyToken(createTokenVerifier({ keys, objects, clock }))
  const annotations: string[] = []
  const request = (spec: object = {}, metadata: object = {}) =>
    handler({
      attributes: asking('a', { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: 'd', name: 'default' }),
      object: account,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata, spec },
      server: { objects },
      annotate: (key: string, value: string) => void annotations.push(`${key}: ${value}`),
    } as unknown as SubresourceCall) as Promise<KubeObject & { spec: object; status: { token: string; expirationTimestamp: string } }>
  const token = async (spec: object = {}) => (await request(spec)).status.token
  return { clock, objects, keys, verify, request, token, annotations }
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
const podRef = { kind: 'Pod', apiVersion: 'v1', name: 'p' }

test('a token tells who bears it', async () => {
  for (const key of [own.private, pair('rsa').private]) {
    const { request, verify } = await world(key as string)
    const answer = await request({ boundObjectRef: podRef })
    assert.equal(answer.status.expirationTimestamp, '2026-01-01T01:00:00Z')
    assert.deepEqual(answer.spec, { audiences: [defaultIssuer], expirationSeconds: 3600, boundObjectRef: podRef })
    assert.deepEqual(
      { ...answer.metadata },
      { name: 'default', namespace: 'd', uid: 'uid-default', creationTimestamp: '2026-01-01T00:00:00Z' },
    )
    const claims = claimsOf(answer.status.token)
    assert.deepEqual(claims['kubernetes.io'], {
      namespace: 'd',
      serviceaccount: { name: 'default', uid: 'uid-default' },
      pod: { name: 'p', uid: 'uid-p' },
      node: { name: 'n', uid: 'uid-n' },
    })
    assert.deepEqual(await verify(answer.status.token, [defaultIssuer]), {
      audiences: [defaultIssuer],
      user: {
        name: 'system:serviceaccount:d:default',
        uid: 'uid-default',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:d'],
        extra: {
          'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
          'authentication.kubernetes.io/pod-name': ['p'],
          'authentication.kubernetes.io/pod-uid': ['uid-p'],
          'authentication.kubernetes.io/node-name': ['n'],
          'authentication.kubernetes.io/node-uid': ['uid-n'],
        },
      },
    })
  }
})

test('the event of a token’s issue names it as the events of its use do', async () => {
  const { token, annotations, request } = await world()
  const issued = await token()
  assert.deepEqual(annotations, [`authentication.kubernetes.io/issued-credential-id: JTI=${claimsOf(issued).jti}`])
  await assert.rejects(request({ expirationSeconds: 5 }))
  assert.equal(annotations.length, 1)
})

test('requests that are refused, in the reference’s words', async () => {
  const { request } = await world()
  const check = (spec: object, code: string, message: string, metadata = {}) =>
    assert.rejects(request(spec, metadata), (error) => isError(error) && error.code === code && error.message === message, message)
  const invalid = (text: string) => `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${text}`
  await check({ expirationSeconds: 10 }, 'Invalid', invalid('10: may not specify a duration less than 10 minutes'))
  await check({ expirationSeconds: 2 ** 32 + 1 }, 'Invalid', invalid('4294967297: may not specify a duration larger than 2^32 seconds'))
  await check({ boundObjectRef: { ...podRef, name: 'none' } }, 'NotFound', 'pods "none" not found')
  await check({ boundObjectRef: { ...podRef, kind: 'ConfigMap' } }, 'BadRequest', 'cannot bind token to object of type /v1, Kind=ConfigMap')
  await check(
    { boundObjectRef: { ...podRef, kind: 'constructor' } },
    'BadRequest',
    'cannot bind token to object of type /v1, Kind=constructor',
  )
  await check({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'none' } }, 'NotFound', 'secrets "none" not found')
  await check({ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'none' } }, 'NotFound', 'nodes "none" not found')
  await check(
    { boundObjectRef: { ...podRef, name: 'other' } },
    'BadRequest',
    'cannot bind token for serviceaccount "default" to pod running with different serviceaccount name.',
  )
  await check(
    { boundObjectRef: { ...podRef, uid: 'x' } },
    'Conflict',
    'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
  )
  await check(
    {},
    'Conflict',
    'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "default": the UID in the token request (x) does not match the UID of the service account (uid-default)',
    { uid: 'x' },
  )
})

test('the hour of a projected token is stretched, nobody else’s', async () => {
  const { token, clock } = await world()
  const now = clock.now() / 1000
  const stretched = claimsOf(await token({ boundObjectRef: podRef, expirationSeconds: 3607 }))
  assert.equal(stretched.exp, now + 365 * 24 * 3600)
  assert.equal(stretched['kubernetes.io'].warnafter, now + 3607)
  assert.equal(claimsOf(await token({ expirationSeconds: 3607 })).exp, now + 3607)
  assert.equal(claimsOf(await token({ boundObjectRef: podRef, expirationSeconds: 3607, audiences: ['vault'] })).exp, now + 3607)
})

test('what a verifier refuses', async () => {
  const { token, verify, objects, clock } = await world()
  const plain = await token()
  const bound = await token({ boundObjectRef: podRef })
  const toSecret = await token({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's' } })
  const toNode = await token({ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'n' } })
  const refused = (given: string, reason: string, audiences = [defaultIssuer]) =>
    assert.rejects(
      verify(given, audiences),
      { message: reason === '' ? 'invalid bearer token' : `[invalid bearer token, ${reason}]` },
      reason,
    )
  for (const good of [plain, bound, toSecret, toNode]) await verify(good, [defaultIssuer])
  await refused('bogus', '')
  await refused('a.b.c', '')
  await refused(plain, `token audiences ["${defaultIssuer}"] is invalid for the target audiences ["other"]`, ['other'])
  await refused(
    await token({ audiences: ['a', 'b'] }),
    `token audiences ["a" "b"] is invalid for the target audiences ["${defaultIssuer}"]`,
  )
  assert.deepEqual((await verify(await token({ audiences: ['a', 'b'] }), ['b', 'c'])).audiences, ['b'])

  const put = (kind: typeof Pod | typeof Secret | typeof Node, name: string, namespace: string | undefined, meta: object) =>
    objects.put(kind, { metadata: { name, ...(namespace && { namespace }), ...meta }, spec: {} })
  put(Pod, 'p', 'd', { uid: 'new' })
  await refused(bound, 'pod UID (new) does not match service account pod ref claim (uid-p)')
  objects.remove(Pod, 'p', 'd')
  await refused(bound, 'service account token has been invalidated')
  put(Pod, 'p', 'd', { deletionTimestamp: new Date(clock.now() - 61_000).toISOString() })
  await refused(bound, 'service account token has been invalidated')
  put(Secret, 's', 'd', { uid: 'new' })
  await refused(toSecret, 'secret UID (new) does not match service account secret ref claim (uid-s)')
  objects.remove(Secret, 's', 'd')
  await refused(toSecret, 'service account token has been invalidated')
  objects.remove(Node, 'n')
  await refused(toNode, 'service account token has been invalidated')
  await verify(plain, [defaultIssuer])
  clock.advance(3_600_000 + 61_000)
  await refused(plain, 'service account token has expired')
  clock.advance(-3 * 3_600_000)
  await refused(plain, 'service account token is not valid yet')
  objects.put(ServiceAccount, { metadata: { name: 'default', namespace: 'd', uid: 'new' } })
  clock.advance(2 * 3_600_000)
  await refused(plain, 'service account UID (new) does not match claim (uid-default)')
  objects.remove(ServiceAccount, 'default', 'd')
  await refused(plain, 'serviceaccounts "default" not found')
})

test('forged tokens', async () => {
  const { token, verify, keys } = await world()
  const [header, payload, signature] = (await token()).split('.') as [string, string, string]
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = claimsOf(`.${payload}.`)
  const kid = keys.jwks[0]!.kid!
  const hmac = (text: string) =>
    createHmac('sha256', own.public as string)
      .update(text)
      .digest('base64url')
  const hs = `${encode({ alg: 'HS256', kid })}.${payload}`
  const foreign = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(pair().privateKey)
  const foreignKid = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'x' }).sign(pair().privateKey)
  const embedded = pair()
  const jwk = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', jwk: embedded.privateKey.export({ format: 'jwk' }) as never })
    .sign(embedded.privateKey)
  const cases = {
    none: `${encode({ alg: 'none', kid })}.${payload}.`,
    'None with signature': `${encode({ alg: 'None', kid })}.${payload}.${signature}`,
    'HMAC with the public key': `${hs}.${hmac(hs)}`,
    'another key': foreign,
    'an unknown key': foreignKid,
    'a key brought along': jwk,
    'changed claims': `${header}.${encode({ ...claims, sub: 'system:serviceaccount:kube-system:admin' })}.${signature}`,
    'cut signature': `${header}.${payload}.${signature.slice(0, -4)}`,
    'no signature': `${header}.${payload}.`,
    'another issuer': await new SignJWT({ ...claims, iss: 'https://evil' }).setProtectedHeader({ alg: 'ES256', kid }).sign(own.privateKey),
    'a foreign token of our key': await new SignJWT({ iss: defaultIssuer, aud: defaultIssuer, sub: 'x' })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(own.privateKey),
    'no expiry': await new SignJWT({ ...claims, exp: undefined }).setProtectedHeader({ alg: 'ES256', kid }).sign(own.privateKey),
    'too long': `${header}.${encode({ ...claims, pad: 'x'.repeat(20_000) })}.${signature}`,
  }
  for (const [name, forged] of Object.entries(cases))
    await assert.rejects(verify(forged, [defaultIssuer]), /^Error: \[?invalid bearer token/, name)
})

test('an old key verifies as long as it is listed', async () => {
  const { token, objects, clock } = await world()
  const old = await token()
  const verifier = async (publicKeys: string[]) =>
    createTokenVerifier({ keys: await createTokenKeys({ signingKey: pair().private as string, publicKeys }), objects, clock })
  assert.ok(await (await verifier([own.public as string]))(old, [defaultIssuer]))
  await assert.rejects((await verifier([]))(old, [defaultIssuer]), /no keys found/)
})

test('a signature is remembered, what it hangs on is not', async () => {
  const { token, verify, objects } = await world()
  const bound = await token({ boundObjectRef: podRef })
  await verify(bound, [defaultIssuer])
  await assert.rejects(verify(bound, ['other']))
  objects.remove(Pod, 'p', 'd')
  await assert.rejects(verify(bound, [defaultIssuer]), /invalidated/)
})

test('discovery shows public keys only', async () => {
  const { keys } = await world()
  const answers = openIdResponders(keys, 'https://192.0.2.1:6443/openid/v1/jwks')
  const read = (path: string) => JSON.parse(Buffer.from(answers[path]!(undefined).body as Uint8Array).toString())
  const [key] = read('/openid/v1/jwks').keys
  assert.deepEqual(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  assert.equal(read('/.well-known/openid-configuration').jwks_uri, 'https://192.0.2.1:6443/openid/v1/jwks')
  assert.equal(answers['/openid/v1/jwks']!('application/json').status, 406)
  assert.equal(answers['/.well-known/openid-configuration']!('application/json').status, 200)
})

test('user names of accounts', () => {
  assert.deepEqual(parseServiceAccountUser('system:serviceaccount:ns1:sa.1'), { namespace: 'ns1', name: 'sa.1' })
  for (const user of [
    'system:serviceaccount:bad',
    'system:serviceaccount:a:b:c',
    'system:serviceaccount:A:b',
    'system:serviceaccount::b',
    'x',
  ])
    assert.equal(parseServiceAccountUser(user), undefined, user)
})
