import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { exportJWK, SignJWT } from 'jose'
import { isError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Outbound } from '../../outbound.ts'
import { createConfiguredAuthentication } from '../configured-authentication.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const own = ['https://kubernetes.default.svc']
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const simple = `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: https://idp.example, audiences: [app]}
  claimMappings:
    username: {claim: sub, prefix: 'idp:'}
    groups: {claim: groups, prefix: 'idp:'}
`

const mapped = `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: https://idp.example
    discoveryURL: https://inside.example/config
    audiences: [app, web]
    audienceMatchPolicy: MatchAny
  claimValidationRules:
  - {claim: tenant, requiredValue: t1}
  - {expression: "claims.level > 2.5", message: level too low}
  claimMappings:
    username: {expression: "claims.email_verified ? claims.email : ''"}
    groups: {expression: "claims.roles.split(',')"}
    uid: {claim: oid}
    extra:
    - {key: example.com/level, valueExpression: "string(claims.level)"}
    - {key: example.com/none, valueExpression: "claims.?nothing.orValue('')"}
  userValidationRules:
  - {expression: "!user.username.startsWith('system:')", message: reserved name}
  - {expression: "user.groups.all(g, g != 'banned') && 'example.com/level' in user.extra", message: banned}
`

test('a user of an issuer', async () => {
  const { verify, token } = world(simple)
  assert.deepEqual(await verify(await token({ sub: 'jane', groups: ['dev'], jti: 'j' })), {
    user: { name: 'idp:jane', groups: ['idp:dev'], extra: { 'authentication.kubernetes.io/credential-id': ['JTI=j'] } },
    audiences: own,
  })
  assert.deepEqual((await verify(await token({ sub: 'jane', groups: 'dev' })))?.user.groups, ['idp:dev'])
  assert.equal(await verify(await token({ sub: 'jane', iss: 'https://elsewhere' })), undefined)
  assert.equal(await verify('no.jwt'), undefined)
  assert.equal(await verify(await token({ sub: 'jane' }), ['vault']), undefined)
})

test('tokens that do not hold', async () => {
  const { verify, token, clock } = world(simple)
  const refused = async (claims: object, reason: RegExp, key?: KeyObject) => assert.rejects(verify(await token(claims, key)), reason)
  await refused({ sub: 'jane', aud: 'other' }, /oidc: verify token: oidc: expected audience "app" got \["other"\]/)
  await refused({ sub: 'jane', exp: start / 1000 - 1 }, /token is expired \(Token Expiry: 2025-12-31 23:59:59 \+0000 UTC\)/)
  await refused({ sub: 'jane', exp: undefined }, /token is expired/)
  await refused({ sub: 'jane', nbf: start / 1000 + 301 }, /before the nbf/)
  await refused({}, /oidc: parse username claims "sub": claim not present/)
  await refused({ sub: 'jane', groups: 7 }, /oidc: parse groups claim "groups"/)
  await refused({ sub: 'jane' }, /failed to verify signature/, other)
  const [header, payload] = (await token({ sub: 'jane' })).split('.') as [string, string]
  await clock.advance(2000)
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  for (const forged of [`${none}.${payload}.`, `${header}.${payload}.`, `${header}.${payload}.AAAA`])
    await assert.rejects(verify(forged), forged)
})

test('claims mapped by expressions', async () => {
  const { verify, token } = world(mapped)
  const jane = { email: 'jane@example.com', email_verified: true, roles: 'a,b', oid: 'u1', level: 3, tenant: 't1' }
  assert.deepEqual((await verify(await token({ ...jane, aud: ['x', 'web'] })))?.user, {
    name: 'jane@example.com',
    uid: 'u1',
    groups: ['a', 'b'],
    extra: { 'example.com/level': ['3'] },
  })
  const refused = async (claims: object, reason: string) =>
    assert.rejects(verify(await token({ ...jane, ...claims })), (error) => error instanceof Error && error.message === reason, reason)
  await refused({ email_verified: false }, 'oidc: empty username via CEL expression is not allowed')
  await refused({ tenant: 't2' }, 'oidc: required claim tenant value does not match. Got = t2, want = t1')
  await refused({ tenant: undefined }, 'oidc: required claim tenant not present in ID token')
  await refused(
    { level: 1 },
    "oidc: error evaluating claim validation expression: validation expression 'claims.level > 2.5' failed: level too low",
  )
  await refused(
    { email: 'system:admin' },
    "oidc: error evaluating user info validation rule: validation expression '!user.username.startsWith('system:')' failed: reserved name",
  )
  await refused(
    { roles: 'banned' },
    `oidc: error evaluating user info validation rule: validation expression 'user.groups.all(g, g != 'banned') && 'example.com/level' in user.extra' failed: banned`,
  )
  await refused(
    { email: undefined },
    "oidc: error evaluating username claim expression: expression 'claims.email_verified ? claims.email : ''' resulted in error: no such key: email",
  )
})

test('an issuer that says it is another is not believed; one that is out of reach is asked again', async () => {
  const { verify, token, clock, idp, problems } = world(simple)
  await verify(await token({ sub: 'jane' }))
  const late = world(simple, { down: true })
  await late.settle()
  await assert.rejects(late.verify(await late.token({ sub: 'jane' })), /oidc: authenticator not initialized/)
  assert.deepEqual(late.problems, ['https://idp.example: dial tcp: connect: connection refused'])
  late.idp.down = false
  await late.clock.advance(10_000)
  await late.settle()
  assert.equal((await late.verify(await late.token({ sub: 'jane' })))?.user.name, 'idp:jane')
  const liar = world(simple, { issuer: 'https://evil.example' })
  await liar.settle()
  assert.match(liar.problems.join(), /did not match the issuer URL returned by provider/)
  // A new key is fetched when a token comes that it signed, and not more often than once a second.
  idp.keys.push(other)
  const signed = await token({ sub: 'kim' }, other)
  await clock.advance(1000)
  assert.equal((await verify(signed))?.user.name, 'idp:kim')
  const before = idp.asked.length
  for (let i = 0; i < 5; i += 1) await assert.rejects(verify(`${signed.slice(0, -4)}AAA${i}`))
  assert.equal(idp.asked.length, before)
  assert.deepEqual(problems, [])
})

test('another file is taken up when its issuers were found, and refused when it is wrong', async () => {
  const { verify, token, authentication, idp, settle } = world(simple)
  const jane = await token({ sub: 'jane' })
  assert.equal((await verify(jane))?.user.name, 'idp:jane')
  await assert.rejects(authentication.update('{'), (error) => isError(error, 'Invalid'))
  await assert.rejects(authentication.update(`${simple}anonymous: {enabled: true}\n`), /anonymous: Forbidden/)
  await settle()
  assert.equal((await verify(jane))?.user.name, 'idp:jane')
  await authentication.update(simple.replaceAll("'idp:'", "'new:'"))
  assert.equal((await verify(jane))?.user.name, 'new:jane')
  // What waits for its issuer gives way to what came later.
  idp.down = true
  const waiting = assert.rejects(authentication.update(simple.replaceAll("'idp:'", "'late:'")))
  idp.down = false
  await authentication.update(simple.replaceAll("'idp:'", "'latest:'"))
  await waiting
  assert.equal((await verify(jane))?.user.name, 'latest:jane')
})

test('groups that the issuer keeps elsewhere', async () => {
  const { verify, token, idp, clock } = world(simple)
  const away = (endpoint: object) => ({ sub: 'jane', _claim_names: { groups: 's' }, _claim_sources: { s: endpoint } })
  const endpoint = { endpoint: 'https://idp.example/groups', access_token: 'a' }
  idp.groups = await token({ groups: ['far'] })
  const first = await token(away(endpoint))
  // The issuer that the answer names has to be found first.
  await assert.rejects(verify(first), /verifier not initialized for issuer/)
  await clock.advance(1)
  assert.deepEqual((await verify(first))?.user.groups, ['idp:far'])
  idp.groups = await token({ groups: ['far'] }, other)
  await clock.advance(1000)
  await assert.rejects(verify(await token({ ...away(endpoint), n: 1 })), /could not expand distributed claims: .*signature/)
  idp.groups = await token({ groups: ['far'], aud: 'other' })
  await assert.rejects(verify(await token({ ...away(endpoint), n: 2 })), /expected audience/)
  await assert.rejects(verify(await token({ sub: 'jane', _claim_names: { groups: 't' }, _claim_sources: {} })), /a source t missing/)
  await assert.rejects(verify(await token({ sub: 'jane', _claim_names: { groups: 't' } })), /no claim sources/)
  assert.deepEqual((await verify(await token(away({ JWT: 'x' }))))?.user.groups, [])
  assert.deepEqual((await verify(await token({ ...away(endpoint), groups: ['near'] })))?.user.groups, ['idp:near'])
})

test('configurations that are refused, in the reference’s words', () => {
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n'
  const refused = (text: string, message: string) =>
    assert.throws(
      () => world(text),
      (error) => {
        assert.ok(isError(error, 'Invalid'))
        assert.equal(error.message, message)
        return true
      },
    )
  const jwt = (issuer: string, rest = '') =>
    `${head}jwt:\n- issuer: ${issuer}\n  claimMappings: {username: {claim: sub, prefix: ''}}\n${rest}`
  refused(`${head}jwts: []\n`, 'strict decoding error: unknown field "jwts"')
  refused(jwt('{audiences: [a]}'), 'jwt[0].issuer.url: Required value')
  refused(jwt('{url: http://a, audiences: [a]}'), 'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https')
  refused(jwt('{url: https://a}'), 'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required')
  refused(
    jwt('{url: "https://kubernetes.default.svc.cluster.local", audiences: [a]}'),
    'jwt[0].issuer.url: Invalid value: "https://kubernetes.default.svc.cluster.local": URL must not overlap with disallowed issuers: [https://kubernetes.default.svc.cluster.local]',
  )
  refused(
    jwt('{url: https://a, audiences: [a, b]}'),
    'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
  )
  refused(
    jwt('{url: https://a, audiences: [a]}', '  claimValidationRules: [{claim: a, expression: "true"}, {}]\n'),
    `[jwt[0].claimValidationRules[0]: Invalid value: "a": claim and expression can't both be set, jwt[0].claimValidationRules[1]: Required value: claim or expression is required]`,
  )
  refused(
    jwt('{url: https://a, audiences: [a]}', '  userValidationRules: [{expression: "user.username"}]\n'),
    'jwt[0].userValidationRules[0].expression: Invalid value: "user.username": must evaluate to bool',
  )
  refused(
    `${head}jwt:\n- issuer: {url: https://a, audiences: [a]}\n  claimMappings: {username: {expression: claims.email}}\n`,
    'jwt[0].claimMappings.username.expression: Invalid value: "claims.email": claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
  )
  refused(
    `${head}anonymous: {enabled: false, conditions: [{path: /livez}]}\n`,
    'anonymous.conditions: Invalid value: [{"path":"/livez"}]: enabled should be set to true when conditions are defined',
  )
})

test('anonymous access as the file has it', () => {
  const access = (text: string) =>
    world(`apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n${text}`).authentication.anonymous()
  assert.equal(access('jwt: []'), undefined)
  assert.equal(access('anonymous: {enabled: false}'), 'none')
  assert.equal(access('anonymous: {enabled: true}'), 'all')
  assert.deepEqual(access('anonymous: {enabled: true, conditions: [{path: /livez}, {path: /readyz}]}'), ['/livez', '/readyz'])
})

interface Idp {
  down: boolean
  issuer: string
  keys: KeyObject[]
  asked: string[]
  groups?: string
}

function world(text: string, given: Partial<Idp> = {}) {
  const clock = createVirtualClock(start)
  const idp: Idp = { down: false, issuer: 'https://idp.example', keys: [rsa], asked: [], ...given }
  const problems: string[] = []
  const outbound: Outbound = async (target) => {
    const url = 'url' in target ? target.url : ''
    idp.asked.push(url)
    if (idp.down) throw new Error('dial tcp: connect: connection refused')
    if (url.endsWith('/groups')) return { status: 200, headers: {}, body: Buffer.from(idp.groups ?? '') }
    const body = url.endsWith('/keys')
      ? { keys: await Promise.all(idp.keys.map(async (key, n) => ({ ...(await exportJWK(key)), d: undefined, kid: `k${n}` }))) }
      : { issuer: idp.issuer, jwks_uri: 'https://idp.example/keys' }
    return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) }
  }
  const authentication = createConfiguredAuthentication({
    text,
    outbound,
    clock,
    audiences: own,
    ownIssuers: ['https://kubernetes.default.svc.cluster.local'],
    onProblem: (issuer, error) => void problems.push(`${issuer}: ${(error as Error).message}`),
  })
  const settle = async () => {
    for (let i = 0; i < 20; i += 1) await Promise.resolve()
  }
  return {
    clock,
    idp,
    authentication,
    problems,
    settle,
    verify: async (token: string, audiences = own) => {
      await settle()
      return authentication.verify(token, audiences)
    },
    token: (claims: object, key = rsa) =>
      new SignJWT({ iss: 'https://idp.example', aud: 'app', exp: start / 1000 + 3600, ...claims })
        .setProtectedHeader({ alg: key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256' })
        .sign(key),
  }
}
