import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'

/** Bodies that are small on the wire and large in the hand: each is refused, soon, in words. */

const limitMs = 1_000

const bombs: Readonly<Record<string, readonly [type: string, body: string]>> = {
  'objects in objects': ['application/json', '{"a":'.repeat(200_000)],
  'lists in lists, closed': ['application/json', `{"metadata":{"name":"a"},"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  'a million members of nothing': ['application/json', `{"metadata":{"name":"a"},"data":[${'{},'.repeat(900_000)}{}]}`],
  'a number without end': ['application/json', `{"metadata":{"name":"a","generation":${'9'.repeat(2_000_000)}}}`],
  'aliases of aliases': [
    'application/yaml',
    `a0: &a0 x\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`).join('\n')}\n`,
  ],
  'YAML lists in lists': ['application/yaml', '['.repeat(100_000)],
  'indentation ever deeper': ['application/yaml', Array.from({ length: 1_500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  'protobuf that nests': ['application/vnd.kubernetes.protobuf', `k8s\u0000${'\u0012\u007f'.repeat(100_000)}`],
}

test('bombs are refused before they go off', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  for (const [name, [type, body]] of Object.entries(bombs)) {
    const before = performance.now()
    const answer = await server.transport({
      method: 'POST',
      path: '/api/v1/namespaces/default/configmaps',
      headers: { 'content-type': type },
      body: Buffer.from(body, 'latin1'),
    })
    const tookMs = performance.now() - before
    const text = Buffer.from(await readBody(answer.body)).toString()
    assert.ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status} ${text.slice(0, 200)}`)
    assert.ok(text.length < 4_096, `${name}: an answer of ${text.length} bytes`)
    assert.ok(tookMs < limitMs, `${name} took ${tookMs} ms`)
  }
  await server.close()
})

test('patches that grow are refused', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const send = (method: string, path: string, type: string, body: unknown) =>
    server.transport({ method, path, headers: { 'content-type': type }, body: Buffer.from(JSON.stringify(body)) })
  const path = '/api/v1/namespaces/default/configmaps'
  await send('POST', '/api/v1/namespaces', 'application/json', { metadata: { name: 'default' } })
  await send('POST', path, 'application/json', { metadata: { name: 'm' }, data: { a: 'x'.repeat(1_000) } })
  // Each operation doubles what is there.
  const doubling = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/data', path: `/data/b${i}` }))
  const many = Array.from({ length: 20_000 }, () => ({ op: 'test', path: '/data/a', value: 'y' }))
  for (const patch of [doubling, many]) {
    const before = performance.now()
    const { status } = await send('PATCH', `${path}/m`, 'application/json-patch+json', patch)
    assert.ok(status >= 400 && status < 500, `${status}`)
    assert.ok(performance.now() - before < limitMs)
  }
  await server.close()
})
