import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
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

test('a client may create by protobuf and be answered in JSON', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf', accept: 'application/vnd.kubernetes.protobuf,application/json' }
  const post = (body: Uint8Array) => server.transport({ method: 'POST', path: '/api/v1/namespaces', headers, body })
  const created = await post(writeProtobufBody(Namespace, namespace))
  assert.equal(created.status, 201)
  assert.equal(JSON.parse(Buffer.from(created.body as Uint8Array).toString()).metadata.name, 'built-of-bytes')
  const broken = await post(Buffer.concat([Buffer.from('k8s\u0000'), Buffer.from([0x12, 0xff])]))
  assert.equal(broken.status, 400)
  await server.close()
})
