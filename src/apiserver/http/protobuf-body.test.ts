import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { ListMeta, PartialObjectMetadata, Status } from '#api/meta/v1/types.ts'
import { decodeProtobuf } from '#schema/protobuf.ts'
import { type AnyType, field, list as listOf, message, rawBytes, string } from '#schema/schema.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'
import { isProtobufBody, readProtobufBody, writeProtobufBody } from './protobuf-body.ts'

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'built-of-bytes', labels: { a: 'b' } } }

test('an object goes through its bytes', () => {
  const bytes = writeProtobufBody(Namespace, namespace)
  assert.ok(isProtobufBody(bytes))
  const read = readProtobufBody(bytes, () => Namespace)
  assert.deepEqual([read['apiVersion'], read['kind'], (read['metadata'] as { name: string }).name], ['v1', 'Namespace', 'built-of-bytes'])
})

test('a kind that is not wanted keeps its names only', () => {
  assert.deepEqual(
    readProtobufBody(writeProtobufBody(Namespace, namespace), () => undefined),
    { apiVersion: 'v1', kind: 'Namespace' },
  )
})

const protobuf = 'application/vnd.kubernetes.protobuf'
const headers = { 'content-type': protobuf, accept: protobuf }
const bytesOf = (body: unknown): Buffer => Buffer.from(body as Uint8Array)
const readAs = (type: AnyType, body: unknown) => readProtobufBody(bytesOf(body), () => type)

test('a client may speak protobuf both ways: objects, lists, refusals, metadata only', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const send = (method: string, path: string, body?: Uint8Array, accept = protobuf) =>
    server.transport({ method, path, headers: { ...headers, accept }, ...(body && { body }) })
  const created = await send('POST', '/api/v1/namespaces', writeProtobufBody(Namespace, namespace))
  assert.equal(created.status, 201)
  assert.equal(created.headers['content-type'], protobuf)
  const object = readAs(Namespace, created.body) as unknown as Namespace
  assert.equal(object.metadata.name, 'built-of-bytes')
  assert.equal(object.kind, 'Namespace')
  const broken = await send('POST', '/api/v1/namespaces', Buffer.concat([Buffer.from('k8s\u0000'), Buffer.from([0x12, 0xff])]))
  assert.equal(broken.status, 400)
  assert.equal((readAs(Status, broken.body) as unknown as Status).reason, 'BadRequest')
  const list = await send('GET', '/api/v1/namespaces')
  const NamespaceList = message('NamespaceList', { metadata: field(1, ListMeta), items: field(2, listOf(Namespace)) })
  const { items, kind } = readAs(NamespaceList, list.body) as unknown as { items: Namespace[]; kind: string }
  assert.equal(kind, 'NamespaceList')
  assert.ok(items.some(({ metadata }) => metadata.name === 'built-of-bytes'))
  const partial = await send(
    'GET',
    '/api/v1/namespaces/built-of-bytes',
    undefined,
    `${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`,
  )
  assert.equal((readAs(PartialObjectMetadata, partial.body) as unknown as Namespace).metadata.uid, object.metadata.uid)
  const table = await send('GET', '/api/v1/namespaces', undefined, `${protobuf};as=Table;g=meta.k8s.io;v=v1`)
  assert.equal(table.status, 406, 'a table cannot be said in protobuf')
  await server.close()
})

test('events of a watch in protobuf come each with its length, and end with bookmarks like any other', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const answer = await server.transport({
    method: 'GET',
    path: '/api/v1/namespaces?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    headers: { accept: protobuf },
  })
  assert.equal(answer.headers['content-type'], `${protobuf};stream=watch`)
  await server.transport({ method: 'POST', path: '/api/v1/namespaces', headers, body: writeProtobufBody(Namespace, namespace) })
  const seen: string[] = []
  let left = Buffer.alloc(0)
  for await (const part of answer.body as AsyncIterable<Uint8Array>) {
    left = Buffer.concat([left, part])
    while (left.byteLength >= 4 && left.byteLength >= 4 + left.readUInt32BE()) {
      const length = left.readUInt32BE()
      const event = decodeProtobuf(WatchEvent, left.subarray(4, 4 + length)) as { type: string; object: { raw: Uint8Array } }
      left = left.subarray(4 + length)
      seen.push(`${event.type} ${(readAs(Namespace, event.object.raw) as unknown as Namespace).metadata.name ?? ''}`)
    }
    if (seen.includes('ADDED built-of-bytes')) break
  }
  assert.ok(seen.includes('BOOKMARK '), seen.join())
  await server.close()
})

const WatchEvent = message('WatchEvent', {
  type: field(1, string()),
  object: field(2, message('RawExtension', { raw: field(1, rawBytes()) })),
})
