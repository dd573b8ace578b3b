import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from '../testing.ts'

const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
let server: TestServer

before(async () => {
  server = await createTestServer({ clock })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
  await send('POST', '/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'default' } })
})
after(() => server.close())

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  readonly body: any
}

async function send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const request = { method, path, headers: { 'content-type': 'application/json', 'user-agent': 'tester/v1 (x)', ...headers } }
  const answer = await server.transport(bytes === undefined ? request : { ...request, body: bytes })
  return { status: answer.status, body: JSON.parse(Buffer.from(answer.body as Uint8Array).toString()) }
}

const maps = '/api/v1/namespaces/a/configmaps'
const deployments = '/apis/apps/v1/namespaces/a/deployments'
const configMap = (name: string, data: object, rest: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...rest },
  data,
})
const deployment = (name: string, spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: 'x' } },
    template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    ...spec,
  },
})
const apply = (path: string, body: unknown, query = 'fieldManager=one'): Promise<Answer> =>
  send('PATCH', `${path}?${query}`, body, { 'content-type': 'application/apply-patch+yaml' })
const merge = (path: string, body: unknown, query = ''): Promise<Answer> =>
  send('PATCH', `${path}?${query}`, body, { 'content-type': 'application/merge-patch+json' })
const managersOf = ({ body }: Answer): string[] =>
  // biome-ignore lint/suspicious/noExplicitAny: entries are looked into freely
  (body.metadata.managedFields ?? []).map((entry: any) => [entry.manager, entry.operation, entry.subresource].filter(Boolean).join(' '))

test('a create is owned by the program that made it, from before admission', async () => {
  const made = await send('POST', maps, configMap('created', { a: '1' }, { labels: { l: 'm' } }))
  assert.deepEqual(made.body.metadata.managedFields, [
    {
      manager: 'tester',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } } },
    },
  ])
  assert.deepEqual(managersOf(await send('POST', `${maps}?fieldManager=named`, configMap('named', {}, { labels: { a: 'b' } }))), [
    'named Update',
  ])
  assert.deepEqual(managersOf(await send('POST', maps, configMap('empty', {}))), [])
})

test('apply creates, changes, and a second time writes nothing', async () => {
  const path = `${maps}/applied`
  const created = await apply(path, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: applied\ndata:\n  a: "1"\n')
  assert.equal(created.status, 201)
  await clock.advance(60_000)
  const again = await apply(path, configMap('applied', { a: '1' }))
  assert.equal(again.status, 200)
  assert.equal(again.body.metadata.resourceVersion, created.body.metadata.resourceVersion)
  const changed = await apply(path, configMap('applied', { b: '2' }))
  assert.deepEqual(changed.body.data, { b: '2' })
  assert.equal(changed.body.metadata.managedFields[0].time, '2026-01-01T00:01:00Z')
})

test('a dry run applies nothing', async () => {
  assert.equal((await apply(`${maps}/dry`, configMap('dry', { a: '1' }), 'fieldManager=one&dryRun=All')).status, 201)
  assert.equal((await send('GET', `${maps}/dry`)).status, 404)
})

test('conflicts name their owners, as causes too', async () => {
  const path = `${maps}/contended`
  await apply(path, configMap('contended', { a: '1' }))
  const refused = await apply(path, configMap('contended', { a: '2' }), 'fieldManager=two')
  assert.equal(refused.status, 409)
  assert.equal(refused.body.message, 'Apply failed with 1 conflict: conflict with "one": .data.a')
  assert.deepEqual(refused.body.details, {
    causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }],
  })
  const forced = await apply(path, configMap('contended', { a: '2' }), 'fieldManager=two&force=true')
  assert.deepEqual(managersOf(forced), ['two Apply'])
})

test('what is refused before anything is tried', async () => {
  const cases: readonly (readonly [unknown, string, number, RegExp])[] = [
    [configMap('x', {}), '', 422, /fieldManager: Required value: is required for apply patch/],
    ['a: [', 'fieldManager=one', 400, /^error decoding YAML: /],
    ['x', 'fieldManager=one', 400, /cannot unmarshal string into Go value of type map\[string\]interface \{\}$/],
    ['', 'fieldManager=one', 400, /^invalid object type: \/, Kind=$/],
    [{ apiVersion: 'v1', kind: 'Secret' }, 'fieldManager=one', 400, /^invalid object type: \/v1, Kind=Secret$/],
    [configMap('x', {}, { managedFields: [] }), 'fieldManager=one', 400, /^metadata.managedFields must be nil$/],
    [configMap('x', {}, { uid: 'u' }), 'fieldManager=one', 409, /uid mismatch: the provided object specified uid u, and no existing/],
    [configMap('y', {}), 'fieldManager=one', 400, /the name of the object \(y\) does not match the name on the URL \(x\)/],
    [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, bogus: 1 },
      'fieldManager=one',
      500,
      /\(\/x; \/v1, Kind=ConfigMap\): \.bogus: field not declared in schema$/,
    ],
    [
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: "1", a: "2"}',
      'fieldManager=one&fieldValidation=Strict',
      400,
      /^error strict decoding YAML: .*\n {2}line 4: key "a" already set in map$/,
    ],
  ]
  for (const [body, query, status, message] of cases) {
    const answer = await apply(`${maps}/x`, body, query)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.match(answer.body.message, message)
  }
  assert.equal((await send('GET', `${maps}/x`)).status, 404)
})

test('each part is owned for itself', async () => {
  const path = `${deployments}/parts`
  await apply(path, deployment('parts', { replicas: 1 }))
  const status = await merge(`${path}/status`, { status: { observedGeneration: 1 }, spec: { replicas: 9 } }, 'fieldManager=controller')
  assert.deepEqual(managersOf(status), ['one Apply', 'controller Update status'])
  assert.equal(status.body.spec.replicas, 1)
  const own = status.body.metadata.managedFields[1].fieldsV1
  assert.deepEqual(own, { 'f:status': { 'f:observedGeneration': {} } })
  // The status in an apply of the whole is nobody's.
  const whole = await apply(path, { ...deployment('parts', { replicas: 1 }), status: { observedGeneration: 7 } })
  assert.equal(whole.body.status.observedGeneration, 1)
})

test('scaling takes the count from its owner, and the owner may take it back', async () => {
  const path = `${deployments}/scaled`
  await apply(path, deployment('scaled', { replicas: 1 }))
  await merge(`${path}/scale`, { spec: { replicas: 3 } }, 'fieldManager=scaler')
  const scaled = await send('GET', path)
  assert.deepEqual(managersOf(scaled).toSorted(), ['one Apply', 'scaler Update scale'])
  const refused = await apply(path, deployment('scaled', { replicas: 2 }))
  assert.equal(
    refused.body.message,
    'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas',
  )
  const left = await apply(path, deployment('scaled', {}))
  assert.equal(left.body.spec.replicas, 3)
  const forced = await apply(path, deployment('scaled', { replicas: 2 }), 'fieldManager=one&force=true')
  assert.deepEqual(managersOf(forced), ['one Apply'])
})

test('owners can be forgotten; the next apply finds one for all that is there', async () => {
  const path = `${maps}/forgotten`
  const made = await send('POST', maps, configMap('forgotten', { a: '1', b: '1' }))
  for (const managedFields of [[], [{}]]) {
    const put = await send('PUT', path, { ...made.body, metadata: { ...made.body.metadata, resourceVersion: '', managedFields } })
    assert.deepEqual(managersOf(put), [])
  }
  assert.deepEqual(managersOf(await merge(path, { data: { c: '1' } })), [])
  const applied = await apply(path, configMap('forgotten', { a: '1' }))
  assert.deepEqual(managersOf(applied), ['one Apply', 'before-first-apply Update'])
})

test('kubectl takes over what it applied from its own side', async () => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(configMap('mine', { a: '1' })) }
  const path = `${maps}/mine`
  await send('POST', `${maps}?fieldManager=kubectl-client-side-apply`, configMap('mine', { a: '1', b: '1' }, { annotations }))
  const refused = await apply(path, configMap('mine', { a: '2', b: '2' }), 'fieldManager=kubectl')
  assert.equal(refused.body.message, 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.b')
  const taken = await apply(path, configMap('mine', { a: '2' }), 'fieldManager=kubectl')
  assert.equal(taken.status, 200)
  assert.equal(
    taken.body.metadata.annotations['kubectl.kubernetes.io/last-applied-configuration'],
    '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"mine"}}\n',
  )
})

test('an update that changes nothing writes nothing, whoever sends it', async () => {
  const made = await send('POST', maps, configMap('still', { a: '1' }))
  await clock.advance(60_000)
  const same = await send('PUT', `${maps}/still?fieldManager=other`, made.body)
  assert.equal(same.body.metadata.resourceVersion, made.body.metadata.resourceVersion)
  assert.deepEqual(managersOf(same), ['tester Update'])
})
