import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from '../testing.ts'

let server: TestServer
before(async () => {
  server = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')) })
})
after(() => server.close())

check('a group tells its versions', '/apis/apps', (body) => {
  assert.equal(body.kind, 'APIGroup')
  assert.deepEqual(body.preferredVersion, { groupVersion: 'apps/v1', version: 'v1' })
})
check('a version tells its resources, each once, parts after their whole', '/apis/apps/v1', (body) => {
  const names = body.resources.map(({ name }: { name: string }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const name of ['deployments', 'deployments/scale', 'deployments/status']) assert.ok(names.includes(name), name)
  assert.ok(names.indexOf('deployments') < names.indexOf('deployments/scale'))
  const scale = body.resources.find(({ name }: { name: string }) => name === 'deployments/scale')
  assert.deepEqual([scale.group, scale.version, scale.kind], ['autoscaling', 'v1', 'Scale'])
})
check('what is only relayed has no verb of its own', '/api/v1', (body) => {
  const exec = body.resources.find(({ name }: { name: string }) => name === 'pods/exec')
  assert.deepEqual(exec.verbs, ['create', 'get'])
})
check('a group that nobody knows', '/apis/nobody.example', undefined)
check('a version that nobody knows', '/apis/apps/v9', undefined)

test('both forms name the same resources', async () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  for (const root of ['/api', '/apis']) {
    const { items } = (await get(root, { accept })).body
    assert.deepEqual(items[0].metadata, root === '/api' ? {} : { name: 'apiregistration.k8s.io' })
    for (const { metadata, versions } of items)
      for (const { version, resources } of versions) {
        const path = root === '/api' ? `/api/${version}` : `/apis/${metadata.name}/${version}`
        const whole = resources.map(({ resource }: { resource: string }) => resource)
        const parts = resources.flatMap(({ resource, subresources = [] }: { resource: string; subresources?: { subresource: string }[] }) =>
          subresources.map(({ subresource }) => `${resource}/${subresource}`),
        )
        const listed = (await get(path)).body.resources.map(({ name }: { name: string }) => name)
        assert.deepEqual([...whole, ...parts].toSorted(), listed.toSorted(), path)
      }
  }
})

test('aggregated discovery says the same in each encoding, under one tag', async () => {
  const tags = new Set<unknown>()
  for (const type of ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']) {
    const form = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    const { status, headers, body } = await server.transport({ method: 'GET', path: '/apis', headers: { accept: `${type}${form}` } })
    assert.deepEqual([status, headers['content-type']], [200, `${type}${form}`])
    tags.add(headers['etag'])
    assert.ok(Buffer.from(await readBody(body)).includes('deployments'))
  }
  assert.equal(tags.size, 1)
})

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
function check(name: string, path: string, look: ((body: any) => void) | undefined): void {
  test(name, async () => {
    const { status, body } = await get(path)
    assert.equal(status, look === undefined ? 404 : 200)
    look?.(body)
  })
}

async function get(path: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await server.transport({ method: 'GET', path, headers })
  const text = Buffer.from(await readBody(answer.body)).toString()
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text }
}
