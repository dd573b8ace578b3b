import assert from 'node:assert/strict'
import { connect, constants } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { after, before, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { systemClock } from '#host/clock.ts'
import { type KeyPair, makeCertificate } from '#host/pki/certificate.ts'
import type { HttpResponse } from '#lib/http.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Caller } from './contract.ts'
import { type Listening, listen } from './listen.ts'

const day = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 }
const authority = makeCertificate({ commonName: 'authority', usage: 'ca', ...day })
const stranger = makeCertificate({ commonName: 'stranger', usage: 'ca', ...day })
const serving = (commonName: string): KeyPair =>
  makeCertificate({ commonName, usage: 'server', addresses: ['127.0.0.1'], ...day }, authority)
const client = (issuer: KeyPair): KeyPair => makeCertificate({ commonName: 'client', usage: 'client', ...day }, issuer)

let listening: Listening
let calls: { readonly caller: Caller; readonly signal: AbortSignal | undefined }[] = []
before(async () => {
  const handler = async (request: { path: string; body?: Uint8Array; signal?: AbortSignal }, caller: Caller): Promise<HttpResponse> => {
    calls.push({ caller, signal: request.signal })
    if (request.path !== '/stream') return { status: 200, headers: {}, body: Buffer.from(`${request.body?.byteLength ?? 0}`) }
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        for (let i = 0; ; i += 1) yield Buffer.alloc(64 * 1024, i)
      })(),
    }
  }
  listening = await listen({
    handler,
    clock: systemClock,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
    clientCa: authority.certificate,
    ...serving('first'),
  })
})
after(() => listening.close(100))

interface Received {
  readonly status: number
  readonly body: string
  readonly server: string
}

function send(path: string, body: Buffer = Buffer.alloc(0), pair?: KeyPair, isAnnounced = true): Promise<Received> {
  return new Promise((resolve, reject) => {
    const request = requestHttps(
      {
        host: '127.0.0.1',
        port: listening.port,
        path,
        method: 'POST',
        rejectUnauthorized: false,
        agent: false,
        ...(pair && { cert: pair.certificate, key: pair.key }),
      },
      (response) => {
        const server = String((response.socket as TLSSocket).getPeerCertificate().subject.CN)
        let text = ''
        response.on('data', (part) => (text += part))
        response.on('end', () => resolve({ status: response.statusCode!, body: text, server }))
      },
    )
    request.on('error', reject)
    if (!isAnnounced) request.write(body.subarray(0, 1))
    request.end(isAnnounced ? body : body.subarray(1))
  })
}

test('both versions of HTTP on one port', async () => {
  assert.equal((await send('/', Buffer.from('four'))).body, '4')
  const session = connect(`https://127.0.0.1:${listening.port}`, { rejectUnauthorized: false })
  const stream = session.request({ ':path': '/', ':method': 'GET' })
  const status = await new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])))
  assert.equal(status, 200)
  session.close()
})

test('a body over the limit is refused, wherever its length is said', async () => {
  // Who still writes when the answer is known has to get it all the same.
  for (const sizeBytes of [3 * 1024 * 1024 + 1, 12 * 1024 * 1024])
    for (const isAnnounced of [true, false]) {
      const refused = await send('/', Buffer.alloc(sizeBytes), undefined, isAnnounced)
      assert.equal(refused.status, 413)
      assert.match(refused.body, /Request entity too large: limit is 3145728/)
    }
})

test('a client certificate counts only when our authority signed it', async () => {
  calls = []
  await send('/', Buffer.alloc(0), client(authority))
  await send('/', Buffer.alloc(0), client(stranger))
  await send('/')
  assert.deepEqual(
    calls.map(({ caller }) => caller.certificate !== undefined),
    [true, false, false],
  )
})

test('a stream stops when its reader leaves, and is not made ahead of it', async () => {
  calls = []
  const session = connect(`https://127.0.0.1:${listening.port}`, { rejectUnauthorized: false })
  const stream = session.request({ ':path': '/stream' })
  await new Promise((resolve) => stream.once('data', resolve))
  const { signal } = calls[0]!
  const ended = new Promise((resolve) => signal!.addEventListener('abort', resolve))
  stream.destroy()
  await ended
  session.destroy()
})

test('a new certificate is shown to new connections', async () => {
  assert.equal((await send('/')).server, 'first')
  listening.setCertificate(serving('second'))
  assert.equal((await send('/')).server, 'second')
})

test('who trickles in headers is cut off, and an unknown method is refused', async () => {
  const patient = await listen({
    handler: async () => ({ status: 200, headers: {}, body: Buffer.alloc(0) }),
    clock: systemClock,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
    headersTimeoutMs: 200,
    ...serving('patient'),
  })
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port: patient.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
      let answer = ''
      socket.on('error', reject)
      socket.on('data', (part) => (answer += part))
      socket.once('secureConnect', () => socket.write(text))
      socket.once('close', () => resolve(answer))
    })
  try {
    assert.match(await raw('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: '), /^(?:HTTP\/1\.1 4\d\d |$)/)
    assert.match(await raw('BOGUS /api/v1/pods HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 405 [\s\S]*"reason":"MethodNotAllowed"/)
  } finally {
    await patient.close(100)
  }
})

test('a client that opens and resets streams in a loop is cut off; others go on', async () => {
  const session = connect(`https://127.0.0.1:${listening.port}`, { rejectUnauthorized: false })
  const closed = new Promise<string>((resolve) => session.once('close', () => resolve('cut off')))
  session.on('error', () => {})
  const attack = async (): Promise<string> => {
    for (let round = 0; round < 100 && !session.destroyed; round += 1) {
      for (let i = 0; i < 200 && !session.destroyed; i += 1) {
        const stream = session.request({ ':path': '/' })
        stream.on('error', () => {})
        stream.close(constants.NGHTTP2_CANCEL)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    return session.destroyed ? await closed : 'let go on'
  }
  await new Promise((resolve) => session.once('connect', resolve))
  assert.equal(await Promise.race([closed, attack()]), 'cut off')
  session.destroy()
  assert.equal((await send('/', Buffer.from('four'))).body, '4')
})

test('a request that takes too long is told so, a watch may last', async () => {
  const clock = createVirtualClock(0)
  const asked = Promise.withResolvers<void>()
  const slow = await listen({
    handler: () => {
      asked.resolve()
      return new Promise(() => {})
    },
    clock,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
    ...serving('slow'),
  })
  const session = connect(`https://127.0.0.1:${slow.port}`, { rejectUnauthorized: false })
  session.on('error', () => {})
  const statusOf = (path: string) => {
    const stream = session.request({ ':path': path })
    stream.on('error', () => {})
    return new Promise<unknown>((resolve) => stream.once('response', (headers) => resolve(headers[':status'])))
  }
  let watched: unknown
  void statusOf('/api/v1/pods?watch=true').then((status) => (watched = status))
  const late = statusOf('/api/v1/pods')
  await asked.promise
  // Both requests share a connection, so an answer to the later one says that the earlier was asked too.
  let status: unknown
  void late.then((answer) => (status = answer))
  while (status === undefined) {
    await clock.advance(60_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(status, 504)
  assert.equal(watched, undefined)
  const closed = slow.close(0)
  await clock.advance(1)
  await closed
})
