import assert from 'node:assert/strict'
import { Duplex, PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { createHttpsStream } from '#host/https-stream.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { type HttpRequest, readBody } from '#lib/http.ts'
import type { Caller } from '../contract.ts'
import { createTestServer, type TestServer } from '../testing.ts'
import { type ExtensionServer, group, startExtensionServer } from './testing.ts'

const day = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 }
const servingCa = makeCertificate({ commonName: 'serving', usage: 'ca', ...day })
const frontProxyCa = makeCertificate({ commonName: 'front proxy', usage: 'ca', ...day })
const serving = makeCertificate({ commonName: 'api', usage: 'server', dnsNames: ['api.wardle.svc'], ...day }, servingCa)
const proxy = makeCertificate({ commonName: 'front-proxy-client', usage: 'client', ...day }, frontProxyCa)

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
type Any = any

const stream = createHttpsStream()
const services = '/apis/apiregistration.k8s.io/v1/apiservices'
const name = `v1.${group}`
const flunders = `/apis/${group}/v1/namespaces/default/flunders`
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const user = { name: 'jane', uid: '7', groups: ['system:masters', 'dev'], extra: { 'a/b': ['1', '2'] } }
let server: TestServer
let extension: ExtensionServer

before(async () => {
  server = await createTestServer({ clock: systemClock, aggregation: { stream, identity: () => proxy } })
  extension = await startExtensionServer({ serving, frontProxyCa: frontProxyCa.certificate })
  await write('POST', '/api/v1/namespaces', { metadata: { name: 'wardle' } })
  await write('POST', '/api/v1/namespaces/wardle/services', {
    metadata: { name: 'api' },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  })
  await register(Buffer.from(servingCa.certificate).toString('base64'), extension.port)
  await until('True')
})
after(async () => {
  await extension.close()
  await server.close()
  stream.close()
})

test('who asks is told by our word alone', async () => {
  const { status, body } = await ask(flunders, {
    headers: { authorization: 'Bearer secret', 'x-remote-user': 'root', 'x-remote-extra-a': 'b', 'x-mine': 'kept' },
  })
  assert.deepEqual([status, body.kind], [200, 'FlunderList'])
  const { proxy: certified, serverName, headers } = lastAsked()
  assert.deepEqual([certified, serverName], ['front-proxy-client', 'api.wardle.svc'])
  const told = Object.fromEntries(Object.entries(headers).filter(([key]) => /^(x-remote|x-mine|authorization)/.test(key)))
  assert.deepEqual(told, {
    'x-mine': 'kept',
    'x-remote-user': 'jane',
    'x-remote-uid': '7',
    'x-remote-group': 'system:masters, dev',
    'x-remote-extra-a%2fb': '1, 2',
  })
})

test('what the server says of it is the server’s own', async () => {
  const { metadata } = (await ask(`${services}/${name}`)).body
  const [own] = metadata.managedFields.filter(({ subresource }: Any) => subresource === 'status')
  assert.deepEqual([own.manager, own.operation, Object.keys(own.fieldsV1)], ['kube-apiserver', 'Update', ['f:status']])
})

test('bodies, statuses and audit ids pass', async () => {
  const body = Buffer.from('{"kind":"Flunder"}')
  const made = await ask(flunders, { method: 'POST', body, headers: { 'audit-id': 'mine' } })
  assert.deepEqual([made.status, made.body, made.headers['audit-id']], [200, { kind: 'Flunder' }, 'mine'])
  assert.equal(lastAsked().headers['audit-id'], 'mine')
  assert.equal((await ask(`${flunders}/nothing`)).status, 404)
})

test('a watch comes event by event, and its end ends it at the extension', async () => {
  const over = new AbortController()
  const { status, body } = await call({ method: 'GET', path: `${flunders}?watch=1`, headers: {}, signal: over.signal })
  assert.equal(status, 200)
  const events = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  assert.equal(Buffer.from((await events.next()).value!).toString(), '{"type":"ADDED"}\n')
  over.abort()
  await assert.rejects(events.next())
})

test('a connection that is upgraded carries bytes both ways; a refused one the refusal', async () => {
  const upgraded = await upgrade(`${flunders}/a/exec`)
  assert.match(await upgraded.until('\r\n\r\n'), /^HTTP\/1\.1 101 /)
  upgraded.send('hello')
  assert.match(await upgraded.until('hello'), /hello$/)
  assert.match(await (await upgrade(`${flunders}/a/attach`)).until('no'), /^HTTP\/1\.1 403 [\s\S]*no$/)
})

test('discovery shows it in its place', async () => {
  const plain = (await ask('/apis')).body.groups.map((each: Any) => each.name)
  assert.equal(plain[0], 'apiregistration.k8s.io')
  assert.ok(plain.indexOf(group) > plain.indexOf('apps') && plain.indexOf(group) < plain.indexOf('storage.k8s.io'), plain.join())
  assert.equal((await ask(`/apis/${group}`)).body.preferredVersion.groupVersion, `${group}/v1`)
  assert.equal((await ask(`/apis/${group}/v1`)).body.kind, 'APIResourceList')
  const found = (await ask('/apis', { headers: { accept: aggregated } })).body.items.find((item: Any) => item.metadata.name === group)
  assert.deepEqual(
    found.versions.map(({ freshness, resources }: Any) => [freshness, resources.map(({ resource }: Any) => resource)]),
    [['Current', ['flunders']]],
  )
})

test('OpenAPI shows what it says of its own group version, and no more', async () => {
  const has = async (): Promise<boolean> => (await ask('/openapi/v3')).body.paths[`apis/${group}/v1`] !== undefined
  while (!(await has())) await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await ask(`/openapi/v3/apis/${group}/v1`)).body.openapi, '3.0.0')
  assert.equal((await ask('/openapi/v3')).body.paths['apis/other/v1'], undefined)
  assert.equal((await ask('/openapi/v3/version')).body.info.title, 'Kubernetes')
  const { paths, definitions } = (await ask('/openapi/v2')).body
  assert.ok(paths[`/apis/${group}/v1/flunders`] !== undefined && definitions.Flunder !== undefined)
  assert.deepEqual(paths[`/apis/${group}/v1/flunders`].get.parameters, [{ name: 'pretty', in: 'query', type: 'string' }])
  assert.ok(paths['/apis/other/v1/things'] === undefined && definitions.Other === undefined)
})

test('a server that knows only the older form of discovery is shown in the newer', async () => {
  await extension.close()
  extension = await startExtensionServer({ serving, frontProxyCa: frontProxyCa.certificate, legacy: true })
  await register(Buffer.from(servingCa.certificate).toString('base64'), extension.port)
  const shown = async (): Promise<Any> =>
    (await ask('/apis', { headers: { accept: aggregated } })).body.items.find((item: Any) => item.metadata.name === group)
  let found = await shown()
  while (found.versions[0].resources?.[0].subresources === undefined) {
    await new Promise((resolve) => setImmediate(resolve))
    found = await shown()
  }
  const [{ resource, scope, singularResource, subresources }] = found.versions[0].resources
  assert.deepEqual([resource, scope, singularResource], ['flunders', 'Namespaced', 'flunder'])
  assert.deepEqual(subresources, [{ subresource: 'status', responseKind: { group: '', version: '', kind: 'Flunder' }, verbs: ['get'] }])
})

test('a server that cannot be believed, or reached, is unavailable, and comes back', async () => {
  await register(Buffer.from(frontProxyCa.certificate).toString('base64'), extension.port)
  const { reason, message } = await until('False')
  assert.equal(reason, 'FailedDiscoveryCheck')
  assert.match(
    message,
    /^failing or missing response from https:\/\/localhost:\d+\/apis\/wardle.*x509: certificate signed by unknown authority$/,
  )
  const refused = await call({ method: 'GET', path: flunders, headers: {} })
  assert.deepEqual([refused.status, Buffer.from(await readBody(refused.body)).toString()], [503, 'service unavailable\n'])
  const stale = (await ask('/apis', { headers: { accept: aggregated } })).body.items.find((item: Any) => item.metadata.name === group)
  assert.deepEqual(stale.versions, [{ version: 'v1', freshness: 'Stale' }])
  await register(Buffer.from(servingCa.certificate).toString('base64'), extension.port)
  await until('True')
  await call({ method: 'DELETE', path: '/api/v1/namespaces/wardle/services/api', headers: {} })
  assert.deepEqual(await until('False'), { reason: 'ServiceNotFound', message: 'service/api in "wardle" is not present' })
})

/** Of the requests that were passed on; others are our own questions. */
const lastAsked = () => extension.asked.findLast(({ url }) => url.startsWith(flunders))!

async function register(caBundle: string, port: number): Promise<void> {
  const spec = { group, version: 'v1', groupPriorityMinimum: 17_000, versionPriority: 1, caBundle }
  const present = (await ask(`${services}/${name}`)).body
  const body = { metadata: { name }, spec: { ...spec, service: { namespace: 'wardle', name: 'api', port } } }
  if (present.kind !== 'APIService') return write('POST', services, body)
  await write('PUT', `${services}/${name}`, { ...body, metadata: present.metadata })
}

/** Waits for the condition, without sleeping: each turn lets the sockets go on. */
async function until(status: string): Promise<{ readonly reason: string; readonly message: string }> {
  for (;;) {
    const { body } = await ask(`${services}/${name}`)
    const found = body.status.conditions?.find(({ type }: Any) => type === 'Available')
    if (found?.status === status) return { reason: found.reason, message: found.message }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const call = (request: HttpRequest, caller: Partial<Caller> = {}) => server.handler(request, { user, remoteAddress: '10.0.0.9', ...caller })

async function ask(path: string, request: Partial<HttpRequest> = {}): Promise<{ status: number; body: Any; headers: Any }> {
  const { status, body, headers } = await call({ method: 'GET', path, headers: {}, ...request })
  return { status, headers, body: JSON.parse(Buffer.from(await readBody(body)).toString()) }
}

async function write(method: string, path: string, body: object): Promise<void> {
  const answer = await ask(path, { method, body: Buffer.from(JSON.stringify(body)) })
  assert.ok(answer.status < 300, JSON.stringify(answer.body))
}

const duplexPair = (readable: PassThrough, writable: PassThrough): Duplex => Duplex.from({ readable, writable } as never)

async function upgrade(path: string) {
  const toServer = new PassThrough()
  const toClient = new PassThrough()
  const socket = duplexPair(toServer, toClient)
  const headers = { connection: 'Upgrade', upgrade: 'echo' }
  const answered = call({ method: 'GET', path, headers }, { upgrade: { socket, head: new Uint8Array() } })
  let text = ''
  return {
    send: (data: string) => toServer.write(data),
    async until(end: string): Promise<string> {
      assert.equal((await answered).status, 101)
      for await (const part of toClient.iterator({ destroyOnReturn: false })) {
        text += part
        if (text.endsWith(end)) break
      }
      return text
    },
  }
}
