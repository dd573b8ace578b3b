import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { localServices } from '#api/apiregistration/local-services.ts'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from '../testing.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
type Any = any

const services = '/apis/apiregistration.k8s.io/v1/apiservices'
let server: TestServer
before(async () => {
  server = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')) })
  for (const service of localServices) await ask('POST', services, service)
})
after(() => server.close())

test('without its APIService a group of ours is no longer listed, and served as before, until somebody makes it anew', async () => {
  const service = localServices.find(({ metadata }) => metadata.name === 'v1.batch')!
  await ask('DELETE', `${services}/v1.batch`)
  assert.deepEqual(await shown('batch'), { plain: [], aggregated: ['v1'], own: ['v1'], isServed: true })
  await ask('POST', services, service)
  assert.deepEqual(await shown('batch'), { plain: ['v1'], aggregated: ['v1'], own: ['v1'], isServed: true })
})

test('a group of two versions loses the one', async () => {
  await ask('DELETE', `${services}/v2.autoscaling`)
  assert.deepEqual(await shown('autoscaling'), { plain: ['v1'], aggregated: ['v2', 'v1'], own: ['v1'], isServed: true })
})

test('an APIService of what nobody serves is listed nevertheless', async () => {
  const spec = { group: 'nobody.example', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 }
  await ask('POST', services, { metadata: { name: 'v1.nobody.example' }, spec })
  assert.deepEqual(await shown('nobody.example'), { plain: ['v1'], aggregated: [], own: ['v1'], isServed: false })
})

test('that ours are available is said again whenever somebody says otherwise', async () => {
  const path = `${services}/v1.apps`
  const { metadata } = await ask('GET', path)
  await ask('PATCH', `${path}/status`, { status: { conditions: [] } })
  for (;;) {
    const now = await ask('GET', path)
    const [condition] = now.status.conditions ?? []
    if (condition === undefined) {
      await new Promise(setImmediate)
      continue
    }
    assert.deepEqual([condition.type, condition.status, condition.reason], ['Available', 'True', 'Local'])
    const own = now.metadata.managedFields.filter(({ subresource }: Any) => subresource === 'status')
    assert.deepEqual([own[0].manager, now.metadata.uid], ['kube-apiserver', metadata.uid])
    return
  }
})

async function shown(group: string): Promise<object> {
  const versions = (one: Any) => (one?.versions ?? []).map(({ version }: Any) => version)
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const own = await ask('GET', `/apis/${group}`)
  return {
    plain: versions((await ask('GET', '/apis')).groups.find(({ name }: Any) => name === group)),
    aggregated: versions((await ask('GET', '/apis', undefined, aggregated)).items.find(({ metadata }: Any) => metadata.name === group)),
    own: versions(own),
    isServed: (await ask('GET', `/apis/${group}/v1`)).kind === 'APIResourceList',
  }
}

async function ask(method: string, path: string, body?: object, accept = 'application/json'): Promise<Any> {
  const headers = { accept, 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
  const answer = await server.transport({ method, path, headers, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
  const text = Buffer.from(await readBody(answer.body)).toString()
  return text.startsWith('{') ? JSON.parse(text) : text
}
