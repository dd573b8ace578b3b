import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { AdmissionRequest } from '#api/admission/v1/types.ts'
import { systemClock } from '#host/clock.ts'
import { createHttpsExchange } from '#host/outbound.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { readBody } from '#lib/http.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createOutbound } from '../../outbound.ts'
import { admin, createTestServer, type TestServer } from '../../testing.ts'
import { matchConditions } from '../match-conditions.ts'
import { namespaceLifecycle } from '../namespace-lifecycle.ts'
import { mutatingWebhooks } from './mutating.ts'
import { validatingWebhooks } from './validating.ts'
import { createWebhookMetrics } from './webhook-metrics.ts'

const day = 86_400_000
const validity = { notBefore: Date.now() - day, notAfter: Date.now() + day }
const ca = makeCertificate({ commonName: 'ca', usage: 'ca', ...validity })
const otherCa = makeCertificate({ commonName: 'other', usage: 'ca', ...validity })
const served = makeCertificate({ commonName: 'h', usage: 'server', addresses: ['127.0.0.1'], dnsNames: ['hook.a.svc'], ...validity }, ca)

/** What the webhook says at a path: a response, a function that answers by itself, or the operations of a patch. */
type Answer = object | ((request: AdmissionRequest, response: ServerResponse) => object | undefined)
const answers: Record<string, Answer> = {}
const asked: { readonly path: string; readonly request: AdmissionRequest }[] = []
const exchange = createHttpsExchange()
const registry = createRegistry()
let hooks: Server
let port = 0
let server: TestServer

before(async () => {
  hooks = createServer({ cert: served.certificate, key: served.key }, (request, response) => void serve(request, response))
  hooks.listen(0, '127.0.0.1')
  await once(hooks, 'listening')
  port = (hooks.address() as AddressInfo).port
  server = await createTestServer({
    clock: systemClock,
    server: {
      stages: (objects) => {
        const options = {
          objects,
          outbound: createOutbound({ objects, exchange, clock: systemClock }),
          conditions: matchConditions(async ({ verb }) => ({ allowed: verb === 'get', reason: '' })),
          uuid: () => 'the-uid',
          now: () => systemClock.monotonicMs(),
          log: () => {},
          observer: createWebhookMetrics(registry),
        }
        return {
          authenticate: async () => admin,
          authorize: async () => ({ allowed: true, reason: '' }),
          admission: [namespaceLifecycle, mutatingWebhooks(options), validatingWebhooks(options)],
          handlers: {},
        }
      },
    },
  })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a', labels: { hooked: 'yes' } } })
})
after(async () => {
  await server.close()
  exchange.close()
  hooks.closeAllConnections()
  hooks.close()
})

async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part as Buffer)
  const path = new URL(incoming.url!, 'https://h').pathname
  const review = JSON.parse(Buffer.concat(parts).toString()) as { readonly apiVersion: string; readonly request: AdmissionRequest }
  asked.push({ path, request: review.request })
  const answer = answers[path] ?? {}
  const said = typeof answer === 'function' ? answer(review.request, response) : answer
  if (said === undefined) return
  const { uid } = review.request
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: 'AdmissionReview', response: { uid, allowed: true, ...said } }))
}

const patch = (...operations: object[]): object => ({
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})
const add = (path: string, value: unknown) => ({ op: 'add', path, value })

/** What the tests look at of an object or a Status. */
interface Answered {
  readonly message: string
  readonly data: Readonly<Record<string, string>>
  readonly unknown?: unknown
  readonly items: readonly unknown[]
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> }
}

async function send(method: string, path: string, body?: object) {
  const answer = await server.transport({
    method,
    path,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: Buffer.from(JSON.stringify(body)) }),
  })
  return {
    status: answer.status,
    headers: answer.headers,
    body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) as Answered,
  }
}

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }
const hook = (path: string, more: object = {}) => ({
  name: 'h.example.com',
  clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle: Buffer.from(ca.certificate).toString('base64') },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  // The longest there may be: who answers late because the machine is slow has answered.
  timeoutSeconds: 30,
  namespaceSelector: { matchLabels: { hooked: 'yes' } },
  rules: [rule],
  ...more,
})

/** Writes a ConfigMap under these webhooks, and forgets them. */
async function under(kind: 'mutating' | 'validating', webhooks: readonly object[], query = '?dryRun=All', metadata: object = {}) {
  const configurations = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`
  const made = await send('POST', configurations, { metadata: { name: 'w' }, webhooks })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  asked.length = 0
  try {
    return await send('POST', `/api/v1/namespaces/a/configmaps${query}`, { metadata: { name: 'c', ...metadata }, data: { a: 'b' } })
  } finally {
    await send('DELETE', `${configurations}/w`)
  }
}

const failed = (why: string) => `Internal error occurred: failed calling webhook "h.example.com": ${why}`
const called = (path: string, seconds = 30) => `failed to call webhook: Post "https://127.0.0.1:${port}${path}?timeout=${seconds}s": `
/** Of one that never answers. */
const soon = { timeoutSeconds: 1 }

/** What a write under one webhook is refused with. */
function checkRefused(
  name: string,
  answer: Answer,
  status: number,
  message: string,
  more: object = {},
  kind: 'mutating' | 'validating' = 'validating',
): void {
  test(name, async () => {
    answers['/x'] = answer
    const { status: code, body } = await under(kind, [hook('/x', more)])
    assert.deepEqual([code, body.message], [status, message])
  })
}

const denied = 'admission webhook "h.example.com" denied the request'
checkRefused('a refusal', { allowed: false }, 400, `${denied} without explanation`)
checkRefused('a refusal with a reason', { allowed: false, status: { message: 'no', code: 403 } }, 403, `${denied}: no`)
checkRefused(
  'a refusal that names success',
  { allowed: false, status: { code: 200, status: 'Success' } },
  400,
  `${denied} without explanation`,
)
checkRefused('another uid', { uid: 'zzz' }, 500, failed('received invalid webhook response: expected response.uid="the-uid", got "zzz"'))
checkRefused(
  'a patch from who may not',
  patch(add('/data/x', 'y')),
  500,
  failed('received invalid webhook response: validating webhook may not return response.patch'),
)
checkRefused(
  'no JSON',
  (_request, response) => void response.end('{"a'),
  500,
  failed("failed to call webhook: couldn't get version/kind; json parse error: unexpected end of JSON input"),
)
checkRefused(
  'nothing',
  (_request, response) => void response.end(),
  500,
  failed('failed to call webhook: 0-length response with status code: 200 and content type: '),
)
checkRefused(
  'an error of its own',
  (_request, response) => void response.writeHead(500, { 'content-type': 'text/plain' }).end('boom'),
  500,
  failed('failed to call webhook: an error on the server ("boom") has prevented the request from succeeding'),
)
checkRefused(
  'a patch of nothing that is there',
  patch({ op: 'remove', path: '/spec/x' }),
  500,
  'Internal error occurred: remove operation does not apply: doc is missing path: "/spec/x": missing value',
  {},
  'mutating',
)

test('one that hangs, hangs up, is not there, or is somebody else', async () => {
  answers['/hang'] = () => undefined
  answers['/break'] = (_request, response) => void response.socket?.destroy()
  const message = async (more: object, path = '/hang') => (await under('validating', [hook(path, more)])).body.message
  assert.equal(await message(soon), failed(`${called('/hang', 1)}context deadline exceeded`))
  assert.equal(await message({}, '/break'), failed(`${called('/break')}EOF`))
  const unsigned = {
    clientConfig: { url: `https://127.0.0.1:${port}/hang`, caBundle: Buffer.from(otherCa.certificate).toString('base64') },
  }
  assert.equal(
    await message(unsigned),
    failed(`${called('/hang')}tls: failed to verify certificate: x509: certificate signed by unknown authority`),
  )
  const nobody = { clientConfig: { service: { namespace: 'a', name: 'none' } } }
  assert.equal(
    await message(nobody),
    failed('failed to call webhook: Post "https://none.a.svc:443/?timeout=30s": service "none" not found'),
  )
})

test('what fails may be passed over, what refuses may not', async () => {
  answers['/hang'] = () => undefined
  answers['/no'] = { allowed: false }
  assert.equal((await under('validating', [hook('/hang', { ...soon, failurePolicy: 'Ignore' })])).status, 201)
  assert.equal((await under('mutating', [hook('/hang', { ...soon, failurePolicy: 'Ignore' })])).status, 201)
  assert.equal((await under('validating', [hook('/no', { failurePolicy: 'Ignore' })])).status, 400)
  assert.match(registry.text(), /apiserver_admission_webhook_fail_open_count\{name="h\.example\.com",type="validating"\} 1/)
})

test('a service has to have the port', async () => {
  await send('POST', '/api/v1/namespaces/a/services', { metadata: { name: 'hook' }, spec: { ports: [{ port: 443, name: 'https' }] } })
  const { body } = await under('validating', [hook('/x', { clientConfig: { service: { namespace: 'a', name: 'hook', port: 80 } } })])
  assert.equal(
    body.message,
    failed('failed to call webhook: Post "https://hook.a.svc:80/?timeout=30s": no service port 80 found for service "hook"'),
  )
})

test('each sees what those before it made; the change is whole again', async () => {
  answers['/one'] = patch(add('/data/x', 'y'), add('/metadata/labels', { l: 'm' }), add('/unknown', 1))
  answers['/two'] = (request) => patch(add('/data/seen', Object.keys((request.object as { data: object }).data).join()))
  const { body } = await under('mutating', [hook('/one', { name: 'a.example.com' }), hook('/two', { name: 'b.example.com' })])
  assert.deepEqual([body.data, body.metadata.labels, body.unknown], [{ a: 'b', x: 'y', seen: 'a,x' }, { l: 'm' }, undefined])
})

test('one that asks for it is called again after a later change, and only then', async () => {
  answers['/count'] = (request) =>
    patch(add('/data/n', `${Number((request.object as { data: Record<string, string> }).data['n'] ?? 0) + 1}`))
  answers['/change'] = patch(add('/data/x', 'y'))
  answers['/same'] = patch(add('/data/a', 'b'))
  const first = hook('/count', { name: 'a.example.com', reinvocationPolicy: 'IfNeeded' })
  const again = await under('mutating', [first, hook('/change', { name: 'b.example.com' })])
  assert.deepEqual([again.body.data, asked.map(({ path }) => path)], [{ a: 'b', n: '2', x: 'y' }, ['/count', '/change', '/count']])
  const once = await under('mutating', [first, hook('/same', { name: 'b.example.com' })])
  assert.deepEqual([once.body.data, asked.map(({ path }) => path)], [{ a: 'b', n: '1' }, ['/count', '/same']])
})

test('warnings reach the client', async () => {
  answers['/warn'] = { warnings: ['careful'] }
  assert.deepEqual((await under('validating', [hook('/warn')])).headers['warning'], ['299 - "careful"'])
})

/** Whether a webhook that refuses everything is asked at all. */
function checkAsked(name: string, more: object, isAsked: boolean, metadata: object = {}): void {
  test(`${name}: ${isAsked ? 'asked' : 'not asked'}`, async () => {
    answers['/no'] = { allowed: false }
    const { status } = await under('validating', [hook('/no', more)], '?dryRun=All', metadata)
    assert.deepEqual([status, asked.length], isAsked ? [400, 1] : [201, 0])
  })
}
checkAsked('another resource', { rules: [{ ...rule, resources: ['secrets', 'configmaps/status'] }] }, false)
checkAsked('another operation', { rules: [{ ...rule, operations: ['UPDATE', 'DELETE'] }] }, false)
checkAsked('all resources', { rules: [{ ...rule, apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }] }, true)
checkAsked('cluster-wide objects', { rules: [{ ...rule, scope: 'Cluster' }] }, false)
checkAsked('another namespace', { namespaceSelector: { matchLabels: { hooked: 'no' } } }, false)
checkAsked('other labels', { objectSelector: { matchLabels: { l: 'm' } } }, false)
checkAsked('its labels', { objectSelector: { matchLabels: { l: 'm' } } }, true, { labels: { l: 'm' } })
const condition = (expression: string) => ({ matchConditions: [{ name: 'x', expression }] })
checkAsked('a condition that holds', condition("object.metadata.name == 'c' && request.dryRun"), true)
checkAsked('one that does not', condition("request.userInfo.username == 'nobody'"), false)
checkAsked('one that the authorizer decides', condition("authorizer.group('').resource('pods').check('list').allowed()"), false)
checkAsked('one that cannot be told, where failures are ignored', { ...condition('object.nosuch == 1'), failurePolicy: 'Ignore' }, false)

test('a condition that cannot be told refuses the write', async () => {
  const { status, body } = await under('validating', [hook('/no', condition('object.nosuch == 1'))])
  assert.deepEqual([status, asked.length], [403, 0])
  assert.match(body.message, /expression 'object\.nosuch == 1' resulted in error: no such key: nosuch/)
})

test('webhooks cannot keep their own configuration from being mended', async () => {
  answers['/no'] = { allowed: false }
  const everything = { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }], namespaceSelector: {} }
  const { status } = await under('validating', [hook('/no', everything)])
  assert.equal(status, 400)
  assert.equal((await send('GET', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations')).body.items.length, 0)
})
