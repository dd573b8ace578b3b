import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { KubeObject } from '#api/kind.ts'
import { readBody } from '#lib/http.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'
import { createTokenKeys } from './token-keys.ts'
import { createTokenRequestHandler } from './token-request.ts'

/** What a request for a token is answered, beside the token: compared with what the reference answers. */

const accounts = '/api/v1/namespaces/d/serviceaccounts'

async function world() {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keys = await createTokenKeys({ signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string })
  const server = await createTestServer({
    clock,
    handlers: { serviceAccountToken: createTokenRequestHandler({ keys, clock, random: seededRandom(1) }) },
  })
  const post = async (path: string, body: object, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await server.transport({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', 'user-agent': 'me/1', ...headers },
      body: Buffer.from(JSON.stringify(body)),
    })
    return { status: answer.status, body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) as KubeObject }
  }
  await post('/api/v1/namespaces', { metadata: { name: 'd' } })
  await post(accounts, { metadata: { name: 'b' } })
  return { server, post }
}

test('tells who wrote what of the request, whatever the request itself says of that', async () => {
  const { server, post } = await world()
  await check('', {}, 'me', { 'f:spec': { 'f:expirationSeconds': {} } })
  await check('?fieldManager=you', { spec: { audiences: ['a'] } }, 'you', {
    'f:spec': { 'f:audiences': {}, 'f:expirationSeconds': {} },
  })
  const managedFields = [{ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} } }]
  await check('', { metadata: { labels: { a: 'b' }, resourceVersion: '7', managedFields } }, 'me', {
    'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
    'f:spec': { 'f:expirationSeconds': {} },
  })
  await server.close()

  async function check(query: string, body: object, manager: string, fieldsV1: object): Promise<void> {
    const answer = await post(`${accounts}/b/token${query}`, body)
    assert.equal(answer.status, 201)
    assert.deepEqual(answer.body.metadata.managedFields, [
      {
        manager,
        operation: 'Update',
        apiVersion: 'authentication.k8s.io/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1,
        subresource: 'token',
      },
    ])
  }
})

const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews'

test('what is only answered comes as its metadata, and in no table', async () => {
  const { server, post } = await world()
  const as = (form: string) => ({ accept: `application/json;g=meta.k8s.io;v=v1;as=${form}` })
  const path = `${accounts}/b/token`
  const { kind, metadata, ...rest } = (await post(path, {}, as('PartialObjectMetadata'))).body
  assert.deepEqual([kind, metadata.name, Object.keys(rest)], ['PartialObjectMetadata', 'b', ['apiVersion']])
  const refused = async (form: string, message: string, where = path) => {
    const { status, body } = await post(where, {}, as(form))
    assert.deepEqual([status, (body as KubeObject & { readonly message: string }).message], [406, message])
  }
  const types = 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf'
  await refused('Table', types)
  await refused('Table', types, review)
  await refused('Table', types, '/api/v1/namespaces/d/pods/p/eviction')
  await refused(
    'PartialObjectMetadataList',
    'you requested PartialObjectMetadataList, but the requested object is not a list (*authentication.TokenRequest)',
  )
  const either = { accept: `${as('Table').accept},application/json` }
  assert.equal((await post(path, {}, either)).body.kind, 'TokenRequest')
  await server.close()
})
