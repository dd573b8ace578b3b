import assert from 'node:assert/strict'
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { test } from 'node:test'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { readBody, type Transport } from '#lib/http.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createHttpsTransport, type HttpsTransportOptions } from './https-transport.ts'
import { createLocalTransport } from './local-transport.ts'
import type { RequestObserver } from './request-metrics.ts'
import { testIdentity } from './test-identity.ts'
import { checkTransport } from './transport-contract.ts'

checkTransport('in one process', async (handler) => ({ transport: createLocalTransport(handler), close: async () => {} }))
checkTransport('HTTP/2', (handler) => opened(handler))
checkTransport('HTTP/1.1', (handler) => opened(handler, { ALPNProtocols: ['http/1.1'], allowHTTP1: true }))

test('a server that is not trusted is not spoken to', async () => {
  const { server, url } = await serve(async () => ({ status: 200, headers: {}, body: new Uint8Array() }))
  const transport = createHttpsTransport({ server: url, ...world() })
  await assert.rejects(
    transport({ method: 'GET', path: '/', headers: {} }),
    (error) => isError(error, 'ServiceUnavailable') && /certificate/.test(error.message),
  )
  await transport.close()
  server.close()
})

test('a token is asked for anew for each request', async () => {
  const seen: (string | undefined)[] = []
  let token = 0
  const { transport, close } = await opened(
    async ({ headers }) => {
      seen.push(headers['authorization'])
      return { status: 200, headers: {}, body: new Uint8Array() }
    },
    {},
    { token: () => `t${(token += 1)}` },
  )
  for (let i = 0; i < 2; i += 1) await readBody((await transport({ method: 'GET', path: '/', headers: {} })).body)
  assert.deepEqual(seen, ['Bearer t1', 'Bearer t2'])
  await close()
})

test('tells how each request went, and where', async () => {
  const told: string[] = []
  const observe: RequestObserver = {
    answered: ({ path }, host, status) => void told.push(`${path} ${host} ${status}`),
    done: ({ path }) => void told.push(`${path} done`),
  }
  const { transport, url, close } = await opened(async () => ({ status: 404, headers: {}, body: new Uint8Array(3) }), {}, { observe })
  const { host } = new URL(url)
  const ask = (path: string) => transport({ method: 'GET', path, headers: {} })
  const { body } = await ask('/a')
  assert.deepEqual(told.splice(0), [`/a ${host} 404`])
  await readBody(body)
  assert.deepEqual(told.splice(0), ['/a done'])
  await close()
  const away = createHttpsTransport({ server: url, ...world(), observe })
  await assert.rejects(away({ method: 'GET', path: '/b', headers: {} }))
  assert.deepEqual(told, [`/b ${host} undefined`, '/b done'])
  await away.close()
})

test('of several servers the next one answers when one is away, and goes on answering', async () => {
  const answering =
    (text: string): Transport =>
    async () => ({ status: 200, headers: {}, body: new TextEncoder().encode(text) })
  const [first, second] = [await serve(answering('first')), await serve(answering('second'))]
  const transport = createHttpsTransport({ server: [`${first.url}`, second.url], ca: testIdentity.cert, ...world() })
  const ask = async () => Buffer.from(await readBody((await transport({ method: 'GET', path: '/', headers: {} })).body)).toString()
  assert.equal(await ask(), 'first')
  await first.drop()
  first.server.close()
  const answers: string[] = []
  while (answers.length < 3) answers.push(await ask().catch((error) => (isError(error, 'ServiceUnavailable') ? 'none' : String(error))))
  assert.deepEqual(answers.slice(-1), ['second'], String(answers))
  assert.equal(await ask(), 'second')
  await transport.close()
  second.server.close()
})

test('one connection serves many requests, and a new one follows a lost one', async () => {
  const handler: Transport = async () => ({ status: 200, headers: {}, body: new TextEncoder().encode('ok') })
  const { server, url, connections, drop } = await serve(handler)
  const transport = createHttpsTransport({ server: url, ca: testIdentity.cert, ...world() })
  const ask = async () => readBody((await transport({ method: 'GET', path: '/', headers: {} })).body)
  await Promise.all(Array.from({ length: 20 }, ask))
  assert.equal(connections(), 1)
  await drop()
  // The loss may be noticed only by the request that meets it; the one after it connects anew.
  await ask().catch((error) => assert.ok(isError(error, 'ServiceUnavailable')))
  await ask()
  assert.equal(connections(), 2)
  await transport.close()
  server.close()
})

for (const [name, options] of Object.entries({ 'HTTP/2': {}, 'HTTP/1.1': { ALPNProtocols: ['http/1.1'], allowHTTP1: true } }))
  test(`${name}: a new connection on demand, while what is under way on the old one goes on`, async () => {
    const more = Promise.withResolvers<void>()
    const handler: Transport = async ({ path }) => ({
      status: 200,
      headers: {},
      body:
        path === '/'
          ? new TextEncoder().encode('ok')
          : (async function* () {
              yield new TextEncoder().encode('one')
              await more.promise
              yield new TextEncoder().encode('two')
            })(),
    })
    let asked = 0
    const { server, url } = await serve(handler, options)
    const certificate = () => {
      asked += 1
      return testIdentity.cert
    }
    const transport = createHttpsTransport({ server: url, ca: testIdentity.cert, certificate, key: testIdentity.key, ...world() })
    const long = await transport({ method: 'GET', path: '/long', headers: {} })
    const before = asked
    transport.reconnect()
    assert.equal(Buffer.from(await readBody((await transport({ method: 'GET', path: '/', headers: {} })).body)).toString(), 'ok')
    assert.ok(asked > before, 'the certificate is asked for anew')
    more.resolve()
    assert.equal(Buffer.from(await readBody(long.body)).toString(), 'onetwo')
    await transport.close()
    server.close()
  })

test('a lost connection fails the body that is being read', async () => {
  const handler: Transport = async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield new TextEncoder().encode('one')
      await new Promise(() => {})
    })(),
  })
  const { server, url, drop } = await serve(handler)
  const transport = createHttpsTransport({ server: url, ca: testIdentity.cert, ...world() })
  const response = await transport({ method: 'GET', path: '/', headers: {} })
  await assert.rejects(
    async () => {
      for await (const _ of response.body as AsyncIterable<Uint8Array>) await drop()
    },
    (error) => isError(error, 'ServiceUnavailable'),
  )
  await transport.close()
  server.close()
})

test('connecting again waits longer each time', async () => {
  const clock = createVirtualClock(0)
  const transport = createHttpsTransport({ server: 'https://127.0.0.1:9', ca: testIdentity.cert, clock, random: seededRandom(1) })
  const waits: number[] = []
  for (let i = 0; i < 5; i += 1) {
    const startMs = clock.monotonicMs()
    let failed = false
    const asked = transport({ method: 'GET', path: '/', headers: {} }).catch((error) => {
      assert.ok(isError(error, 'ServiceUnavailable'))
      failed = true
    })
    for (let steps = 0; !failed; steps += 1) {
      // Refusing takes real time, waiting takes virtual time.
      await new Promise((resolve) => setImmediate(resolve))
      if (steps % 20 === 19) await clock.advance(10)
    }
    await asked
    waits.push(clock.monotonicMs() - startMs)
  }
  assert.ok(waits[0]! < waits[2]! && waits[2]! < waits[4]! && waits[4]! < 5_000, String(waits))
  await transport.close()
})

test('an answer that does not begin ends with a timeout', async () => {
  const clock = createVirtualClock(0)
  let asked = () => {}
  const arrived = new Promise<void>((resolve) => (asked = resolve))
  const { transport, close } = await opened(
    () => {
      asked()
      return new Promise(() => {})
    },
    {},
    { clock, requestTimeoutMs: 1_000 },
  )
  const answer = transport({ method: 'GET', path: '/', headers: {} })
  const rejected = assert.rejects(answer, (error) => isError(error, 'Timeout'))
  await arrived
  await clock.advance(1_001)
  await rejected
  await close()
})

test('a half-open connection is noticed by a missing sign of life, also by a clock that was set back', async () => {
  const clock = createVirtualClock(0)
  const machine = createSimulatedProcess('machine', clock)
  const { server, url } = await serve(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield new TextEncoder().encode('one')
      await new Promise(() => {})
    })(),
  }))
  const relay = await relayTo(Number(new URL(url).port))
  const transport = createHttpsTransport({
    server: `https://127.0.0.1:${relay.port}`,
    ca: testIdentity.cert,
    clock: machine.clock,
    random: seededRandom(1),
  })
  const response = await transport({ method: 'GET', path: '/', headers: {} })
  const body = (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  await body.next()
  // While the other side answers its pings, silence is no failure.
  for (let i = 0; i < 3; i += 1) {
    const before = relay.answers()
    await clock.advance(31_000)
    while (relay.answers() === before) await turn()
    // From the relay to the client it is a few turns of the same loop.
    for (let turns = 0; turns < 50; turns += 1) await turn()
  }
  relay.goSilent()
  machine.jump(-3_600_000)
  const rejected = assert.rejects(body.next(), (error) => isError(error, 'ServiceUnavailable'))
  for (let i = 0; i < 4; i += 1) await clock.advance(31_000)
  await rejected
  await transport.close()
  relay.close()
  server.close()
})

// --- helpers -----------------------------------------------------------------------------------------------------------------------

/** Real enough for a connection on this machine: nothing here waits. */
function world(): { clock: Clock; random: ReturnType<typeof seededRandom> } {
  return { clock: createVirtualClock(0), random: seededRandom(1) }
}

async function opened(handler: Transport, tls: object = {}, options: Partial<HttpsTransportOptions> = {}) {
  const { server, url, drop } = await serve(handler, tls)
  const transport = createHttpsTransport({ server: url, ca: testIdentity.cert, ...world(), ...options })
  return {
    transport,
    url,
    async close() {
      await transport.close()
      await drop()
      server.close()
    },
  }
}

async function serve(handler: Transport, tls: object = {}) {
  const server: Http2SecureServer = createSecureServer({ ...testIdentity, ...tls })
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('secureConnection', (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', (request, response) => void relay(handler, request, response).catch(() => response.stream?.close?.()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    async drop() {
      const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}

async function relay(handler: Transport, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Error('the client left')))
  response.on('error', () => {})
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !name.startsWith(':'))) as Record<string, string>
  const answer = await handler({
    method: request.method,
    path: request.url,
    headers,
    signal: gone.signal,
    ...(parts.length > 0 && { body: Buffer.concat(parts) }),
  })
  response.writeHead(answer.status, answer.headers as Record<string, string>)
  if (answer.body instanceof Uint8Array) {
    response.end(answer.body)
    return
  }
  for await (const chunk of answer.body) {
    if (gone.signal.aborted) return
    response.write(chunk)
  }
  response.end()
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A relay on TCP's level that can fall silent without closing anything. */
async function relayTo(port: number) {
  let silent = false
  let answers = 0
  const all: Socket[] = []
  const server = createTcpServer((near) => {
    const far = connectTcp(port, '127.0.0.1')
    all.push(near, far)
    near.on('error', () => {}).on('data', (data) => silent || far.write(data))
    far
      .on('error', () => {})
      .on('data', (data) => {
        if (!silent) near.write(data, () => (answers += 1))
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    /** Something came back from the server. */
    answers: () => answers,
    goSilent: () => (silent = true),
    close() {
      for (const socket of all) socket.destroy()
      server.close()
    },
  }
}
