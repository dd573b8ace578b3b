import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { createServer, Agent as HttpsAgent, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { isError } from '#lib/errors.ts'
import type { HttpsExchangeRequest } from '#lib/https-exchange.ts'
import { createHttpsExchange } from './outbound.ts'
import { makeCertificate } from './pki/certificate.ts'

const day = 86_400_000
const validity = { notBefore: Date.now() - day, notAfter: Date.now() + day }
const ca = makeCertificate({ commonName: 'ca', usage: 'ca', ...validity })
const otherCa = makeCertificate({ commonName: 'other', usage: 'ca', ...validity })
const served = makeCertificate({ commonName: 'hook', usage: 'server', dnsNames: ['hook.a.svc'], ...validity }, ca)
const client = makeCertificate({ commonName: 'api', usage: 'client', ...validity }, ca)

const exchange = createHttpsExchange()
let server: Server
let port = 0
let connections = 0
const waiting: ServerResponse[] = []
/** Connections that carried a request before. */
const used = new WeakSet<object>()

before(async () => {
  server = createServer(
    { cert: served.certificate, key: served.key, ca: ca.certificate, requestCert: true, rejectUnauthorized: false },
    answer,
  )
  server.on('secureConnection', () => (connections += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
after(() => {
  for (const response of waiting) response.destroy()
  exchange.close()
  server.closeAllConnections()
  server.close()
})

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url } = request
  if (url === '/hang') return void waiting.push(response)
  if (url === '/break') return void request.socket.destroy()
  if (url === '/only-new' && used.has(request.socket)) return void request.socket.destroy()
  if (url === '/slow-unless-new') {
    if (used.has(request.socket)) setTimeout(() => request.socket.destroy(), 600)
    else waiting.push(response)
    return
  }
  used.add(request.socket)
  if (url === '/redirect') return void response.writeHead(302, { location: '/' }).end()
  if (url === '/long') return void response.end('x'.repeat(5000))
  if (url === '/half') {
    response.writeHead(200, { 'content-length': '100' }).write('x')
    return void setImmediate(() => request.socket.destroy())
  }
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const { authorized } = request.socket as unknown as { readonly authorized: boolean }
    const { host, authorization } = request.headers
    response.end(JSON.stringify({ host, authorization, authorized, method: request.method, body: Buffer.concat(parts).toString() }))
  })
}

const ask = (path: string, options: Partial<HttpsExchangeRequest> = {}) =>
  exchange({
    url: `https://hook.a.svc:443${path}`,
    connectTo: { host: '127.0.0.1', port },
    caBundle: ca.certificate,
    method: 'POST',
    headers: {},
    timeoutMs: 5000,
    bodyMaxBytes: 4096,
    ...options,
  })

test('a body there and back, under the name that the URL has', async () => {
  const { status, body } = await ask('/', { body: Buffer.from('hello'), headers: { authorization: 'Bearer t' } })
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(Buffer.from(body).toString()), {
    host: 'hook.a.svc',
    authorization: 'Bearer t',
    authorized: false,
    method: 'POST',
    body: 'hello',
  })
})

test('a client certificate is shown', async () => {
  const { body } = await ask('/', { certificate: client.certificate, key: client.key })
  assert.equal(JSON.parse(Buffer.from(body).toString()).authorized, true)
})

test('connections are kept for the next request', async () => {
  await ask('/')
  const before = connections
  for (let round = 0; round < 5; round += 1) await ask('/')
  assert.equal(connections, before)
})

const given = { body: Buffer.from('x') }
checkKept('GET', {}, '200')
checkKept('OPTIONS', {}, '200')
checkKept('POST', { ...given, headers: { 'idempotency-key': '1' } }, '200')
// The peer had it, and may have done what it says.
checkKept('POST', given, 'EOF')
checkKept('DELETE', {}, 'EOF')

test('a request that a closing connection never took is sent again, whatever it does', async (context) => {
  await ask('/')
  const closing = context.mock.method(HttpsAgent.prototype, 'reuseSocket', (socket: Socket, request: ClientRequest) => {
    request.reusedSocket = true
    socket.destroy()
  })
  const { body } = await ask('/', given)
  assert.equal(closing.mock.callCount(), 1)
  assert.equal(JSON.parse(Buffer.from(body).toString()).body, 'x')
})

test('the second time has what the first one left', async () => {
  await ask('/')
  const before = performance.now()
  await assert.rejects(ask('/slow-unless-new', { method: 'GET', timeoutMs: 1000 }), /context deadline exceeded/)
  const tookMs = performance.now() - before
  assert.ok(tookMs > 900 && tookMs < 1500, `${tookMs} ms`)
})

test('a redirect is an answer', async () => assert.equal((await ask('/redirect')).status, 302))

const unknown = 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
checkFailure('an authority that did not sign it', '/', { caBundle: otherCa.certificate }, unknown)
checkFailure("the machine's authorities", '/', { caBundle: undefined as never }, unknown)
checkFailure(
  'another name',
  '/',
  { url: 'https://other.a.svc:443/' },
  'tls: failed to verify certificate: x509: certificate is valid for hook.a.svc, not other.a.svc',
)
checkFailure('nobody there', '/', { connectTo: { host: '127.0.0.1', port: 1 } }, 'dial tcp 127.0.0.1:1: connect: connection refused')
checkFailure('a server that hangs', '/hang', { timeoutMs: 100 }, 'context deadline exceeded', 'Timeout')
checkFailure('a server that hangs up', '/break', {}, 'EOF')
checkFailure('half an answer', '/half', {}, 'unexpected EOF')
checkFailure('more than was bargained for', '/long', {}, 'the answer is longer than 4096 bytes')

test('whoever asked may stop asking', async () => {
  const stop = new AbortController()
  const answer = ask('/hang', { signal: stop.signal })
  stop.abort(new Error('enough'))
  await assert.rejects(answer, /enough/)
})

/** What comes of a request on one of several kept connections, all of which the peer closes when asked again. */
function checkKept(method: string, options: Partial<HttpsExchangeRequest>, want: string): void {
  test(`${method} ${JSON.stringify(options.headers ?? {})} on connections that the peer has given up: ${want}`, async () => {
    await Promise.all([ask('/'), ask('/'), ask('/')])
    const told = await ask('/only-new', { method, ...options }).then(
      ({ status }) => `${status}`,
      (error: Error) => error.message,
    )
    assert.equal(told, want)
  })
}

function checkFailure(
  name: string,
  path: string,
  options: Partial<HttpsExchangeRequest>,
  message: string,
  code: 'ServiceUnavailable' | 'Timeout' = 'ServiceUnavailable',
): void {
  test(name, () => assert.rejects(ask(path, options), (error: Error) => isError(error, code) && error.message === message))
}
