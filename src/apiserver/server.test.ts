import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { admin, createTestServer, type TestServer } from './testing.ts'

/** Requests and what their answers must hold: status, and parts of the body by path. */

let server: TestServer
before(async () => {
  server = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')) })
  for (const name of ['default', 'a', 'b']) await send('POST', '/api/v1/namespaces', { metadata: { name } })
})
after(() => server.close())

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly body: any
}

async function send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const answer = await server.transport({
    method,
    path,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }),
  })
  const text = Buffer.from(await readBody(answer.body)).toString()
  return {
    status: answer.status,
    headers: answer.headers,
    body: /json/.test(String(answer.headers['content-type'])) && text !== '' ? JSON.parse(text) : text,
  }
}

const configMap = (name: string, rest: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...rest })
const merge = { 'content-type': 'application/merge-patch+json' }

test('answers what is wrong with a request as a Status', async () => {
  const cases: readonly (readonly [method: string, path: string, body: unknown, status: number, message: RegExp])[] = [
    ['GET', '/api/v1/namespaces/a/configmaps/none', undefined, 404, /^configmaps "none" not found$/],
    ['POST', '/api/v1/namespaces/a/pods/none/portforward?ports=1,x', undefined, 400, /parsing "x": invalid syntax$/],
    ['POST', '/api/v1/namespaces/a/pods/none/portforward?ports=70000', undefined, 400, /parsing "70000": value out of range$/],
    ['GET', '/apis/apps/v1/namespaces/a/deployments/none', undefined, 404, /^deployments\.apps "none" not found$/],
    ['POST', '/api/v1/namespaces/none/configmaps', configMap('x'), 404, /^namespaces "none" not found$/],
    ['POST', '/api/v1/namespaces/a/configmaps', '{', 400, /unexpected end of JSON input \(\{\)$/],
    ['POST', '/api/v1/namespaces/a/configmaps', { kind: 'Pod' }, 400, /converting \(v1\.Pod\) to \(core\.ConfigMap\): unknown conversion/],
    [
      'POST',
      '/api/v1/namespaces/a/configmaps',
      configMap('x', { metadata: { name: 'x', namespace: 'b' } }),
      400,
      /namespace of the provided object does not match/,
    ],
    ['POST', '/api/v1/namespaces/a/configmaps', {}, 422, /metadata\.name: Required value: name or generateName is required/],
    [
      'POST',
      '/api/v1/namespaces/a/configmaps?fieldValidation=Strict',
      configMap('x', { bogus: 1 }),
      400,
      /strict decoding error: unknown field "bogus"/,
    ],
    ['POST', '/api/v1/namespaces/a/configmaps?dryRun=x', configMap('x'), 422, /dryRun: Unsupported value/],
    ['PUT', '/api/v1/namespaces/a/configmaps/y', configMap('x'), 400, /does not match the name on the URL \(y\)/],
    ['PUT', '/api/v1/namespaces/a/configmaps', configMap('x'), 405, /does not allow this method/],
    ['GET', '/api/v1/namespaces/a/nothings', undefined, 404, /could not find the requested resource/],
    ['GET', '/api/v1/configmaps?limit=x', undefined, 400, /parsing "x": invalid syntax/],
    ['DELETE', '/api/v1/namespaces/default', undefined, 403, /this namespace may not be deleted/],
  ]
  for (const [method, path, body, status, message] of cases) {
    const answer = await send(method, path, body)
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    assert.equal(answer.body.kind, 'Status', path)
    assert.match(answer.body.message, message)
  }
})

test('an object comes back as it was stored, with what the server adds', async () => {
  const made = await send('POST', '/api/v1/namespaces/a/configmaps', configMap('made', { data: { k: 'v' } }))
  assert.equal(made.status, 201)
  assert.match(made.body.metadata.uid, /^[0-9a-f-]{36}$/)
  assert.equal(made.body.metadata.creationTimestamp, '2026-01-01T00:00:00Z')
  const got = await send('GET', '/api/v1/namespaces/a/configmaps/made')
  assert.deepEqual(got.body, made.body)
  assert.equal((await send('POST', '/api/v1/namespaces/a/configmaps', configMap('made'))).body.message, 'configmaps "made" already exists')
})

test('a write that changes nothing makes no revision', async () => {
  const made = await send('POST', '/api/v1/namespaces/a/configmaps', configMap('same', { data: { k: 'v' } }))
  const again = await send('PUT', '/api/v1/namespaces/a/configmaps/same', made.body)
  assert.equal(again.body.metadata.resourceVersion, made.body.metadata.resourceVersion)
  const patched = await send('PATCH', '/api/v1/namespaces/a/configmaps/same', {}, merge)
  assert.equal(patched.body.metadata.resourceVersion, made.body.metadata.resourceVersion)
})

test('no update is lost: of many writers on one version one wins, and unversioned patches all take effect', async () => {
  const made = await send('POST', '/api/v1/namespaces/a/configmaps', configMap('contended', { data: {} }))
  const versioned = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      send('PUT', '/api/v1/namespaces/a/configmaps/contended', { ...made.body, data: { winner: `${i}` } }),
    ),
  )
  assert.equal(versioned.filter(({ status }) => status === 200).length, 1)
  for (const { status, body } of versioned)
    if (status !== 200) assert.match(body.message, /the object has been modified; please apply your changes/)
  await Promise.all(
    Array.from({ length: 8 }, (_, i) => send('PATCH', '/api/v1/namespaces/a/configmaps/contended', { data: { [`k${i}`]: '1' } }, merge)),
  )
  const { body } = await send('GET', '/api/v1/namespaces/a/configmaps/contended')
  for (let i = 0; i < 8; i += 1) assert.equal(body.data[`k${i}`], '1')
})

test('a dry run changes nothing', async () => {
  const before = await send('GET', '/api/v1/namespaces/a/configmaps')
  assert.equal((await send('POST', '/api/v1/namespaces/a/configmaps?dryRun=All', configMap('dry'))).status, 201)
  assert.equal((await send('DELETE', '/api/v1/namespaces/a/configmaps/same?dryRun=All')).status, 200)
  const answer = await send('GET', '/api/v1/namespaces/a/configmaps')
  assert.deepEqual(answer.body, before.body)
})

test('finalizers hold a deleted object, and the last one to go removes it', async () => {
  await send('POST', '/api/v1/namespaces/a/configmaps', configMap('held', { metadata: { name: 'held', finalizers: ['example.com/x'] } }))
  const marked = await send('DELETE', '/api/v1/namespaces/a/configmaps/held')
  assert.equal(marked.body.metadata.deletionTimestamp, '2026-01-01T00:00:00Z')
  const added = await send(
    'PATCH',
    '/api/v1/namespaces/a/configmaps/held',
    { metadata: { finalizers: ['example.com/x', 'example.com/y'] } },
    merge,
  )
  assert.match(added.body.message, /no new finalizers can be added/)
  assert.equal((await send('PATCH', '/api/v1/namespaces/a/configmaps/held', { metadata: { finalizers: null } }, merge)).status, 200)
  assert.equal((await send('GET', '/api/v1/namespaces/a/configmaps/held')).status, 404)
})

test('propagation and preconditions', async () => {
  await send('POST', '/api/v1/namespaces/a/configmaps', configMap('p'))
  const wrong = await send('DELETE', '/api/v1/namespaces/a/configmaps/p', { preconditions: { uid: 'other' } })
  assert.equal(wrong.status, 409)
  assert.match(wrong.body.message, /the UID in the precondition \(other\) does not match the UID in record \(/)
  const foreground = await send('DELETE', '/api/v1/namespaces/a/configmaps/p?propagationPolicy=Foreground')
  assert.deepEqual(foreground.body.metadata.finalizers, ['foregroundDeletion'])
})

test('a namespace goes through Terminating, takes nothing new, and ends with finalize', async () => {
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'going' } })
  const gone = await send('DELETE', '/api/v1/namespaces/going')
  assert.equal(gone.body.status.phase, 'Terminating')
  const refused = await send('POST', '/api/v1/namespaces/going/configmaps', configMap('late'))
  assert.equal(refused.status, 403)
  assert.match(refused.body.message, /unable to create new content in namespace going because it is being terminated/)
  const final = await send('PUT', '/api/v1/namespaces/going/finalize', { ...gone.body, spec: { finalizers: [] } })
  assert.equal(final.status, 200)
  assert.equal((await send('GET', '/api/v1/namespaces/going')).status, 404)
})

test('pages of a list show one moment, whatever is written in between', async () => {
  for (let i = 0; i < 5; i += 1) await send('POST', '/api/v1/namespaces/b/configmaps', configMap(`page-${i}`))
  const first = await send('GET', '/api/v1/namespaces/b/configmaps?limit=2')
  assert.equal(first.body.metadata.remainingItemCount, 3)
  await send('DELETE', '/api/v1/namespaces/b/configmaps/page-3')
  await send('POST', '/api/v1/namespaces/b/configmaps', configMap('page-9'))
  const names: string[] = []
  for (let page = first; ; ) {
    names.push(...page.body.items.map((item: { metadata: { name: string } }) => item.metadata.name))
    assert.equal(page.body.metadata.resourceVersion, first.body.metadata.resourceVersion)
    if (!page.body.metadata.continue) break
    page = await send('GET', `/api/v1/namespaces/b/configmaps?limit=2&continue=${page.body.metadata.continue}`)
  }
  assert.deepEqual(names, ['page-0', 'page-1', 'page-2', 'page-3', 'page-4'])
  const old = await send(
    'GET',
    `/api/v1/namespaces/b/configmaps?resourceVersion=${first.body.metadata.resourceVersion}&resourceVersionMatch=Exact`,
  )
  assert.equal(old.body.items.length, 5)
})

test('addresses and ports are unique, freed by deletion, and refused in the words of the reference', async () => {
  const service = (name: string, spec: object = {}): object => ({
    metadata: { name },
    spec: { type: 'NodePort', ports: [{ port: 80 }], ...spec },
  })
  const one = await send('POST', '/api/v1/namespaces/a/services', service('one'))
  assert.match(one.body.spec.clusterIP, /^10\./)
  const taken = await send('POST', '/api/v1/namespaces/a/services', service('two', { clusterIP: one.body.spec.clusterIP }))
  assert.equal(taken.status, 422)
  assert.match(taken.body.message, /provided IP is already allocated/)
  const port = one.body.spec.ports[0].nodePort
  const second = await send('POST', '/api/v1/namespaces/a/services', service('two', { ports: [{ port: 80, nodePort: port }] }))
  assert.match(second.body.message, /provided port is already allocated/)
  const many = await Promise.all(Array.from({ length: 20 }, (_, i) => send('POST', '/api/v1/namespaces/a/services', service(`many-${i}`))))
  assert.equal(new Set(many.map(({ body }) => body.spec.clusterIP)).size, 20)
  const same = await Promise.all(
    ['x', 'y', 'z'].map((name) => send('POST', '/api/v1/namespaces/a/services', service(name, { clusterIP: '10.96.7.7' }))),
  )
  assert.equal(same.filter(({ status }) => status === 201).length, 1)
  await send('DELETE', '/api/v1/namespaces/a/services/one')
  assert.equal((await send('POST', '/api/v1/namespaces/a/services', service('three', { clusterIP: one.body.spec.clusterIP }))).status, 201)
})

test('a pod is bound once, leaves with grace, and keeps its generation through the binding', async () => {
  await send('POST', '/api/v1/namespaces/a/pods', { metadata: { name: 'pod' }, spec: { containers: [{ name: 'c', image: 'i' }] } })
  const bind = (node: string): Promise<Answer> =>
    send('POST', '/api/v1/namespaces/a/pods/pod/binding', { metadata: { name: 'pod' }, target: { kind: 'Node', name: node } })
  assert.equal((await bind('n1')).status, 201)
  assert.match((await bind('n2')).body.message, /pod pod is already assigned to node "n1"/)
  const { body } = await send('GET', '/api/v1/namespaces/a/pods/pod')
  assert.equal(body.spec.nodeName, 'n1')
  assert.equal(body.metadata.generation, 1)
  assert.equal((await send('DELETE', '/api/v1/namespaces/a/pods/pod')).body.metadata.deletionGracePeriodSeconds, 30)
  assert.equal((await send('DELETE', '/api/v1/namespaces/a/pods/pod?gracePeriodSeconds=0')).status, 200)
  assert.equal((await send('GET', '/api/v1/namespaces/a/pods/pod')).status, 404)
})

test('representations: YAML, tables, metadata only, and what is not served', async () => {
  await send('POST', '/api/v1/namespaces/a/configmaps', configMap('shown', { data: { k: 'v' } }))
  const get = (accept: string): Promise<Answer> => send('GET', '/api/v1/namespaces/a/configmaps/shown', undefined, { accept })
  assert.match((await get('application/yaml')).body, /^apiVersion: v1\ndata:\n {2}k: v\nkind: ConfigMap\n/)
  const table = await get('application/json;as=Table;v=v1;g=meta.k8s.io')
  assert.deepEqual(table.body.rows[0].cells.slice(0, 2), ['shown', 1])
  assert.equal(table.body.rows[0].object.kind, 'PartialObjectMetadata')
  assert.equal((await get('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io')).body.data, undefined)
  assert.equal((await get('image/png')).status, 406)
  assert.equal((await send('POST', '/api/v1/namespaces/a/configmaps', 'x', { 'content-type': 'text/plain' })).status, 415)
  assert.equal(
    (await send('PATCH', '/api/v1/namespaces/a/configmaps/shown', '{}', { 'content-type': 'application/apply-patch+cbor' })).status,
    415,
  )
  const big = await send('POST', '/api/v1/namespaces/a/configmaps', configMap('big', { data: { k: 'x'.repeat(3 * 1024 * 1024) } }))
  assert.equal(big.status, 413)
})

test('unknown fields become warnings', async () => {
  const { status, headers } = await send('POST', '/api/v1/namespaces/a/configmaps?dryRun=All', configMap('w', { bogus: 1 }))
  assert.equal(status, 201)
  assert.deepEqual(headers['warning'], ['299 - "unknown field \\"bogus\\""'])
  // What a JSON patch adds stands in the order in which it was written, what it reached into is sorted.
  await send('POST', '/api/v1/namespaces/a/configmaps', configMap('w'))
  const added = [
    { op: 'add', path: '/x', value: { b: 1 } },
    { op: 'add', path: '/metadata/z', value: 1 },
    { op: 'add', path: '/metadata/y', value: 1 },
    { op: 'add', path: '/metadata/ownerReferences', value: [{ apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u', q: 1, p: 2 }] },
  ]
  const json = { 'content-type': 'application/json-patch+json' }
  const patched = await send('PATCH', '/api/v1/namespaces/a/configmaps/w', added, json)
  const fields = ['metadata.ownerReferences[0].q', 'metadata.ownerReferences[0].p', 'metadata.y', 'metadata.z', 'x']
  assert.deepEqual(
    patched.headers['warning'],
    fields.map((field) => `299 - "unknown field \\"${field}\\""`),
  )
})

test('nobody passes who may not: neither without credentials nor without permission, and health is open', async () => {
  const anonymous = (path: string) => server.handler({ method: 'GET', path, headers: {} }, { remoteAddress: '' })
  assert.equal((await anonymous('/healthz')).status, 200)
  assert.equal((await anonymous('/api/v1/secrets')).status, 403)
  const stranger = server.transportAs({ name: 'eve', groups: ['system:authenticated'] })
  const refused = await stranger({ method: 'GET', path: '/api/v1/namespaces/a/secrets/s', headers: {} })
  assert.equal(refused.status, 403)
  assert.match(
    Buffer.from(await readBody(refused.body)).toString(),
    /secrets \\"s\\" is forbidden: User \\"eve\\" cannot get resource \\"secrets\\" in API group \\"\\" in the namespace \\"a\\"/,
  )
})

test('what an object holds never shows in an error of ours', async () => {
  const told: unknown[] = []
  const failing = await createTestServer({
    clock: createVirtualClock(0),
    log: (...line) => told.push(line),
    admission: [
      {
        name: 'ResourceQuota',
        validate: async ({ object }) => {
          if ((object?.kind as string) === 'Secret') throw new Error(JSON.stringify(object))
        },
      },
    ],
  })
  await failing.transport({ method: 'POST', path: '/api/v1/namespaces', headers: {}, body: Buffer.from('{"metadata":{"name":"a"}}') })
  const answer = await failing.transport({
    method: 'POST',
    path: '/api/v1/namespaces/a/secrets',
    headers: {},
    body: Buffer.from('{"metadata":{"name":"s"},"stringData":{"password":"hunter2"}}'),
  })
  assert.equal(answer.status, 500)
  const text = Buffer.from(await readBody(answer.body)).toString()
  assert.ok(!text.includes('hunter2') && !text.includes(Buffer.from('hunter2').toString('base64')), text)
  assert.equal(told.length, 1)
  await failing.close()
})

test('what is stored survives the server, and is served by the next one', async () => {
  const { body } = await send('GET', '/api/v1/namespaces/a/services/three')
  const next = await createTestServer({ clock: createVirtualClock(0), store: server.store })
  const answer = await next.transportAs(admin)({ method: 'GET', path: '/api/v1/namespaces/a/services/three', headers: {} })
  assert.deepEqual(JSON.parse(Buffer.from(await readBody(answer.body)).toString()), body)
  const clash = await next.transport({
    method: 'POST',
    path: '/api/v1/namespaces/a/services',
    headers: {},
    body: Buffer.from(JSON.stringify({ metadata: { name: 'again' }, spec: { clusterIP: body.spec.clusterIP, ports: [{ port: 1 }] } })),
  })
  assert.equal(clash.status, 422)
  await next.close()
})

test('discovery in both forms, OpenAPI, version and metrics', async () => {
  assert.deepEqual((await send('GET', '/api')).body.versions, ['v1'])
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
  const aggregated = await send('GET', '/apis', undefined, { accept })
  assert.equal(aggregated.body.kind, 'APIGroupDiscoveryList')
  assert.equal((await send('GET', '/apis', undefined, { accept, 'if-none-match': String(aggregated.headers['etag']) })).status, 304)
  // As text, which it is to the reference.
  const { body } = await send('GET', '/openapi/v3')
  const apps = await send('GET', JSON.parse(body).paths['apis/apps/v1'].serverRelativeURL)
  const patch = apps.body.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'].patch
  assert.ok(patch.parameters.some(({ name }: { name: string }) => name === 'fieldValidation'))
  assert.deepEqual(patch['x-kubernetes-group-version-kind'], { group: 'apps', version: 'v1', kind: 'Deployment' })
  assert.equal((await send('GET', '/openapi/v2', undefined, { accept: 'application/cbor' })).status, 406)
  assert.match((await send('GET', '/version')).body.gitVersion, /^v1\.36\./)
  assert.match((await send('GET', '/metrics')).body, /apiserver_request_total\{code="201"/)
})
