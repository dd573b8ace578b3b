import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { after, before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '#host/clock.ts'
import { type KeyPair, makeCertificate } from '#host/pki/certificate.ts'
import type { HttpResponse } from '#lib/http.ts'
import { silentLog } from '#lib/log.ts'
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

function send(path: string, body: Buffer = Buffer.alloc(0), pair?: KeyPair): Promise<Received> {
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
    request.end(body)
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
  const refused = await send('/', Buffer.alloc(3 * 1024 * 1024 + 1))
  assert.equal(refused.status, 413)
  assert.match(refused.body, /Request entity too large: limit is 3145728/)
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
