import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
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
const live = '[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]poststarthook/priority-and-fairness-config-consumer ok\n'

test('checks by name, all together, with some left out', async () => {
  await check('/livez', { text: 'ok' })
  await check('/livez?verbose', { text: `${live}livez check passed\n` })
  await check('/healthz/etcd', { text: 'ok' })
  await check('/healthz/', { status: 404, text: '404 page not found\n' })
  await check('/healthz/constructor', { status: 404, text: '404 page not found\n' })
  await check('/livez?verbose&exclude=etcd&exclude=foo&exclude=bar', {
    text: `${live.replace('[+]etcd', '[+]etcd excluded:')}warn: some health checks cannot be excluded: no matches for "bar","foo"\nlivez check passed\n`,
  })
})

test('what fails is named, why stays in the log', async () => {
  await check('/readyz', { status: 500, text: /^(?:\[\+\].* ok\n)+\[-\]storage failed: reason withheld\nreadyz check failed\n$/ }, broken)
  await check('/readyz/storage', { status: 500, text: 'internal server error: the check failed\n' }, broken)
  await check('/readyz?exclude=storage', { text: 'ok' }, broken)
  await check('/livez', { text: 'ok' }, broken)
  await check(
    '/healthz?verbose',
    { text: /\[\+\]poststarthook\/rbac\/bootstrap-roles ok/ },
    { startChecks: { 'poststarthook/rbac/bootstrap-roles': async () => undefined } },
  )
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
  const text = await get('/metrics/slis')
  assert.match(text, /kubernetes_healthcheck\{name="storage",type="readyz"\} 0/)
  assert.match(text, /kubernetes_healthchecks_total\{name="etcd",status="success",type="readyz"\} 2/)
  assert.match(text, /kubernetes_healthchecks_total\{name="storage",status="error",type="readyz"\} 2/)
  await server.close()
})
