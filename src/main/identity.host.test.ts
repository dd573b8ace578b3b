import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type RequestOptions, request } from 'node:https'
import { after, before, test } from 'node:test'
import { SignJWT } from 'jose'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { type Listening, listen } from '#apiserver/listen.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { systemClock } from '#host/clock.ts'
import { makeCertificate, makeSigningKey } from '#host/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { createJsonLog } from '#lib/log.ts'
import { createMemoryStore } from '#store/memory.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'

/** Who somebody is, asked over TLS by those who would like to be somebody else. */

const life = { notBefore: Date.now() - 1000, notAfter: Date.now() + 3_600_000 }
const clients = makeCertificate({ commonName: 'clients', usage: 'ca', ...life })
const proxies = makeCertificate({ commonName: 'proxies', usage: 'ca', ...life })
const serving = makeCertificate({ commonName: 'server', usage: 'server', addresses: ['127.0.0.1'], ...life }, clients)
const serviceAccounts = makeSigningKey()

let plane: ControlPlane
let listener: Listening

before(async () => {
  const log = createJsonLog(() => {}, systemClock, 'error', {})
  plane = await startControlPlane({
    store: createMemoryStore(),
    clock: systemClock,
    random: systemRandom,
    log,
    identity: 'test',
    advertise: { address: '127.0.0.1', port: 6443 },
    podCIDR: '10.244.0.0/16',
    serviceCIDRs: ['10.96.0.0/12'],
    serviceAddress: '10.96.0.1',
    nodePorts: [30_000, 32_767],
    rootCa: clients.certificate,
    frontProxyCa: proxies.certificate,
    serviceAccounts: { key: serviceAccounts.key, publicKeys: [] },
    dial: () => Promise.reject(new Error('nobody to talk to')),
    components: [],
    staticTokens: { secret: { name: 'admin', groups: ['system:masters'] } },
  })
  listener = await listen({
    handler: plane.handler,
    host: '127.0.0.1',
    port: 0,
    ...serving,
    clientCa: `${clients.certificate}\n${proxies.certificate}`,
    clock: systemClock,
    log,
  })
})
after(async () => {
  await listener.close(0)
  await plane.stop()
})

/** The user that the API server takes the request for, or the status of its refusal. */
function whoami(headers: Readonly<Record<string, string | string[]>>, pair?: { certificate: string; key: string }): Promise<unknown> {
  const options: RequestOptions = {
    host: '127.0.0.1',
    port: listener.port,
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: { 'content-type': 'application/json', ...headers },
    ca: clients.certificate,
    agent: false,
    ...(pair && { cert: pair.certificate, key: pair.key }),
  }
  return new Promise((resolve, reject) => {
    const asked = request(options, (answer) => {
      let text = ''
      answer.on('data', (part) => {
        text += part
      })
      answer.on('end', () => {
        const { username, groups } = JSON.parse(text).status?.userInfo ?? {}
        resolve(answer.statusCode === 201 ? [username, ...groups] : answer.statusCode)
      })
    })
    asked.on('error', reject)
    asked.end('{}')
  })
}

const client = (commonName: string, ca = clients, organizations: string[] = []) =>
  makeCertificate({ commonName, organizations, usage: 'client', ...life }, ca)
const remote = { 'x-remote-user': 'root', 'x-remote-group': 'system:masters' }

test('nobody without credentials, and nobody with bad ones', async () => {
  assert.equal(await whoami({}), 401)
  assert.equal(await whoami({ authorization: 'Bearer nonsense' }), 401)
  assert.deepEqual(await whoami({ authorization: 'Bearer secret' }), ['admin', 'system:masters', 'system:authenticated'])
})

test('certificates make the users that they name, those of the proxies’ authority none', async () => {
  const jane = ['jane', 'dev', 'system:authenticated']
  assert.deepEqual(await whoami({}, client('jane', clients, ['dev'])), jane)
  assert.equal(await whoami({}, client('jane', proxies, ['system:masters'])), 401)
  const own = makeCertificate({ commonName: 'own', usage: 'ca', ...life })
  assert.equal(await whoami({}, client('jane', own, ['system:masters'])), 401)
})

test('only the proxy may speak for others', async () => {
  assert.deepEqual(await whoami(remote, client('front-proxy-client', proxies)), ['root', 'system:masters', 'system:authenticated'])
  assert.equal(await whoami(remote), 401)
  assert.equal(await whoami(remote, client('another', proxies)), 401)
  assert.deepEqual(await whoami(remote, client('front-proxy-client', clients)), ['front-proxy-client', 'system:authenticated'])
  const joined = { 'x-remote-user': 'eve', 'x-remote-group': ['a, system:masters'] }
  assert.deepEqual(await whoami(joined, client('front-proxy-client', proxies)), ['eve', 'a, system:masters', 'system:authenticated'])
})

test('impersonation is a right, and each part of it', async () => {
  const eve = client('eve')
  assert.equal(await whoami({ 'impersonate-user': 'root' }, eve), 403)
  assert.equal(await whoami({ 'impersonate-group': 'system:masters' }, eve), 400)
  assert.deepEqual(await whoami({ authorization: 'Bearer secret', 'impersonate-user': 'jane', 'impersonate-group': ['a', 'b'] }), [
    'jane',
    'a',
    'b',
    'system:authenticated',
  ])
})

test('tokens of an account, and forgeries of them', async () => {
  const admin = createClient(createLocalTransport(plane.transportAs({ name: 'admin', groups: ['system:masters'] })), {
    fieldManager: 'test',
  })
  const { metadata } = await admin.create(ServiceAccount, { metadata: { name: 'builder' } }, { namespace: 'default' })
  const issued = (spec: object) =>
    admin.act(
      ServiceAccount,
      'builder',
      'token',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
      { namespace: 'default' },
    )
  const tokenOf = async (spec: object = {}) => ((await issued(spec)) as { status: { token: string } }).status.token
  const bearer = (token: string) => whoami({ authorization: `Bearer ${token}` })
  const builder = [
    'system:serviceaccount:default:builder',
    'system:serviceaccounts',
    'system:serviceaccounts:default',
    'system:authenticated',
  ]
  const token = await tokenOf()
  assert.deepEqual(await bearer(token), builder)
  assert.equal(await bearer(await tokenOf({ audiences: ['vault'] })), 401)
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = (key: KeyObject, change: object = {}) =>
    new SignJWT({ ...claims, ...change }).setProtectedHeader(JSON.parse(Buffer.from(header, 'base64url').toString())).sign(key)
  const forged = {
    none: `${encode({ alg: 'none' })}.${payload}.`,
    changed: `${header}.${encode({ ...claims, sub: 'system:serviceaccount:kube-system:root' })}.${signature}`,
    'another key': await signed(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  }
  for (const [name, given] of Object.entries(forged)) assert.equal(await bearer(given), 401, name)
  // With its account gone, a token that was not used lately is nobody's.
  const second = await tokenOf()
  await admin.delete(ServiceAccount, 'builder', { namespace: 'default', preconditions: { uid: metadata.uid } })
  assert.equal(await bearer(second), 401)
})
