import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createMemoryStore } from '#store/memory.ts'
import { createTestServer, type TestServerOptions } from '../testing.ts'

async function check(
  path: string,
  expected: { readonly status?: number; readonly text: string | RegExp; readonly accept?: string },
  server: TestServerOptions['server'] = {},
) {
  const one = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')), server })
  const answer = await one.transport({
    method: 'GET',
    path,
    headers: { ...(expected.accept !== undefined && { accept: expected.accept }) },
  })
  const text = Buffer.from(await readBody(answer.body)).toString()
  assert.equal(answer.status, expected.status ?? 200, `${path}: ${text}`)
  if (typeof expected.text === 'string') assert.equal(text, expected.text)
  else assert.match(text, expected.text)
  await one.close()
}

const broken = { readyChecks: { storage: async () => 'a secret of ours' } }
const begun = `[+]poststarthook/start-apiserver-admission-initializer ok
[+]poststarthook/generic-apiserver-start-informers ok
[+]poststarthook/priority-and-fairness-config-consumer ok
[+]poststarthook/priority-and-fairness-filter ok
[+]poststarthook/storage-object-count-tracker-hook ok
[+]poststarthook/start-apiextensions-informers ok
[+]poststarthook/start-apiextensions-controllers ok
[+]poststarthook/crd-informer-synced ok
[+]poststarthook/storage-readiness ok
[+]poststarthook/start-service-ip-repair-controllers ok
[+]poststarthook/aggregator-reload-proxy-client-cert ok
[+]poststarthook/start-kube-aggregator-informers ok
[+]poststarthook/apiservice-status-local-available-controller ok
[+]poststarthook/apiservice-status-remote-available-controller ok
[+]poststarthook/apiservice-registration-controller ok
[+]poststarthook/apiservice-discovery-controller ok
[+]poststarthook/apiservice-openapi-controller ok
[+]poststarthook/apiservice-openapiv3-controller ok
`
const live = `[+]ping ok\n[+]log ok\n[+]loopback-serving-certificate ok\n[+]etcd ok\n${begun}`
const ready = `[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n${begun}[+]shutdown ok\n`

test('checks by name, all together, with some left out', async () => {
  await check('/livez', { text: 'ok' })
  await check('/livez?verbose', { text: `${live}livez check passed\n` })
  await check('/healthz?verbose', { text: `${live}healthz check passed\n` })
  await check('/readyz?verbose', { text: `${ready}readyz check passed\n` })
  await check('/healthz/etcd', { text: 'ok' })
  await check('/readyz/poststarthook/crd-informer-synced?verbose', { text: 'ok' })
  for (const absent of ['/healthz/', '/healthz/constructor', '/healthz/shutdown', '/livez/informer-sync', '/readyz/poststarthook'])
    await check(absent, { status: 404, text: '404 page not found\n' })
  await check('/livez?verbose&exclude=etcd&exclude=foo&exclude=bar', {
    text: `${live.replace('[+]etcd', '[+]etcd excluded:')}warn: some health checks cannot be excluded: no matches for "bar","foo"\nlivez check passed\n`,
  })
})

test('what fails is named, why stays in the log', async () => {
  await check(
    '/readyz',
    { status: 500, text: /^(?:\[\+\].* ok\n)+\[-\]storage failed: reason withheld\n(?:\[\+\].* ok\n)+readyz check failed\n$/ },
    broken,
  )
  await check('/readyz/storage', { status: 500, text: 'internal server error: the check failed\n' }, broken)
  await check('/readyz?exclude=storage', { text: 'ok' }, broken)
  await check('/livez', { text: 'ok' }, broken)
})

test('a step of the start counts once it is done, where it is a part of this server', async () => {
  const roles = 'poststarthook/rbac/bootstrap-roles'
  const lease = 'poststarthook/start-kube-apiserver-identity-lease-controller'
  const halfway = { start: { bootstrapped: () => true, joined: () => false } }
  await check(`/readyz/${roles}`, { text: 'ok' }, halfway)
  for (const root of ['healthz', 'livez', 'readyz']) {
    await check(`/${root}/${lease}`, { status: 500, text: 'internal server error: not finished\n' }, halfway)
    await check(`/${root}`, { status: 500, text: new RegExp(`\\n\\[-\\]${lease} failed: reason withheld\\n`) }, halfway)
  }
  await check(`/readyz/${roles}`, { status: 404, text: '404 page not found\n' })
})

test('a server that is about to end lives, and is not ready', async () => {
  const ending = { isStopping: () => true }
  await check('/readyz/shutdown', { status: 500, text: 'internal server error: process is shutting down\n' }, ending)
  await check('/readyz', { status: 500, text: /\n\[-\]shutdown failed: reason withheld\nreadyz check failed\n$/ }, ending)
  await check('/livez', { text: 'ok' }, ending)
  await check('/healthz', { text: 'ok' }, ending)
})

test('a store that does not answer keeps nobody waiting who asks how it is', async () => {
  const clock = createVirtualClock(0)
  const store = createMemoryStore()
  let hangs = false
  const server = await createTestServer({
    clock,
    store: { ...store, revision: () => (hangs ? new Promise<never>(() => {}) : store.revision()) },
  })
  const get = async (path: string) => {
    const answer = await server.transport({ method: 'GET', path, headers: {} })
    return `${answer.status} ${Buffer.from(await readBody(answer.body)).toString()}`
  }
  assert.equal(await get('/livez/etcd'), '200 ok')
  hangs = true
  for (const path of ['/livez/etcd', '/readyz/etcd-readiness', '/readyz/informer-sync']) {
    const asked = get(path)
    await clock.advance(2_000)
    assert.equal(await asked, '500 internal server error: the check failed\n', path)
  }
  hangs = false
  await server.close()
})

test('status and flags: text for people, structure for whoever names it', async () => {
  await check('/statusz', {
    text: /^\napiserver statusz\nWarning: .*\n\nStarted: Thu Jan {2}1 00:00:00 UTC 2026\nUp: 0 hr 00 min 00 sec\n/,
  })
  await check('/statusz', { status: 406, accept: 'application/json', text: /only the following media types are accepted/ })
  await check('/flagz', { text: /\na:1\nb:2\n$/ }, { flags: { b: '2', a: '1' } })
  await check(
    '/flagz',
    {
      accept: 'application/json;as=Flagz;g=config.k8s.io;v=v1beta1',
      text: /"kind": "Flagz",\n {2}"apiVersion": "config.k8s.io\/v1beta1",[\s\S]*"a": "1"/,
    },
    { flags: { a: '1' } },
  )
  await check('/statusz', {
    accept: 'application/yaml;as=Statusz;g=config.k8s.io;v=v1alpha1',
    text: /^apiVersion: config.k8s.io\/v1alpha1\n/,
  })
})

test('how checks went is counted', async () => {
  const server = await createTestServer({ clock: createVirtualClock(0), server: broken })
  const get = async (path: string) => {
    const answer = await server.transport({ method: 'GET', path, headers: {} })
    return Buffer.from(await readBody(answer.body)).toString()
  }
  await get('/readyz')
  await get('/readyz')
  // Asked for by itself a check is not counted.
  await get('/readyz/etcd')
  const text = await get('/metrics/slis')
  assert.match(text, /kubernetes_healthcheck\{name="storage",type="readyz"\} 0/)
  assert.match(text, /kubernetes_healthchecks_total\{name="etcd",status="success",type="readyz"\} 2/)
  assert.match(text, /kubernetes_healthchecks_total\{name="storage",status="error",type="readyz"\} 2/)
  await server.close()
})

test('a store that fails is told of check by check, and nothing of why', async () => {
  const memory = createMemoryStore()
  let fails = false
  const store = {
    ...memory,
    revision: () => (fails ? Promise.reject(new Error('a secret of ours')) : memory.revision()),
  }
  const server = await createTestServer({ clock: createVirtualClock(0), store })
  fails = true
  const { status, body } = await server.transport({ method: 'GET', path: '/readyz', headers: {} })
  const text = Buffer.from(await readBody(body)).toString()
  assert.equal(status, 500)
  for (const name of ['etcd', 'etcd-readiness', 'informer-sync']) assert.ok(text.includes(`[-]${name} failed: reason withheld\n`), text)
  assert.match(text, /\[\+\]ping ok\n/)
  assert.doesNotMatch(text, /secret/)
  await server.close()
})
