import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from '../testing.ts'

/** A list that is sent in pieces says the same, byte for byte, as one that is made at once. */

let server: TestServer
const count = 120
before(async () => {
  server = await createTestServer({ clock: createVirtualClock(0) })
  const path = '/api/v1/namespaces'
  for (let i = 0; i < count; i += 1)
    await server.transport({
      method: 'POST',
      path,
      headers: {},
      body: Buffer.from(
        JSON.stringify({ metadata: { name: `n${String(i).padStart(3, '0')}`, annotations: { text: `a: "b"\n${'x'.repeat(1500)}` } } }),
      ),
    })
})

async function get(path: string, accept: string): Promise<{ readonly body: Buffer; readonly isStream: boolean; readonly type: unknown }> {
  const answer = await server.transport({ method: 'GET', path, headers: { accept } })
  assert.equal(answer.status, 200, `${path} ${accept}`)
  const isStream = !(answer.body instanceof Uint8Array)
  return { body: Buffer.from(await readBody(answer.body)), isStream, type: answer.headers['content-type'] }
}

/** The pages of a list, which are short enough to be made at once, as one list. */
async function pages(accept: string): Promise<{ readonly metadata: object; readonly parts: unknown[]; readonly rest: object }> {
  const parts: unknown[] = []
  for (let token = ''; ; ) {
    const { body, isStream } = await get(`/api/v1/namespaces?limit=50${token === '' ? '' : `&continue=${token}`}`, accept)
    assert.equal(isStream, false)
    const { metadata, items, rows, ...rest } = JSON.parse(body.toString())
    parts.push(...(items ?? rows))
    token = metadata.continue ?? ''
    if (token === '') return { metadata, parts, rest }
  }
}

const meta = 'g=meta.k8s.io;v=v1'

test('JSON: tables and metadata', async () => {
  for (const [as, key] of [
    ['Table', 'rows'],
    ['PartialObjectMetadataList', 'items'],
  ] as const) {
    const accept = `application/json;as=${as};${meta}`
    const { body, isStream } = await get('/api/v1/namespaces', accept)
    assert.ok(isStream)
    const { metadata, parts, rest } = await pages(accept)
    assert.equal(parts.length, count)
    assert.deepEqual(JSON.parse(body.toString()), { ...rest, metadata, [key]: parts })
    assert.equal(body.toString(), JSON.stringify(JSON.parse(body.toString())))
  }
})

test('YAML: the same objects, keys in order', async () => {
  const { body, isStream, type } = await get('/api/v1/namespaces', 'application/yaml')
  assert.deepEqual([isStream, type], [true, 'application/yaml'])
  const text = body.toString()
  assert.deepEqual(text.match(/^\w+:/gm), ['apiVersion:', 'items:', 'kind:', 'metadata:'])
  const page = (await get('/api/v1/namespaces?limit=50', 'application/yaml')).body.toString()
  const items = page.slice(page.indexOf('items:'), page.indexOf('\nkind:'))
  assert.ok(text.includes(items), 'a page’s items stand in the whole as they are')
})

test('protobuf: the length that is told is the length that comes', async () => {
  const accept = 'application/vnd.kubernetes.protobuf'
  const { body, isStream } = await get('/api/v1/namespaces', accept)
  assert.ok(isStream)
  const page = await get('/api/v1/namespaces?limit=50', accept)
  assert.equal(page.isStream, false)
  const items = (bytes: Buffer): readonly string[] => {
    // Past the magic number, the envelope's type and the list's tag and length.
    let at = 4 + 2 + bytes[5]!
    const read = (): number => {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++]!
        value += (byte & 0x7f) * 2 ** shift
        if (byte < 0x80) return value
      }
    }
    assert.equal(bytes[at++], 0x12)
    const end = read() + at
    // Two more fields of the envelope, both empty.
    assert.equal(bytes.subarray(end).toString('hex'), '1a002200')
    assert.equal(bytes[at++], 0x0a)
    const metadataLength = read()
    at += metadataLength
    const found: string[] = []
    while (at < end) {
      assert.equal(bytes[at++], 0x12)
      const length = read()
      found.push(bytes.subarray(at, at + length).toString('hex'))
      at += length
    }
    return found
  }
  const all = items(body)
  assert.equal(all.length, count)
  assert.deepEqual(all.slice(0, 50), items(page.body))
})
