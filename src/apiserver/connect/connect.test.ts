import assert from 'node:assert/strict'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { after, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { createDialer } from '#host/dialer.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { isError } from '#lib/errors.ts'
import { type HttpResponse, readBody } from '#lib/http.ts'
import { seededRandom } from '#lib/random.ts'
import { asking, memoryObjects } from '../authorization/testing/memory-objects.ts'
import type { SubresourceCall } from '../contract.ts'
import { checkProxyable } from './address.ts'
import { connectHandlers } from './connect-handlers.ts'
import type { Dialer } from './dialer.ts'

const life = { notBefore: Date.now() - 1000, notAfter: Date.now() + 3_600_000 }
const ca = makeCertificate({ commonName: 'ca', usage: 'ca', ...life })
const serving = (issuer = ca) => makeCertificate({ commonName: 'kubelet', usage: 'server', addresses: ['127.0.0.1'], ...life }, issuer)
const client = makeCertificate({ commonName: 'kube-apiserver-kubelet-client', usage: 'client', ...life }, ca)
const dial = createDialer({ ca: ca.certificate, identity: () => client, timeoutMs: 2000 })

const servers: Server[] = []
after(() => {
  for (const server of servers) server.close()
})
const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    servers.push(server)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

/** A kubelet: asks for our certificate, echoes what comes over an upgrade, remembers what it was asked. */
async function kubelet(answer: RequestListener, keys = serving()) {
  const seen: { line: string; headers: IncomingMessage['headers']; raw: string[]; peer: string }[] = []
  const note = (request: IncomingMessage) =>
    seen.push({
      line: `${request.method} ${request.url}`,
      headers: request.headers,
      raw: request.rawHeaders,
      peer: (request.socket as TLSSocket).getPeerCertificate().subject?.CN as string,
    })
  const server = createHttpsServer(
    { cert: keys.certificate, key: keys.key, ca: ca.certificate, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      note(request)
      answer(request, response)
    },
  )
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    note(request)
    if (request.url?.includes('refuse')) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nno!')
      return
    }
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nX-Kubelet: yes\r\n\r\n`)
    socket.pipe(socket)
  })
  const port = await listen(server)
  return { port, seen }
}

function world(kubeletPort: number, options: { dial?: Dialer; connectionsMax?: number; allowed?: boolean } = {}) {
  const objects = memoryObjects()
  const put = (name: string, part: { spec?: object; status?: object } = {}) =>
    objects.put(Pod, {
      metadata: { name, namespace: 'd' },
      spec: { nodeName: 'n', containers: [{ name: 'c' }], ...part.spec },
      status: part.status ?? {},
    })
  put('one')
  put('many', { spec: { initContainers: [{ name: 'i' }], containers: [{ name: 'a' }, { name: 'b' }] } })
  put('unscheduled', { spec: { nodeName: '' } })
  objects.put(Node, {
    metadata: { name: 'n' },
    status: {
      addresses: [
        { type: 'Hostname', address: 'n' },
        { type: 'InternalIP', address: '127.0.0.1' },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    },
  })
  const handlers = connectHandlers({
    dial: options.dial ?? dial,
    random: seededRandom(1),
    authorize: async () => ({ allowed: options.allowed ?? true, reason: '' }),
    ...(options.connectionsMax !== undefined && { connectionsMax: options.connectionsMax }),
  })
  const call = async (
    handler: string,
    name: string,
    query = '',
    more: {
      headers?: Record<string, string>
      upgrade?: Duplex
      head?: Uint8Array
      rest?: string
      resource?: string
      method?: string
      verb?: string
      body?: Uint8Array
    } = {},
  ): Promise<HttpResponse> => {
    const { resource = 'pods', method = 'GET' } = more
    const subresource = handler.replace(/^(pod|service|node)/, '').toLowerCase()
    const where = resource === 'nodes' ? '' : '/namespaces/d'
    return (await handlers[handler]!({
      request: {
        method,
        path: `/api/v1${where}/${resource}/${name}/${subresource}${more.rest ?? ''}${query && `?${query}`}`,
        headers: { host: 'api', authorization: 'Bearer secret', 'impersonate-user': 'x', ...more.headers },
        ...(more.body && { body: more.body }),
      },
      caller: {
        remoteAddress: '192.0.2.9',
        ...(more.upgrade && { upgrade: { socket: more.upgrade, head: more.head ?? new Uint8Array() } }),
      },
      attributes: asking('u', { verb: more.verb ?? 'get', resource, subresource, name, namespace: resource === 'nodes' ? '' : 'd' }),
      kind: resource === 'pods' ? Pod : resource === 'nodes' ? Node : Service,
      query: new URLSearchParams(query),
      server: { objects },
    } as unknown as SubresourceCall)) as HttpResponse
  }
  return { objects, put, call }
}

const text = async (response: HttpResponse) => Buffer.from(await readBody(response.body)).toString()
const spdy = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io, v3.channel.k8s.io' }

/** Reads until `done` says that all is there; the end of the stream is an answer too. */
async function read(stream: Duplex, done: (text: string) => boolean): Promise<string> {
  let all = ''
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    all += Buffer.from(chunk).toString('latin1')
    if (done(all)) return all
  }
  return all
}

test('exec: the upgrade is relayed, both ways, without the caller’s credentials', async () => {
  const { port, seen } = await kubelet(() => {})
  const { call } = world(port)
  const [outside, inside] = duplexPair()
  const response = await call('podExec', 'one', 'command=sh&command=-c&command=a%20%26%20b&stdin=true&stdout=1&stderr=false&tty=true', {
    headers: { ...spdy, cookie: 'kept', 'x-remote-user': 'admin' },
    upgrade: inside,
    head: Buffer.from('early '),
  })
  assert.equal(response.status, 101)
  const [asked] = seen
  assert.equal(asked!.line, 'GET /exec/d/one/c?input=1&output=1&tty=1&command=sh&command=-c&command=a+%26+b')
  assert.equal(asked!.peer, 'kube-apiserver-kubelet-client')
  assert.equal(asked!.headers.upgrade, 'SPDY/3.1')
  assert.equal(asked!.raw.filter((word) => word.toLowerCase() === 'x-stream-protocol-version').length, 2)
  for (const name of ['authorization', 'impersonate-user', 'x-remote-user']) assert.equal(asked!.headers[name], undefined, name)
  assert.equal(asked!.headers['x-forwarded-for'], '192.0.2.9')
  const big = 'x'.repeat(3_000_000)
  outside.write(big)
  outside.write('end')
  const got = await read(outside, (all) => all.endsWith('end'))
  assert.match(got, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  assert.match(got, /X-Kubelet: yes\r\n/)
  assert.equal(got.slice(got.indexOf('\r\n\r\n') + 4), `early ${big}end`)
  outside.end()
  assert.equal(await read(outside, () => false), '')
})

test('a token among the WebSocket protocols stays here', async () => {
  const { port, seen } = await kubelet(() => {})
  const { call } = world(port)
  const [outside, inside] = duplexPair()
  await call('podAttach', 'one', 'stdout=true', {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.c2VjcmV0, v5.channel.k8s.io',
      'sec-websocket-key': 'k',
    },
    upgrade: inside,
  })
  assert.equal(seen[0]!.line, 'GET /attach/d/one/c?output=1')
  assert.equal(seen[0]!.headers['sec-websocket-protocol'], 'v5.channel.k8s.io')
  assert.equal(seen[0]!.headers['sec-websocket-key'], 'k')
  outside.destroy()
})

test('after a refused upgrade nothing more reaches the kubelet (CVE-2018-1002105)', async () => {
  const { port, seen } = await kubelet(() => {})
  const { call } = world(port)
  const [outside, inside] = duplexPair()
  const response = await call('podExec', 'one', 'command=refuse', { headers: spdy, upgrade: inside })
  assert.equal(response.status, 101)
  outside.on('error', () => {})
  outside.write('GET /exec/kube-system/etcd/etcd?command=id HTTP/1.1\r\nHost: x\r\n\r\n')
  const got = await read(outside, () => false)
  assert.match(got, /^HTTP\/1\.1 403 Forbidden\r\n/)
  assert.match(got, /Connection: close\r\n\r\nno!$/)
  assert.equal(seen.length, 1)
  assert.ok(inside.destroyed || inside.writableEnded)
})

test('a kubelet that answers the upgrade as if it were none', async () => {
  const port = await listen(
    createTcpServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))),
  )
  const plain: Dialer = (target) => dial({ ...target, security: 'plain' })
  const { call } = world(port, { dial: plain })
  const [outside, inside] = duplexPair()
  assert.equal((await call('podExec', 'one', 'command=a', { headers: spdy, upgrade: inside })).status, 101)
  assert.match(await read(outside, () => false), /^HTTP\/1\.1 500 .*invalid upgrade response: status code 200/s)
})

test('a peer that is no kubelet of this cluster gets no request', async () => {
  const other = makeCertificate({ commonName: 'ca', usage: 'ca', ...life })
  const { port, seen } = await kubelet(() => {}, serving(other))
  const { call } = world(port)
  const response = await call('podLog', 'one')
  assert.equal(response.status, 500)
  assert.match(await text(response), /error dialing backend: /)
  assert.equal(seen.length, 0)
})

test('refusals, in the reference’s words', async () => {
  const { call, objects } = world(1)
  const check = (run: Promise<unknown>, code: string, message: string) =>
    assert.rejects(run, (error) => isError(error) && error.code === code && error.message === message, message)
  const choose = 'a container name must be specified for pod many, choose one of: [i a b]'
  await check(call('podLog', 'many'), 'BadRequest', choose)
  await check(call('podExec', 'many', 'command=a'), 'BadRequest', choose)
  await check(call('podLog', 'many', 'container=z'), 'BadRequest', 'container z is not valid for pod many')
  await check(call('podLog', 'none'), 'NotFound', 'pods "none" not found')
  await check(call('podExec', 'unscheduled', 'command=a'), 'BadRequest', 'pod unscheduled does not have a host assigned')
  await check(call('podExec', 'one', 'command=a'), 'BadRequest', 'Upgrade request required')
  await check(
    call('podLog', 'one', 'tailLines=-1'),
    'Invalid',
    'PodLogOptions "one" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
  )
  await check(
    call('podLog', 'one', 'limitBytes=0'),
    'Invalid',
    'PodLogOptions "one" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
  )
  assert.equal((await call('podLog', 'unscheduled')).status, 204)
  const deaf = world(1, { allowed: false })
  await check(deaf.call('podExec', 'one', 'command=a'), 'Forbidden', 'pods "one" is forbidden: ')
  // Who posts has asked for create already.
  await check(deaf.call('podExec', 'one', 'command=a', { verb: 'create' }), 'BadRequest', 'Upgrade request required')
  objects.put(Node, { metadata: { name: 'n' }, status: { addresses: [{ type: 'InternalIP', address: '169.254.169.254' }] } })
  await check(call('podLog', 'one'), 'BadRequest', 'address not allowed')
  objects.put(Node, { metadata: { name: 'n' }, status: {} })
  const bare = await call('nodeProxy', 'n', '', { resource: 'nodes', rest: '/' })
  assert.deepEqual(JSON.parse(await text(bare)), {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'no preferred addresses found; known addresses: []',
    code: 500,
  })
})

test('logs come as they are written, and their end ends the connection', async () => {
  const closed = Promise.withResolvers<void>()
  const { port, seen } = await kubelet((request, response) => {
    request.socket.on('close', closed.resolve)
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.write('first\n')
  })
  const { call } = world(port)
  const response = await call('podLog', 'one', 'follow=true&tailLines=5&sinceTime=2026-01-01T00:00:00Z&previous=false')
  assert.equal(seen[0]!.line, 'GET /containerLogs/d/one/c?follow=true&tailLines=5&sinceTime=2026-01-01T00%3A00%3A00Z')
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    assert.equal(Buffer.from(chunk).toString(), 'first\n')
    break
  }
  await closed.promise
})

test('a kubelet’s refusal of a log', async () => {
  const { port } = await kubelet((request, response) => {
    response.writeHead(Number(/tailLines=(\d+)/.exec(request.url!)?.[1]))
    response.end('previous terminated container "c" in pod "one" not found')
  })
  const { call } = world(port)
  const why = 'previous terminated container "c" in pod "one" not found'
  for (const [status, code, message] of [
    [400, 'BadRequest', why],
    [500, 'InternalError', `Internal error occurred: ${why}`],
    [404, 'NotFound', 'the server could not find the requested resource ( pods one)'],
    [401, 'InternalError', 'the server responded with the status code 401 but did not return more information ( pods one)'],
  ] as const)
    await assert.rejects(
      call('podLog', 'one', `tailLines=${status}`),
      (error) => isError(error) && error.code === code && error.message === message,
      code,
    )
})

test('proxy: to a pod, a service and the kubelet', async () => {
  const asked: string[] = []
  const port = await listen(
    createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
      if (request.url === '/away') return response.writeHead(302, { location: '/else?x=1', 'access-control-allow-origin': '*' }).end()
      if (request.url === '/far') return response.writeHead(302, { location: 'https://example.com/' }).end()
      return request.pipe(response.writeHead(200, { 'content-type': 'text/x', connection: 'keep-alive' }))
    }),
  )
  // The handlers refuse loopback, as they must; the test's dialer goes there in place of the pod's address.
  const toLoopback: Dialer = (target) => dial({ ...target, host: '127.0.0.1' })
  const { call, put, objects } = world(1, { dial: toLoopback })
  put('web', {
    spec: { containers: [{ name: 'c', ports: [{ containerPort: port }] }] },
    status: { podIP: '192.0.2.5', podIPs: [{ ip: '192.0.2.5' }] },
  })
  const echoed = await call('podProxy', 'web', 'q=a%2Fb', { rest: '/x%2fy/../z', method: 'POST', body: Buffer.from('hello') })
  assert.equal(await text(echoed), 'hello')
  assert.deepEqual(echoed.headers, { 'content-type': 'text/x', date: echoed.headers['date'] })
  assert.equal(asked[0], 'POST /x%2fy/../z?q=a%2Fb undefined')
  assert.equal((await call('podProxy', 'web')).headers['location'], '/api/v1/namespaces/d/pods/web/proxy/')
  const away = await call('podProxy', `http:web:${port}`, '', { rest: '/away' })
  assert.deepEqual(
    [away.status, away.headers['location'], away.headers['access-control-allow-origin']],
    [302, `/api/v1/namespaces/d/pods/http:web:${port}/proxy/else?x=1`, undefined],
  )
  assert.equal((await call('podProxy', 'web', '', { rest: '/far' })).headers['location'], 'https://example.com/')
  assert.equal(asked.length, 3, 'no redirect was followed')

  objects.put(Service, { metadata: { name: 's', namespace: 'd' }, spec: { ports: [{ name: 'http', port: 80 }] } })
  const service = (name: string) => call('serviceProxy', name, '', { resource: 'services', rest: '/' })
  await assert.rejects(service('s:http'), (error) => isError(error, 'NotFound') && error.message === 'services "s" not found')
  await assert.rejects(
    service('s:99'),
    (error) => isError(error, 'ServiceUnavailable') && error.message === 'no service port 99 found for service "s"',
  )
  await assert.rejects(service('a::b:c'), (error) => isError(error, 'BadRequest') && error.message === 'invalid service request "a::b:c"')
  const slice = (endpoints: object[]) =>
    objects.put(EndpointSlice, {
      metadata: { name: 's-1', namespace: 'd', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port }],
      endpoints,
    })
  const toPod = { kind: 'Pod', name: 'web', namespace: 'd' }
  slice([
    { addresses: ['192.0.2.66'], conditions: { ready: true } },
    { addresses: ['192.0.2.67'], conditions: { ready: true }, targetRef: toPod },
    { addresses: ['192.0.2.5'], conditions: { ready: false }, targetRef: toPod },
  ])
  await assert.rejects(
    service('s:80'),
    (error) => isError(error, 'ServiceUnavailable') && error.message === 'no endpoints available for service "s:80"',
  )
  slice([{ addresses: ['192.0.2.66'] }, { addresses: ['192.0.2.5'], conditions: { ready: true }, targetRef: toPod }])
  for (const name of ['s:80', 's:http', 'http:s:80']) assert.equal((await service(name)).status, 200, name)

  const node = await kubelet((_request, response) => response.end('metrics'))
  objects.put(Node, {
    metadata: { name: 'n' },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }], daemonEndpoints: { kubeletEndpoint: { Port: node.port } } },
  })
  assert.equal(await text(await call('nodeProxy', 'n', '', { resource: 'nodes', rest: '/metrics' })), 'metrics')
  assert.equal(node.seen[0]!.peer, 'kube-apiserver-kubelet-client')
  // Another port of the node is not the kubelet: our certificate is not for it.
  assert.equal(
    await text(await call('nodeProxy', `n:${port}`, '', { resource: 'nodes', rest: '/', method: 'POST', body: Buffer.from('x') })),
    'x',
  )
})

test('proxy reaches no address of this machine or its neighbours', async () => {
  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    'localhost',
    '',
  ])
    assert.throws(
      () => checkProxyable(address),
      (error) => isError(error, 'BadRequest') && error.message === 'address not allowed',
      address,
    )
  for (const address of ['10.0.0.1', '192.0.2.1', 'fd00::1', '2001:db8::1']) checkProxyable(address)
  const { call, put } = world(1)
  put('evil', { status: { podIP: '127.0.0.1' } })
  await assert.rejects(call('podProxy', 'evil', '', { rest: '/' }), (error) => isError(error, 'BadRequest'))
  for (const name of ['evil:0', 'evil:99999', 'evil:http', 'ftp:evil:80'])
    await assert.rejects(call('podProxy', name, '', { rest: '/' }), (error) => isError(error, 'BadRequest'), name)
})

for (const [how, answer] of [
  ['says nothing', ''],
  ['never ends its refusal', 'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n'],
] as const)
  test(`a client that leaves a backend that ${how} gives the connection back`, async () => {
    const asked = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const backend = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.write(answer, () => asked.resolve()))
      socket.once('close', () => gone.resolve())
      socket.resume()
    })
    const backendPort = await listen(backend)
    const plain: Dialer = () => dial({ host: '127.0.0.1', port: backendPort, security: 'plain' })
    const { call } = world(backendPort, { dial: plain, connectionsMax: 1 })
    const [near, far] = duplexPair()
    const answered = call('podExec', 'one', 'command=x', { headers: spdy, upgrade: near, method: 'POST', verb: 'create' })
    await asked.promise
    far.destroy()
    near.destroy()
    await gone.promise
    // Whatever becomes of the answer, nobody is there to read it.
    await answered.catch(() => {})
  })

test('connections are counted, and given back', async () => {
  const { port } = await kubelet((_request, response) => response.end('x'))
  const { call } = world(port, { connectionsMax: 1 })
  const first = await call('podLog', 'one')
  await assert.rejects(call('podLog', 'one'), (error) => isError(error, 'TooManyRequests'))
  assert.equal(await text(first), 'x')
  const again = async (): Promise<HttpResponse> =>
    call('podLog', 'one').catch((error) =>
      isError(error, 'TooManyRequests') ? new Promise((resolve) => setImmediate(() => resolve(again()))) : Promise.reject(error),
    )
  assert.equal(await text(await again()), 'x')
})
