import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'
import { createAudit } from './audit.ts'
import { createLogBackend } from './log-backend.ts'
import { auditConfigOf, parsePolicy } from './policy.ts'
import { createWebhookBackend } from './webhook-backend.ts'

/** The parts of an event that are looked at. */
interface Event {
  readonly stage: string
  readonly requestObject?: object
  readonly responseObject?: { readonly data: Readonly<Record<string, string>> }
  readonly responseStatus?: { readonly code: number; readonly message?: string; readonly reason?: string; readonly status?: string }
  readonly annotations?: Readonly<Record<string, string>>
}

const start = Date.parse('2026-01-01T00:00:00Z')
const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'

const attributes = (given: object) => ({
  user: { name: 'u', groups: ['g'] },
  verb: 'get',
  isResource: true,
  path: '/api/v1/namespaces/a/pods/p',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'a',
  name: 'p',
  ...given,
})

test('the first rule that fits decides', () => {
  const cases: readonly (readonly [rule: string, given: object, level: string])[] = [
    ['level: Request', {}, 'Request'],
    ['level: Request, users: [u]', {}, 'Request'],
    ['level: Request, users: [other]', {}, 'None'],
    ['level: Request, userGroups: [x, g]', {}, 'Request'],
    ['level: Request, verbs: [list]', {}, 'None'],
    ['level: Request, namespaces: [a]', {}, 'Request'],
    ['level: Request, namespaces: [""]', {}, 'None'],
    ['level: Request, resources: [{resources: [pods]}]', {}, 'Request'],
    ['level: Request, resources: [{resources: [pods]}]', { subresource: 'log' }, 'None'],
    ['level: Request, resources: [{resources: ["pods/*"]}]', { subresource: 'log' }, 'Request'],
    ['level: Request, resources: [{resources: ["*/log"]}]', { subresource: 'log' }, 'Request'],
    ['level: Request, resources: [{resources: ["*"]}]', { subresource: 'log' }, 'Request'],
    ['level: Request, resources: [{group: apps}]', {}, 'None'],
    ['level: Request, resources: [{group: "*"}]', {}, 'Request'],
    ['level: Request, resources: [{resources: [pods], resourceNames: [q]}]', {}, 'None'],
    ['level: Request, nonResourceURLs: ["/api*"]', { isResource: false }, 'Request'],
    ['level: Request, nonResourceURLs: ["/healthz"]', { isResource: false }, 'None'],
    // What a rule for everything says does not hold for what is confidential.
    ['level: RequestResponse', { resource: 'secrets' }, 'Metadata'],
    ['level: RequestResponse', { resource: 'serviceaccounts', subresource: 'token' }, 'Metadata'],
    ['level: RequestResponse, resources: [{resources: [secrets]}]', { resource: 'secrets' }, 'RequestResponse'],
  ]
  for (const [rule, given, level] of cases)
    assert.equal(
      auditConfigOf(parsePolicy(`${head}rules: [{${rule}}]`), attributes(given)).level,
      level,
      `${rule} for ${JSON.stringify(given)}`,
    )
})

test('a policy that is wrong is refused, with each field', () => {
  const cases: readonly (readonly [text: string, problem: RegExp])[] = [
    ['a: 1', /apiVersion: Unsupported value.*kind: Unsupported value.*rules: Required value/],
    [`${head}rules: [{level: Everything}]`, /rules\[0\]\.level/],
    [`${head}rules: [{level: Metadata, nonResourceURLs: ["x"]}]`, /rules\[0\]\.nonResourceURLs.*must start/],
    [`${head}rules: [{level: Metadata, nonResourceURLs: ["/x"], namespaces: [a]}]`, /both regular resources/],
    [`${head}omitStages: [Never]\nrules: [{level: Metadata}]`, /omitStages: Unsupported value: "Never"/],
  ]
  for (const [text, problem] of cases) assert.throws(() => parsePolicy(text), problem)
})

async function withAudit(policy: string, run: (server: Awaited<ReturnType<typeof createTestServer>>, events: Event[]) => Promise<void>) {
  const clock = createVirtualClock(start)
  const events: Event[] = []
  const backend = { name: 'test', dropped: 0, send: (event: string) => void events.push(JSON.parse(event)), close: async () => {} }
  const server = await createTestServer({
    clock,
    server: {
      allowAnonymous: false,
      audit: ({ registry }) => createAudit({ policy: parsePolicy(head + policy), backends: [backend], clock, registry }),
    },
  })
  try {
    await run(server, events)
  } finally {
    await server.close()
  }
}

const json = (value: object) => ({ headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) })

test('a write is kept with both bodies, its decision, and the client’s own id', async () => {
  await withAudit('rules: [{level: RequestResponse, resources: [{resources: [configmaps]}]}]', async (server, events) => {
    await server.transport({ method: 'POST', path: '/api/v1/namespaces', ...json({ metadata: { name: 'a' } }) })
    assert.equal(events.length, 0, 'what no rule fits is not kept')
    const given = json({ metadata: { name: 'm' }, data: { k: 'v' } })
    const answer = await server.transport({
      method: 'POST',
      path: '/api/v1/namespaces/a/configmaps?fieldManager=me',
      body: given.body,
      headers: { ...given.headers, 'audit-id': 'mine', 'user-agent': 'test', 'x-forwarded-for': '10.0.0.9' },
    })
    assert.equal(answer.headers['audit-id'], 'mine')
    assert.deepEqual(
      events.map(({ stage }) => stage),
      ['RequestReceived', 'ResponseComplete'],
    )
    const [received, complete] = events as [Event, Event]
    assert.equal(received.requestObject, undefined)
    const { responseObject, requestObject, annotations, ...rest } = complete
    assert.deepEqual(rest, {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      auditID: 'mine',
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces/a/configmaps?fieldManager=me',
      verb: 'create',
      user: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: ['10.0.0.9'],
      userAgent: 'test',
      objectRef: { resource: 'configmaps', namespace: 'a', name: 'm', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
      stageTimestamp: '2026-01-01T00:00:00.000000Z',
    })
    assert.deepEqual(requestObject, { metadata: { name: 'm' }, data: { k: 'v' } })
    assert.equal(responseObject?.data['k'], 'v')
    assert.equal(annotations?.['authorization.k8s.io/decision'], 'allow')
  })
})

test('a refusal is kept with its status, a watch in three stages, a secret without its bodies', async () => {
  await withAudit('rules: [{level: RequestResponse, omitStages: [RequestReceived]}]', async (server, events) => {
    const secret = json({ metadata: { name: 's' }, stringData: { password: 'hidden' } })
    await server.transport({ method: 'POST', path: '/api/v1/namespaces/default/secrets', ...secret })
    assert.equal(JSON.stringify(events).includes('hidden'), false)
    await server.transport({ method: 'GET', path: '/api/v1/namespaces/a/configmaps/none', headers: {} })
    const { responseStatus } = events.at(-1)!
    assert.deepEqual([responseStatus?.code, responseStatus?.reason, responseStatus?.status], [404, 'NotFound', 'Failure'])
    const watch = await server.transport({
      method: 'GET',
      path: '/api/v1/pods?watch=true&resourceVersion=1&timeoutSeconds=10',
      headers: {},
    })
    assert.equal(events.at(-1)!.stage, 'ResponseStarted')
    const iterator = (watch.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    await iterator.return?.()
    assert.equal(events.at(-1)!.stage, 'ResponseComplete')
  })
})

test('who could not log in is kept with what they tried', async () => {
  await withAudit('rules: [{level: Metadata}]', async (server, events) => {
    const ask = (authorization?: string) =>
      server.handler(
        { method: 'GET', path: '/api/v1/pods', headers: { ...(authorization !== undefined && { authorization }) } },
        { remoteAddress: '10.0.0.1' },
      )
    await ask('Bearer wrong')
    assert.deepEqual(
      [events.at(-1)!.responseStatus?.code, events.at(-1)!.responseStatus?.message],
      [401, 'Authentication failed, attempted: bearer'],
    )
  })
})

test('what is off is not there, and costs the answer nothing', async () => {
  const server = await createTestServer({ clock: createVirtualClock(start) })
  const { body } = await server.transport({ method: 'GET', path: '/metrics', headers: {} })
  assert.doesNotMatch(Buffer.from(await readBody(body)).toString(), /apiserver_audit/)
  await server.close()
})

test('a log is rotated by size, keeps its newest files, and counts what it cannot write', async () => {
  const clock = createVirtualClock(start)
  const files = new Map<string, string>()
  let broken = false
  const failures: unknown[] = []
  const backend = createLogBackend({
    path: '/logs/audit.log',
    clock,
    maxSizeBytes: 10,
    maxBackups: 2,
    onFailure: (error) => void failures.push(error),
    files: {
      async append(path, text) {
        if (broken) throw new Error('disk full')
        files.set(path, (files.get(path) ?? '') + text)
        return files.get(path)!.length
      },
      async rename(from, to) {
        files.set(to, files.get(from)!)
        files.delete(from)
      },
      remove: async (path) => void files.delete(path),
      list: async () => [...files.keys()].map((path) => path.slice('/logs/'.length)),
    },
  })
  for (let i = 0; i < 4; i += 1) {
    backend.send(`event number ${i}`)
    await clock.advance(1_000)
  }
  await backend.close()
  assert.deepEqual([...files.keys()].toSorted(), ['/logs/audit-2026-01-01T00-00-02.000.log', '/logs/audit-2026-01-01T00-00-03.000.log'])
  broken = true
  backend.send('lost')
  await backend.close()
  assert.deepEqual([backend.dropped, failures.length], [1, 1])
})

test('a log whose files cannot be rotated loses nothing; what waits is bounded in bytes as well', async () => {
  const written: string[] = []
  let release = (): void => {}
  const failures: unknown[] = []
  const backend = createLogBackend({
    path: '/logs/audit.log',
    clock: createVirtualClock(start),
    maxSizeBytes: 1,
    onFailure: (error) => void failures.push(error),
    files: {
      async append(_path, text) {
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return written.push(...text.trim().split('\n'))
      },
      rename: async () => Promise.reject(new Error('read-only')),
      remove: async () => {},
      list: async () => [],
    },
  })
  const large = 'x'.repeat(20 * 1024 * 1024)
  backend.send('first')
  for (let i = 0; i < 5; i += 1) backend.send(large)
  assert.equal(backend.dropped, 2)
  release()
  while (written.length === 0) await Promise.resolve()
  release()
  const closed = backend.close()
  while (written.length < 4) {
    await Promise.resolve()
    release()
  }
  await closed
  assert.deepEqual([backend.dropped, failures.length, written.length], [2, 2, 4])
})

const sink = { url: 'https://sink', random: seededRandom(1) }

test('a webhook that is out of reach does not hold up the end of the server', async () => {
  const clock = createVirtualClock(start)
  let tries = 0
  const backend = createWebhookBackend({
    ...sink,
    clock,
    batchMax: 1,
    onFailure: () => {},
    outbound: async () => {
      tries += 1
      throw new Error('connection refused')
    },
  })
  backend.send('{}')
  // Ten seconds, and at random up to a fifth more.
  await clock.advance(10_000)
  assert.equal(tries, 1)
  await clock.advance(2_000)
  assert.equal(tries, 2)
  await backend.close()
  assert.deepEqual([tries, backend.dropped], [3, 1])
  const bounded = createWebhookBackend({ ...sink, clock, onFailure: () => {}, outbound: () => new Promise(() => {}) })
  for (let i = 0; i < 5; i += 1) bounded.send('x'.repeat(20 * 1024 * 1024))
  assert.equal(bounded.dropped, 2)
})

test('a webhook gets batches, is tried again, and what does not fit is dropped', async () => {
  const clock = createVirtualClock(start)
  const bodies: { items: unknown[] }[] = []
  let failing = 1
  const backend = createWebhookBackend({
    ...sink,
    clock,
    batchMax: 3,
    bufferMax: 4,
    onFailure: () => {},
    outbound: async (_target, _options, { body }) => {
      if (failing-- > 0) return { status: 500, headers: {}, body: Buffer.alloc(0) } as never
      bodies.push(JSON.parse(Buffer.from(body!).toString()))
      return { status: 200, headers: {}, body: Buffer.alloc(0) } as never
    },
  })
  backend.send('{"n":1}')
  backend.send('{"n":2}')
  await clock.advance(29_000)
  assert.equal(bodies.length, 0)
  await clock.advance(20_000)
  assert.deepEqual(bodies, [{ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: [{ n: 1 }, { n: 2 }] }])
  failing = 1
  for (let i = 0; i < 9; i += 1) backend.send(`{"n":${i}}`)
  assert.ok(backend.dropped > 0)
  await clock.advance(120_000)
  assert.equal(bodies.slice(1).flatMap(({ items }) => items).length + backend.dropped, 9)
  await backend.close()
})
