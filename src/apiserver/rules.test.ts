import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from './testing.ts'

/** What kinds say of themselves, and that the common path keeps to it. */

let server: TestServer
before(async () => {
  server = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')) })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
})
after(() => server.close())

async function send(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await server.transport({ method, path, headers, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
  return { ...answer, body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) }
}
const merge = { 'content-type': 'application/merge-patch+json' }

const deployment = {
  metadata: { name: 'd' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
}

test('generation counts what the kind says: annotations of a deployment too, its labels and status not', async () => {
  const path = '/apis/apps/v1/namespaces/a/deployments'
  const generation = async (patch: object, part = '') =>
    (await send('PATCH', `${path}/d${part}`, patch, merge)).body.metadata.generation as number
  assert.equal((await send('POST', path, deployment)).body.metadata.generation, 1)
  assert.equal(await generation({ metadata: { labels: { x: 'y' } } }), 1)
  assert.equal(await generation({ metadata: { annotations: { x: 'y' } } }), 2)
  assert.equal(await generation({ spec: { replicas: 2 } }), 3)
  assert.equal(await generation({ spec: { replicas: 2 } }), 3)
  assert.equal(await generation({ status: { observedGeneration: 1 } }, '/status'), 3)
  assert.equal(await generation({ metadata: { annotations: { x: 'z' } }, status: { observedGeneration: 2 } }, '/status'), 3)
  await generation({ spec: { replicas: 4 } }, '/scale')
  assert.equal(await generation({ metadata: { labels: { x: 'z' } } }), 4)
})

test('what a status leaves out is filled in from its own body: labels that come from a template belong to nobody there', async () => {
  const path = '/api/v1/namespaces/a/replicationcontrollers'
  const template = (labels: object) => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } })
  await send('POST', path, { metadata: { name: 'd' }, spec: { selector: { a: 'b' }, template: template({ a: 'b' }) } })
  const statuses: readonly (readonly [body: object, labels: object, isOwned: boolean])[] = [
    [{}, { a: 'b' }, false],
    [{ spec: { template: template({ c: 'd' }) } }, { c: 'd' }, true],
    [{ metadata: { labels: { e: 'f' } } }, { e: 'f' }, true],
    [{}, { a: 'b' }, false],
  ]
  for (const [given, labels, isOwned] of statuses) {
    const metadata = { name: 'd', ...(given as { metadata?: object }).metadata }
    const { body } = await send('PUT', `${path}/d/status?fieldManager=status`, { ...given, metadata, status: { replicas: 1 } })
    assert.deepEqual(body.metadata.labels, labels)
    assert.deepEqual(body.spec.template.metadata.labels, { a: 'b' })
    const own = body.metadata.managedFields.find(({ manager }: { manager: string }) => manager === 'status')
    assert.equal(own?.fieldsV1['f:metadata'] !== undefined, isOwned, JSON.stringify(own))
  }
})

test('a scale takes a zero that is left out, and refuses a stale or a negative one', async () => {
  const path = '/apis/apps/v1/namespaces/a/deployments'
  await send('POST', path, { ...deployment, metadata: { name: 'scaled' } })
  const scale = { metadata: { name: 'scaled', namespace: 'a' }, spec: {} }
  assert.equal((await send('PUT', `${path}/scaled/scale`, scale)).status, 200)
  assert.equal((await send('GET', `${path}/scaled`)).body.spec.replicas, 0)
  const negative = await send('PUT', `${path}/scaled/scale`, { ...scale, spec: { replicas: -1 } })
  assert.equal(negative.status, 422)
  assert.deepEqual(negative.body.details.kind, 'Scale')
  const other = { metadata: { uid: 'x' }, spec: { replicas: 3 } }
  const gone = await send('PATCH', `${path}/scaled/scale`, other, merge)
  assert.equal(gone.status, 409)
  assert.match(
    gone.body.message,
    /^Operation cannot be fulfilled on deployments\/scale\.apps "scaled": Precondition failed: UID in precondition: x/,
  )
  const stale = await send('PUT', `${path}/scaled/scale`, { ...scale, metadata: { ...scale.metadata, resourceVersion: '1' } })
  assert.equal(stale.status, 409)
  for (const rest of [{}, { resourceVersion: '1' }]) {
    const wrong = await send('PUT', `${path}/scaled/scale`, { metadata: { ...scale.metadata, uid: 'x', ...rest }, spec: { replicas: -1 } })
    assert.equal(wrong.status, 409)
    assert.match(wrong.body.message, /StorageError: invalid object, .* Precondition failed: UID in precondition: x/)
  }
})

test('an update of an absent lease makes it, and one of a present lease names its version', async () => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/a/leases/l'
  const lease = { metadata: { name: 'l', namespace: 'a' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 10 } }
  const made = await send('PUT', path, lease)
  assert.equal(made.status, 201)
  const blind = await send('PUT', path, lease)
  assert.equal(blind.status, 422)
  assert.match(blind.body.message, /metadata\.resourceVersion: Invalid value: 0: must be specified for an update/)
  assert.equal((await send('PUT', path, made.body)).status, 200)
})

test('an event is one object in both groups', async () => {
  const core = '/api/v1/namespaces/a/events'
  const events = '/apis/events.k8s.io/v1/namespaces/a/events'
  await send('POST', core, {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'a' },
    message: 'told',
    count: 3,
  })
  const other = (await send('GET', `${events}/e`)).body
  assert.deepEqual(
    [other.apiVersion, other.note, other.regarding.name, other.deprecatedCount],
    ['events.k8s.io/v1', 'told', 'p', 3],
    'the same in the words of the other group',
  )
  const watch = await server.transport({ method: 'GET', path: `${events}?watch=true`, headers: {} })
  for await (const part of watch.body as AsyncIterable<Uint8Array>) {
    const { type, object } = JSON.parse(Buffer.from(part).toString())
    assert.deepEqual([type, object.apiVersion, object.metadata.name], ['ADDED', 'events.k8s.io/v1', 'e'])
    break
  }
  assert.equal((await send('DELETE', `${events}/e`)).status, 200)
  assert.equal((await send('GET', `${core}/e`)).status, 404)
})

test('a kind on its way out says so with every answer, refusals included', async () => {
  for (const path of ['/api/v1/namespaces/a/endpoints', '/api/v1/endpoints', '/api/v1/namespaces/a/endpoints/none'])
    assert.match(String((await send('GET', path)).headers['warning']), /v1 Endpoints is deprecated in v1\.33\+/, path)
  assert.match(String((await send('GET', '/api/v1/componentstatuses')).headers['warning']), /ComponentStatus is deprecated/)
  assert.equal((await send('GET', '/api/v1/namespaces/a/configmaps')).headers['warning'], undefined)
})

test('what the router refuses comes in the form of the client, and says nothing of deprecation', async () => {
  const asked = async (method: string, path: string, accept: string) => {
    const { status, headers } = await server.transport({ method, path, headers: { accept } })
    return [status, headers['content-type'], headers['warning']]
  }
  const protobuf = 'application/vnd.kubernetes.protobuf'
  assert.deepEqual(await asked('GET', '/api/v1/namespaces/a/configmaps/x/scale', protobuf), [404, protobuf, undefined])
  const partial = `${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`
  assert.deepEqual(await asked('GET', '/api/v1/namespaces/a/configmaps/x/scale', partial), [404, 'application/json', undefined])
  assert.deepEqual(await asked('GET', '/api/v1/namespaces/a/configmaps/none', partial), [404, 'application/json', undefined])
  assert.deepEqual(await asked('GET', '/api/v1/nothings', 'application/yaml'), [404, 'application/yaml', undefined])
  assert.deepEqual(await asked('PUT', '/api/v1/namespaces/a/configmaps', protobuf), [405, protobuf, undefined])
  // The old path of a watch is read only, and there for what can be watched.
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    assert.deepEqual(await asked(method, '/api/v1/watch/namespaces/a/configmaps/x', '*/*'), [405, 'application/json', undefined], method)
  for (const path of ['componentstatuses', 'namespaces/a/pods/x/status'])
    assert.deepEqual(await asked('GET', `/api/v1/watch/${path}`, '*/*'), [404, 'application/json', undefined], path)
  assert.deepEqual(await asked('GET', '/api/v1/endpoints', 'image/png'), [406, 'application/json', undefined])
})

test('a limit range needs no name', async () => {
  const made = await send('POST', '/api/v1/namespaces/a/limitranges', { spec: { limits: [] } })
  assert.equal(made.status, 201)
  assert.match(made.body.metadata.name, /^[0-9a-f-]{36}$/)
  assert.equal((await send('DELETE', `/api/v1/namespaces/a/limitranges/${made.body.metadata.name}`)).status, 200)
})

test('a precondition that fails names the kind as it is stored', async () => {
  assert.equal(
    (await send('POST', '/api/v1/namespaces/a/events', { metadata: { name: 'p' }, involvedObject: { namespace: 'a' } })).status,
    201,
  )
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'other' } }
  const answer = await send('DELETE', '/apis/events.k8s.io/v1/namespaces/a/events/p', options)
  assert.match(answer.body.message, /^Operation cannot be fulfilled on Event "p": the UID in the precondition/)
})

test('nothing depends on an event, so its deletion does not wait', async () => {
  const events = '/api/v1/namespaces/a/events'
  const event = { metadata: { name: 'gone' }, involvedObject: { namespace: 'a' } }
  for (const policy of ['Foreground', 'Orphan']) {
    assert.equal((await send('POST', events, event)).status, 201)
    assert.equal((await send('DELETE', `${events}/gone?propagationPolicy=${policy}`)).status, 200)
    assert.equal((await send('GET', `${events}/gone`)).status, 404, policy)
  }
})

test('the causes of a refusal repeat as often as the reference looks at the metadata', async () => {
  const repeats = async (collection: string, object: object, part = ''): Promise<readonly number[]> => {
    const { metadata } = (await send('POST', collection, object)).body
    const counts: number[] = []
    for (const change of [{ labels: { a: '-' } }, { finalizers: ['x'] }]) {
      const patch = { metadata: change }
      const answer = await send('PATCH', `${collection}/${metadata.name}${part}?dryRun=All`, patch, merge)
      counts.push(answer.body.details?.causes?.length ?? 0)
    }
    return counts
  }
  const service = { metadata: { name: 'counted' }, spec: { ports: [{ port: 80 }] } }
  assert.deepEqual(await repeats('/api/v1/namespaces/a/services', service), [3, 1])
  assert.deepEqual(await repeats('/apis/coordination.k8s.io/v1/namespaces/a/leases', { metadata: { name: 'counted' }, spec: {} }), [3, 0])
  const volume = {
    metadata: { name: 'counted' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
  }
  assert.deepEqual(await repeats('/api/v1/persistentvolumes', volume), [4, 2])
  // A part's own check looks at the transition, whatever that of the whole looks at.
  const node = { metadata: { name: 'counted' } }
  assert.deepEqual(await repeats('/api/v1/nodes', node), [4, 2])
  assert.deepEqual(await repeats('/api/v1/nodes', { metadata: { name: 'second' } }, '/status'), [3, 1])
  assert.deepEqual(await repeats('/apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'counted' }, provisioner: 'p' }), [4, 2])
})

test('some parts cannot be had as a table', async () => {
  await send('POST', '/api/v1/namespaces/a/pods', {
    metadata: { name: 'p' },
    spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] },
  })
  const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1'
  for (const [part, status] of [
    ['', 200],
    ['/status', 200],
    ['/resize', 406],
    ['/ephemeralcontainers', 406],
  ] as const)
    assert.equal((await send('GET', `/api/v1/namespaces/a/pods/p${part}`, undefined, { accept })).status, status, part)
})

test('owners named twice are kept once, and the client is told', async () => {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u-1' }
  const made = await send('POST', '/api/v1/namespaces/a/configmaps', { metadata: { name: 'owned', ownerReferences: [owner, owner] } })
  assert.equal(made.body.metadata.ownerReferences.length, 1)
  assert.match(String(made.headers['warning']), /duplicate UID\(s\) observed: u-1/)
})

test('health is open to readers without a name; who has one needs the right', async () => {
  const statuses = (name: string): Promise<readonly number[]> => {
    const ask = server.transportAs({ name, groups: [] })
    return Promise.all(
      ['GET', 'HEAD', 'POST', 'DELETE'].map(async (method) => (await ask({ method, path: '/healthz', headers: {} })).status),
    )
  }
  assert.deepEqual(await statuses('system:anonymous'), [200, 403, 403, 403])
  assert.deepEqual(await statuses('nobody'), [403, 403, 403, 403])
})

test('an update only counts what the server owns as it was, and repeats causes as often as the reference', async () => {
  const path = '/api/v1/namespaces/a/configmaps'
  const { metadata } = (await send('POST', path, { metadata: { name: 'meta' } })).body
  const later = await send('PUT', `${path}/meta`, { metadata: { ...metadata, creationTimestamp: '2030-01-01T00:00:00Z' } })
  assert.equal(later.body.metadata.creationTimestamp, metadata.creationTimestamp)
  const moved = await send('PATCH', `${path}/meta`, { metadata: { uid: 'other' } }, merge)
  assert.equal(moved.status, 422)
  assert.equal(moved.body.details.causes.length, 2)
})
