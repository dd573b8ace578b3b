import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/kind.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { HttpRequest, Transport } from '#lib/http.ts'
import type { Client } from './client.ts'
import { createClient, listAll } from './http.ts'
import { compareResourceVersions } from './resource-version.ts'
import { createStubServer } from './testing/stub-server.ts'

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const object = { metadata: { name: 'a', namespace: 'b', uid: 'u', resourceVersion: '1', creationTimestamp: '' } }

/** The request that a call becomes. */
async function asked(
  call: (client: Client) => Promise<unknown>,
): Promise<{ line: string; body: unknown; headers: HttpRequest['headers'] }> {
  let seen: HttpRequest | undefined
  const client = createClient(
    async (request) => {
      seen = request
      return { status: 200, headers: {}, body: bytes({ ...object, kind: 'X', items: [], metadata: { ...object.metadata } }) }
    },
    { fieldManager: 'me' },
  )
  await call(client)
  const { method, path, body, headers } = seen!
  return { line: `${method} ${path}`, body: body && JSON.parse(new TextDecoder().decode(body)), headers }
}

test('each call is the request that the API asks for', async () => {
  const check = async (call: (client: Client) => Promise<unknown>, line: string, body?: unknown) => {
    const request = await asked(call)
    assert.equal(request.line, line)
    assert.deepEqual(request.body, body)
  }
  await check((client) => client.get(Pod, 'a', 'b'), 'GET /api/v1/namespaces/b/pods/a')
  await check((client) => client.get(Node, 'a/?'), 'GET /api/v1/nodes/a%2F%3F')
  await check((client) => client.list(ReplicaSet), 'GET /apis/apps/v1/replicasets')
  await check(
    (client) =>
      client.list(Pod, { namespace: 'b', labelSelector: 'a in (b,c)', fieldSelector: 'spec.nodeName=x', limit: 5, continue: 't' }),
    'GET /api/v1/namespaces/b/pods?labelSelector=a%20in%20(b%2Cc)&fieldSelector=spec.nodeName%3Dx&limit=5&continue=t',
  )
  const named = { apiVersion: 'v1', kind: 'ConfigMap' }
  await check(
    (client) =>
      client.create(ConfigMap, { metadata: { name: 'a', namespace: 'b' }, data: {} }, { dryRun: true, fieldValidation: 'Strict' }),
    'POST /api/v1/namespaces/b/configmaps?dryRun=All&fieldManager=me&fieldValidation=Strict',
    { ...named, metadata: { name: 'a', namespace: 'b' }, data: {} },
  )
  await check(
    (client) => client.update(ConfigMap, { ...named, ...object }, { subresource: 'status', fieldManager: 'you' }),
    'PUT /api/v1/namespaces/b/configmaps/a/status?fieldManager=you',
    { ...named, ...object },
  )
  await check((client) => client.delete(Pod, 'a', { namespace: 'b' }), 'DELETE /api/v1/namespaces/b/pods/a')
  await check(
    (client) => client.delete(Pod, 'a', { namespace: 'b', gracePeriodSeconds: 0, preconditions: { uid: 'u' } }),
    'DELETE /api/v1/namespaces/b/pods/a',
    { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid: 'u' } },
  )
  await check(
    (client) => client.act(Pod, 'a', 'binding', { target: {} }, { namespace: 'b' }),
    'POST /api/v1/namespaces/b/pods/a/binding?fieldManager=me',
    {
      target: {},
    },
  )
  const patch = await asked((client) =>
    client.patch(Pod, 'a', { type: 'strategic', body: { x: 1 } }, { namespace: 'b', subresource: 'status' }),
  )
  assert.equal(patch.line, 'PATCH /api/v1/namespaces/b/pods/a/status?fieldManager=me')
  assert.equal(patch.headers['content-type'], 'application/strategic-merge-patch+json')
  const apply = await asked((client) =>
    client.patch(Pod, 'a', { type: 'apply', body: { metadata: { name: 'a' } }, force: true }, { namespace: 'b' }),
  )
  assert.equal(apply.line, 'PATCH /api/v1/namespaces/b/pods/a?fieldManager=me&force=true')
  assert.equal(apply.headers['content-type'], 'application/apply-patch+yaml')
  assert.deepEqual(apply.body, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } })
})

test('a failed request throws the error that its Status says', async () => {
  const check = async (status: number, body: unknown, headers: Record<string, string>, wanted: Partial<WherryError>) => {
    const client = createClient(async () => ({ status, headers, body: bytes(body) }))
    await assert.rejects(client.get(Pod, 'a', 'b'), (error) => {
      assert.ok(error instanceof WherryError)
      for (const [name, value] of Object.entries(wanted)) assert.deepEqual(error[name as 'code'], value)
      return true
    })
  }
  await check(
    409,
    { kind: 'Status', reason: 'AlreadyExists', message: 'it is there', details: { name: 'a', kind: 'pods' }, code: 409 },
    {},
    {
      code: 'AlreadyExists',
      message: 'it is there',
      details: { status: 409, kind: 'pods', name: 'a' },
    },
  )
  await check(
    422,
    {
      kind: 'Status',
      reason: 'Invalid',
      message: 'm',
      details: { causes: [{ reason: 'FieldValueInvalid', message: 'c', field: 'spec' }] },
    },
    {},
    {
      code: 'Invalid',
      details: { status: 422, causes: [{ reason: 'FieldValueInvalid', message: 'c', field: 'spec' }] },
    },
  )
  await check(429, 'slow down', { 'retry-after': '3' }, { code: 'TooManyRequests', details: { status: 429, retryAfterSeconds: 3 } })
  await check(503, '<html>', {}, { code: 'ServiceUnavailable' })
  await check(418, '', {}, { code: 'BadRequest' })
  await check(410, { kind: 'Status', message: 'old' }, {}, { code: 'Expired' })
})

test('objects come frozen, with names and the empty lists that their type promises', async () => {
  const transport: Transport = async () => ({
    status: 200,
    headers: {},
    body: bytes({
      metadata: { resourceVersion: '5', continue: '' },
      items: [{ ...object, addressType: 'IPv4', endpoints: null, ports: null }],
    }),
  })
  const list = await createClient(transport).list(EndpointSlice)
  assert.equal(list.resourceVersion, '5')
  assert.equal(list.continue, undefined)
  const [slice] = list.items
  assert.deepEqual([slice!.apiVersion, slice!.kind], ['discovery.k8s.io/v1', 'EndpointSlice'])
  assert.deepEqual(slice!.endpoints, [])
  assert.throws(() => (slice!.metadata.name = 'x'), TypeError)
  assert.throws(() => slice!.endpoints.push({} as never), TypeError)
})

test('watch events come however the body is cut, and an ERROR event is thrown', async () => {
  const text = [
    { type: 'ADDED', object: { ...object, data: { a: 'ä€😀' } } },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } } } },
    { type: 'MODIFIED', object },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '8' } } },
    { type: 'ERROR', object: { kind: 'Status', reason: 'Expired', message: 'too old', code: 410 } },
  ]
  const whole = bytes(
    text
      .map((frame) => JSON.stringify(frame))
      .join('\n')
      .concat('\n'),
  )
  for (const size of [1, 2, 7, 100, whole.byteLength]) {
    const body = (async function* () {
      for (let i = 0; i < whole.byteLength; i += size) yield whole.subarray(i, i + size)
    })()
    const client = createClient(async () => ({ status: 200, headers: {}, body }))
    const seen: string[] = []
    await assert.rejects(
      async () => {
        for await (const event of client.watch(ConfigMap, {})) {
          seen.push(event.type === 'BOOKMARK' ? `${event.type} ${event.resourceVersion} ${event.initialEventsEnd}` : event.type)
          if (event.type === 'ADDED') assert.equal(event.object.data?.['a'], 'ä€😀')
        }
      },
      (error) => isError(error, 'Expired') && error.message === 'too old',
    )
    assert.deepEqual(seen, ['ADDED', 'BOOKMARK 7 true', 'MODIFIED', 'BOOKMARK 8 false'])
  }
})

test('a torn last event is left out, and an aborted watch ends quietly', async () => {
  const torn = createClient(async () => ({ status: 200, headers: {}, body: bytes('{"type":"ADDED","obj') }))
  for await (const _ of torn.watch(Pod, {})) assert.fail('nothing was whole')
  const stop = new AbortController()
  const broken = createClient(async () => {
    stop.abort()
    throw new Error('the exchange was aborted')
  })
  for await (const _ of broken.watch(Pod, { signal: stop.signal })) assert.fail('nothing came')
})

test('all pages of a list are read', async () => {
  const server = createStubServer()
  const client = createClient(server.transport)
  for (let i = 0; i < 7; i += 1) await client.create(ConfigMap, { metadata: { name: `c${i}` } }, { namespace: 'b' })
  const all = await listAll(client, ConfigMap as AnyKind, { namespace: 'b' }, 3)
  assert.equal(all.items.length, 7)
  assert.equal(server.requests.filter((request) => request.startsWith('GET')).length, 3)
})

test('resourceVersions are ordered as numbers of any length', () => {
  const ordered = ['', '0', '9', '10', '99', '100', '12345678901234567890123']
  ordered.forEach((a, i) => {
    ordered.forEach((b, j) => {
      assert.equal(Math.sign(compareResourceVersions(a, b)), Math.sign(i - j), `${a} ${b}`)
    })
  })
})
