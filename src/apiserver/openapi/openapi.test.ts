import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { readBody } from '#lib/http.ts'
import { decodeProtobuf } from '#schema/protobuf.ts'
import { field, list, message, string } from '#schema/schema.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'
import { gnosticAccept } from './gnostic.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
type Any = any

const references = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, item]) => (key === '$ref' && typeof item === 'string' ? [item] : references(item)))

test('every document is whole: each reference leads somewhere, each operation has a name of its own, each kind is described', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const get = async (path: string, accept = 'application/json') =>
    Buffer.from(await readBody((await server.transport({ method: 'GET', path, headers: { accept } })).body, 64 * 1024 * 1024))
  const check = (name: string, document: Any, defined: Readonly<Record<string, unknown>>, root: string): void => {
    for (const reference of references(document)) assert.ok(reference.replace(root, '') in defined, `${name}: ${reference}`)
    const ids = Object.values<Any>(document.paths).flatMap((path) =>
      Object.values<Any>(path).flatMap(({ operationId }) => (operationId === undefined ? [] : [operationId])),
    )
    assert.deepEqual(
      ids.filter((id, i) => ids.indexOf(id) !== i && !/connect/i.test(id)),
      [],
      name,
    )
  }
  const index = JSON.parse((await get('/openapi/v3')).toString()) as Any
  const all: string[] = []
  for (const [name, { serverRelativeURL }] of Object.entries<Any>(index.paths)) {
    const document = JSON.parse((await get(serverRelativeURL)).toString())
    check(name, document, document.components.schemas, '#/components/schemas/')
    for (const schema of Object.values<Any>(document.components.schemas))
      for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) all.push(`${group}/${version}/${kind}`)
    all.push(...Object.keys(document.paths))
  }
  for (const { group, version, kind } of kinds) assert.ok(all.includes(`${group}/${version}/${kind}`), `${group}/${version}/${kind}`)
  for (const path of ['deployments/{name}/scale', 'deployments/{name}/status'])
    assert.ok(all.includes(`/apis/apps/v1/namespaces/{namespace}/${path}`), path)
  for (const path of ['pods/{name}/exec', 'pods/{name}/eviction', 'services/{name}/proxy/{path}', 'serviceaccounts/{name}/token'])
    assert.ok(all.includes(`/api/v1/namespaces/{namespace}/${path}`), path)
  const second = JSON.parse((await get('/openapi/v2')).toString())
  check('v2', second, second.definitions, '#/definitions/')
  const Names = message('Definitions', { additional_properties: field(1, list(message('Named', { name: field(1, string()) }))) })
  const Document = message('Document', { swagger: field(1, string()), definitions: field(9, Names) })
  const binary = decodeProtobuf(Document, await get('/openapi/v2', gnosticAccept), { syntax: 'proto3' }) as Any
  assert.equal(binary.swagger, '2.0')
  assert.deepEqual(
    binary.definitions.additional_properties.map(({ name }: Any) => name).sort(),
    Object.keys(second.definitions).sort(),
    'protobuf says what JSON says',
  )
  await server.close()
})
