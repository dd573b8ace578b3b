import assert from 'node:assert/strict'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { systemClock } from '#host/clock.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { silentLog } from '#lib/log.ts'
import { type Listening, listen } from '../listen.ts'
import { createTestServer, type TestServer } from '../testing.ts'

/** Bodies that are small on the wire and large in the hand, sent to the real listener: each is refused, soon, in words. */

/**
 * Of processor time of the thread that answers everybody, since machines that test are busy, and slow: the worst of these takes a second or
 * less, and what goes off takes minutes.
 */
const limitMs = 10_000

const token = 'admin'
let server: TestServer
let listening: Listening
before(async () => {
  server = await createTestServer({ clock: systemClock, token })
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 }
  const pair = makeCertificate({ commonName: 'server', usage: 'server', addresses: ['127.0.0.1'], ...validity })
  listening = await listen({ handler: server.handler, clock: systemClock, log: silentLog, host: '127.0.0.1', port: 0, ...pair })
})
after(async () => {
  await listening.close(0)
  await server.close()
})

interface Received {
  readonly status: number
  readonly text: string
  readonly tookMs: number
}

function send(method: string, path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Received> {
  const before = process.threadCpuUsage()
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: listening.port, method, path, rejectUnauthorized: false }
    const asked = request({ ...options, headers: { authorization: `Bearer ${token}`, ...headers } }, (response) => {
      let text = ''
      response.on('data', (part) => (text += part))
      response.once('end', () => {
        const { user, system } = process.threadCpuUsage(before)
        resolve({ status: response.statusCode!, text, tookMs: (user + system) / 1000 })
      })
    })
    asked.once('error', reject)
    asked.end(body)
  })
}

const bombs: Readonly<Record<string, readonly [type: string, body: string | Uint8Array, encoding?: string]>> = {
  'objects in objects': ['application/json', '{"a":'.repeat(200_000)],
  'lists in lists, closed': ['application/json', `{"metadata":{"name":"a"},"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  'a million members of nothing': ['application/json', `{"metadata":{"name":"a"},"data":[${'{},'.repeat(900_000)}{}]}`],
  'a number without end': ['application/json', `{"metadata":{"name":"a","generation":${'9'.repeat(2_000_000)}}}`],
  'aliases of aliases': [
    'application/yaml',
    `a0: &a0 x\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`).join('\n')}\n`,
  ],
  'YAML tags on tags': ['application/yaml', '!a '.repeat(100_000)],
  'YAML lists in lists': ['application/yaml', '['.repeat(100_000)],
  'indentation ever deeper': ['application/yaml', Array.from({ length: 1_500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  'protobuf that nests': ['application/vnd.kubernetes.protobuf', `k8s\u0000${'\u0012\u007f'.repeat(100_000)}`],
  // Nobody unpacks what clients send: 100 MB stay the 100 kB that came.
  'zeros, packed': ['application/json', gzipSync(Buffer.alloc(100 * 1024 * 1024)), 'gzip'],
}

test('bombs are refused before they go off', async () => {
  for (const [name, [type, body, encoding]] of Object.entries(bombs)) {
    const headers = { 'content-type': type, ...(encoding !== undefined && { 'content-encoding': encoding }) }
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
    const { status, text, tookMs } = await send('POST', '/api/v1/namespaces/default/configmaps', headers, bytes)
    assert.ok(status >= 400 && status < 500, `${name}: ${status} ${text.slice(0, 200)}`)
    assert.ok(text.length < 4_096, `${name}: an answer of ${text.length} bytes`)
    assert.ok(tookMs < limitMs, `${name} took ${tookMs} ms`)
  }
})

test('patches that grow are refused', async () => {
  const json = (method: string, path: string, body: unknown, type = 'application/json') =>
    send(method, path, { 'content-type': type }, Buffer.from(JSON.stringify(body)))
  const path = '/api/v1/namespaces/default/configmaps'
  await json('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  await json('POST', path, { metadata: { name: 'm' }, data: { a: 'x'.repeat(1_000) } })
  // Each operation doubles what is there.
  const doubling = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/data', path: `/data/b${i}` }))
  const many = Array.from({ length: 20_000 }, () => ({ op: 'test', path: '/data/a', value: 'y' }))
  for (const patch of [doubling, many]) {
    const { status, tookMs } = await json('PATCH', `${path}/m`, patch, 'application/json-patch+json')
    assert.ok(status >= 400 && status < 500, `${status}`)
    assert.ok(tookMs < limitMs, `${tookMs} ms`)
  }
})
