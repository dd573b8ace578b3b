import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { parseRequest } from '../http/request-info.ts'
import type { RequestRecord } from '../request-record.ts'
import { createTestServer } from '../testing.ts'
import { createRequestMetrics } from './request-metrics.ts'

/** Labels are the reference's: checked against what it shows for the same requests. */

const maps = '/api/v1/namespaces/a/configmaps'

test('requests are counted by the reference’s verbs, scopes and codes; what reaches no resource is not', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const send = (method: string, path: string, body?: object, type = 'application/json') =>
    server.transport({ method, path, headers: { 'content-type': type }, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
  await send('POST', maps, { metadata: { name: 'm' } })
  await send('POST', maps, { metadata: { name: 'm' } })
  await send('POST', `${maps}?dryRun=All`, { metadata: { name: 'n' } })
  await send('GET', `${maps}/m`)
  await send('GET', `${maps}/none`)
  await send('GET', maps)
  await send('GET', `${maps}?fieldSelector=metadata.name%3Dm`)
  await send('GET', '/api/v1/configmaps')
  await send('PATCH', `${maps}/m`, { data: { a: 'b' } }, 'application/merge-patch+json')
  await send('PUT', `${maps}/m`, { metadata: { name: 'm' } })
  await send('DELETE', `${maps}/m`)
  await send('DELETE', maps)
  await send('PUT', maps, {})
  await send('GET', `${maps}/m/nope`)
  await send('GET', '/apis/nobody/v1/things')
  await send('GET', '/healthz')
  const { body } = await send('GET', `${maps}?watch=true`)
  const during = await text()
  assert.match(
    during,
    /apiserver_longrunning_requests\{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="WATCH",version="v1"\} 1/,
  )
  await (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().return?.()
  const after = await text()
  assert.match(after, /apiserver_longrunning_requests\{[^}]*verb="WATCH"[^}]*\} 0/)
  const counted = [
    ...after.matchAll(
      /^apiserver_request_total\{code="(\d+)",component="(\w*)",dry_run="(\w*)",group="",resource="(\w*)",scope="(\w*)",subresource="([^"]*)",verb="(\w+)",version="(\w*)"\} (\d+)/gm,
    ),
  ]
    .map(([, code, component, dryRun, resource, scope, subresource, verb, , count]) =>
      [verb, resource || subresource, scope, code, dryRun, component === '' ? 'own' : '', count].filter((part) => part !== '').join(' '),
    )
    .filter((line) => !line.includes('/metrics') && !line.includes('namespaces'))
    .toSorted()
  assert.deepEqual(counted, [
    'DELETE configmaps namespace 200 1',
    'DELETE configmaps resource 200 1',
    'GET /healthz 200 own 1',
    'GET configmaps resource 200 1',
    'GET configmaps resource 404 1',
    'LIST configmaps cluster 200 1',
    'LIST configmaps namespace 200 2',
    'PATCH configmaps resource 200 1',
    'POST configmaps resource 201 1',
    'POST configmaps resource 201 All 1',
    'POST configmaps resource 409 1',
    'PUT configmaps resource 200 1',
    'WATCH configmaps namespace 200 1',
  ])
  assert.doesNotMatch(after, /apiserver_request_sli_duration_seconds_count\{[^}]*WATCH/)
  assert.match(after, /apiserver_storage_objects\{resource="namespaces"\} 1/)
  assert.match(after, /apiserver_admission_step_admission_duration_seconds_count\{operation="CREATE",rejected="false",type="admit"\} \d/)
  await server.close()

  async function text(): Promise<string> {
    const answer = await send('GET', '/metrics')
    return Buffer.from(await readBody(answer.body)).toString()
  }
})

test('of other paths the reference’s are counted, and nobody can add any', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const get = (path: string, accept = '*/*', method = 'GET') => server.transport({ method, path, headers: { accept } })
  for (let round = 0; round < 150; round += 1) await get(`/none-${round}`)
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  for (const path of [
    '/healthz',
    '/livez',
    '/readyz',
    '/readyz/ping',
    '/version',
    '/api',
    '/apis',
    '/apis/apps',
    '/metrics',
    '/openapi/v2',
  ])
    await get(path)
  for (const path of ['/openapi/v3', '/openapi/v3/api/v1', '/openapi/v3/none', '/openapi/v3/none2']) await get(path)
  for (const path of ['/api', '/api/', '/apis']) await get(path, aggregated)
  const text = Buffer.from(await readBody((await get('/metrics')).body)).toString()
  const counted = text.matchAll(
    /^apiserver_request_total\{code="(\d+)",component="(\w*)",dry_run="",group="",resource="",scope="",subresource="([^"]*)",verb="(\w+)",version=""\} (\d+)/gm,
  )
  assert.deepEqual(Array.from(counted, ([, ...found]) => found.filter((part) => part !== '').join(' ')).toSorted(), [
    '200 /healthz GET 1',
    '200 /livez GET 1',
    '200 /readyz GET 1',
    '200 apiserver api GET 2',
    '200 apiserver apis GET 1',
    '200 openapi/v3 GET 1',
    '200 openapi/v3/ GET 1',
    '404 openapi/v3/ GET 2',
  ])
  await server.close()
})

test('what is refused for want of time or seats is told by what was asked for, within bounds', () => {
  const registry = createRegistry()
  const metrics = createRequestMetrics(registry)
  const refuse = (path: string) =>
    metrics.terminated(
      { kind: undefined, info: parseRequest('GET', path), request: { method: 'GET', path, headers: {} } } as unknown as RequestRecord,
      429,
    )
  refuse('/api/v1/namespaces/a/pods/b/status')
  refuse('/apis/example.com/v1/things')
  refuse(`/long/${'x'.repeat(600)}`)
  for (let round = 0; round < 1500; round += 1) refuse(`/none-${round}`)
  const told = Array.from(
    registry.text().matchAll(/^apiserver_request_terminations_total\{code="429",component="apiserver",(.*)\} (\d+)$/gm),
    ([, labels, count]) => `${labels} ${count}`,
  )
  assert.equal(told.length, 1001)
  for (const line of [
    'group="",resource="pods",scope="resource",subresource="status",verb="GET",version="v1" 1',
    'group="example.com",resource="things",scope="cluster",subresource="",verb="LIST",version="v1" 1',
    'group="",resource="",scope="",subresource="/none-0",verb="GET",version="" 1',
    'group="",resource="",scope="",subresource="",verb="GET",version="" 503',
  ])
    assert.ok(told.includes(line), line)
})

test('watches that begin with all objects are timed up to the end of these, others are not', async () => {
  const clock = createVirtualClock(0)
  const server = await createTestServer({ clock })
  const get = (path: string) => server.transport({ method: 'GET', path, headers: {} })
  const initial = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  for (const path of [
    `${maps}?watch=true`,
    `${maps}?watch=true&${initial}`,
    `/api/v1/configmaps?watch=true&${initial}`,
    `${maps}?watch=true&${initial}&fieldSelector=metadata.name%3Dx`,
  ]) {
    const { body } = await get(path)
    const events = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    if (path.includes(initial)) assert.match(Buffer.from((await events.next()).value as Uint8Array).toString(), /initial-events-end/)
    await events.return?.()
  }
  const text = Buffer.from(await readBody((await get('/metrics')).body)).toString()
  const counted = text.matchAll(
    /^apiserver_watch_list_duration_seconds_count\{group="",resource="configmaps",scope="(\w+)",version="v1"\} (\d+)$/gm,
  )
  assert.deepEqual(
    Array.from(counted, ([, ...found]) => found.join(' ')),
    ['namespace 1', 'cluster 1', 'resource 1'],
  )
  await server.close()
})
