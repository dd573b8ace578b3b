import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { createClient } from '#client/http.ts'
import type { Command, Single } from './controller.ts'
import { execute } from './executor.ts'
import { createScene } from './testing.ts'

/** Executes on a world with the ConfigMaps `a` and `b` (with a finalizer), of which nothing is held in memory. */
async function check(
  title: string,
  commands: (world: { a: ConfigMap; b: ConfigMap }) => readonly Command[],
  wanted: { readonly end: string; readonly requests: readonly string[]; readonly shows?: readonly string[] },
): Promise<void> {
  await test(title, async () => {
    const { client, server, log } = createScene()
    const create = (name: string, finalizers: string[]) => client.create(ConfigMap, { metadata: { name, finalizers } }, { namespace: 'x' })
    const world = { a: await create('a', []), b: await create('b', ['f']) }
    const requests: string[] = []
    const own = createClient((request) => {
      requests.push(`${request.method} ${request.path.replace('/api/v1/namespaces/x/configmaps', '')}`)
      return server.transport(request)
    })
    const hands = { client: own, fieldManager: 'me', recorder: { record: () => log.info('event') }, informerOf: () => undefined }
    const execution = await execute(commands(world), hands)
    assert.equal(execution.end, wanted.end, 'error' in execution ? String(execution.error) : '')
    assert.deepEqual(requests, wanted.requests)
    if (execution.end === 'stale')
      assert.deepEqual(
        execution.change.map((change) => change.show),
        wanted.shows,
      )
  })
}

const common = { kind: ConfigMap, namespace: 'x' } as const
const event = (regarding: ConfigMap): Command => ({ do: 'event', regarding, type: 'Normal', reason: 'R', message: 'm' })

await check(
  'commands run in order, each with its preconditions',
  ({ a, b }) => [
    { do: 'create', ...common, object: { metadata: { name: 'c' } } },
    { do: 'patch', ...common, name: 'a', body: { data: { k: 'v' } }, resourceVersion: a.metadata.resourceVersion, uid: a.metadata.uid },
    { do: 'update', kind: ConfigMap, object: { ...b, data: { k: 'v' } } as ConfigMap },
    { do: 'delete', ...common, name: 'b', uid: b.metadata.uid },
    event(a),
  ],
  { end: 'done', requests: ['POST ?fieldManager=me', 'PATCH /a?fieldManager=me', 'PUT /b?fieldManager=me', 'DELETE /b'] },
)

await check(
  'an apply says whose the object is, and takes what it names',
  () => [{ do: 'apply', ...common, name: 'a', body: { data: { k: 'v' } } }],
  { end: 'done', requests: ['PATCH /a?fieldManager=me&force=true'] },
)

await check(
  'an old version stops the plan before what follows',
  ({ a }) => [
    { do: 'patch', ...common, name: 'a', body: { data: { k: 'v' } }, resourceVersion: '1' },
    { do: 'delete', ...common, name: 'a', uid: a.metadata.uid },
  ],
  { end: 'stale', requests: ['PATCH /a?fieldManager=me'], shows: ['change'] },
)

await check('another object under the same name is not deleted', () => [{ do: 'delete', ...common, name: 'a', uid: 'other' }], {
  end: 'stale',
  requests: ['DELETE /a'],
  shows: ['change'],
})

await check('what is gone already means an old view', () => [{ do: 'patch', ...common, name: 'gone', body: {} }], {
  end: 'stale',
  requests: ['PATCH /gone?fieldManager=me'],
  shows: ['change'],
})

await check(
  'what may be there already is kept, and the plan goes on',
  ({ a }) => [
    { do: 'create', ...common, object: { metadata: { name: 'a' } }, ifExists: 'keep' },
    { do: 'delete', ...common, name: 'a', uid: a.metadata.uid },
  ],
  { end: 'done', requests: ['POST ?fieldManager=me', 'DELETE /a'] },
)

await check('what may not be there means an old view', () => [{ do: 'create', ...common, object: { metadata: { name: 'a' } } }], {
  end: 'stale',
  requests: ['POST ?fieldManager=me'],
  shows: ['change'],
})

await check(
  'absence is confirmed by the server itself',
  ({ a }) => [
    { do: 'confirmAbsent', ...common, name: 'gone', uid: 'u' },
    { do: 'confirmAbsent', ...common, name: 'a', uid: 'the one before' },
    { do: 'confirmAbsent', ...common, name: 'a', uid: a.metadata.uid },
    { do: 'delete', ...common, name: 'a', uid: a.metadata.uid },
  ],
  { end: 'stale', requests: ['GET /gone', 'GET /a', 'GET /a'], shows: ['change'] },
)

await check(
  'that nothing has a name, whoever had it',
  () => [
    { do: 'confirmAbsent', ...common, name: 'gone' },
    { do: 'confirmAbsent', ...common, name: 'a' },
    { do: 'delete', ...common, name: 'a', uid: 'u' },
  ],
  { end: 'stale', requests: ['GET /gone', 'GET /a'], shows: ['change'] },
)

await check(
  'and that nobody made what was looked for',
  () => [
    { do: 'confirmNone', ...common, isMeant: ({ metadata }: ConfigMap) => metadata.name === 'c' },
    { do: 'confirmNone', ...common, isMeant: ({ metadata }: ConfigMap) => metadata.name === 'b' },
    { do: 'delete', ...common, name: 'b', uid: 'u' },
  ],
  { end: 'stale', requests: ['GET ?limit=500', 'GET ?limit=500'], shows: [] },
)

await check(
  'what is said of each object is done to it, and those that changed or went meanwhile are passed over',
  ({ b }) => [
    {
      do: 'each',
      kind: ConfigMap,
      command: ({ metadata }: ConfigMap) =>
        metadata.name === 'a'
          ? { do: 'patch', ...common, name: 'gone', body: {} }
          : { do: 'patch', ...common, name: 'b', body: {}, resourceVersion: '1' },
    },
    {
      do: 'each',
      kind: ConfigMap,
      command: ({ metadata }: ConfigMap) => (metadata.name === 'b' ? undefined : { do: 'patch', ...common, name: 'a', body: {} }),
    },
    { do: 'delete', ...common, name: 'b', uid: b.metadata.uid },
  ],
  {
    end: 'done',
    requests: [
      'GET /api/v1/configmaps?limit=500',
      'PATCH /gone?fieldManager=me',
      'PATCH /b?fieldManager=me',
      'GET /api/v1/configmaps?limit=500',
      'PATCH /a?fieldManager=me',
      'DELETE /b',
    ],
  },
)

test('what is refused of one object ends it for the others, and the plan', async () => {
  const { client, server, log } = createScene()
  for (const name of ['a', 'b', 'c']) await client.create(ConfigMap, { metadata: { name } }, { namespace: 'x' })
  server.fail('Forbidden', 1, ({ method, path }) => method === 'PATCH' && path.includes('/a'))
  const hands = { client, fieldManager: 'me', recorder: { record: () => log.info('event') }, informerOf: () => undefined }
  const touch = ({ metadata: { name } }: ConfigMap): Single => ({ do: 'patch', ...common, name, body: { data: { k: 'v' } } })
  const execution = await execute(
    [
      { do: 'each', kind: ConfigMap, command: touch },
      { do: 'delete', ...common, name: 'a', uid: 'u' },
    ],
    hands,
  )
  assert.deepEqual(
    [execution.end, server.requests.slice(3)],
    ['failed', ['GET /api/v1/configmaps', 'PATCH /api/v1/namespaces/x/configmaps/a']],
  )
})

await check(
  'so is being unchanged',
  ({ a, b }) => [
    { do: 'confirmUnchanged', kind: ConfigMap, object: a },
    { do: 'confirmUnchanged', kind: ConfigMap, object: { ...b, metadata: { ...b.metadata, resourceVersion: '1' } } },
    { do: 'delete', ...common, name: 'b', uid: b.metadata.uid },
  ],
  { end: 'stale', requests: ['GET /a', 'GET /b'], shows: ['change'] },
)

await test('what follows from an answer is done at once, and its failure changes nothing else', async () => {
  const { client, server, log, lines } = createScene()
  const recorded: string[] = []
  const recorder = { record: ({ message }: { message: string }) => void recorded.push(message) }
  server.fail('Forbidden', 1, (request) => request.path.includes('forbidden'))
  const execution = await execute(
    [
      { do: 'create', ...common, object: { metadata: { generateName: 'c-' } } },
      { do: 'create', ...common, object: { metadata: { name: 'here' } } },
      { do: 'create', ...common, object: { metadata: { name: 'here' } }, ifExists: 'keep' },
      { do: 'confirmAbsent', ...common, name: 'gone', uid: 'u' },
      { do: 'act', ...common, name: 'here', subresource: 'forbidden', body: {} },
      { do: 'delete', ...common, name: 'here', uid: 'u' },
    ],
    { client, fieldManager: 'me', recorder, informerOf: () => undefined, log },
    {
      answered: (command, answer) => {
        const message = answer instanceof Error ? `${command.do} failed: ${answer.code}` : `${command.do} ${answer.metadata?.name}`
        const regarding = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} } as ConfigMap
        return [
          { do: 'event', regarding, type: 'Normal', reason: 'R', message },
          { do: 'patch', ...common, name: 'gone', body: {} },
        ]
      },
    },
  )
  assert.equal(execution.end, 'failed')
  assert.deepEqual(recorded, ['create c-00001', 'create here', 'act failed: Forbidden'])
  assert.equal(lines.filter((line) => line.level === 'warn').length, 3)
  assert.equal(server.objects('/api/v1/configmaps').length, 2)
})

await test('nothing more is made in a namespace that is being deleted, and nobody is warned', async () => {
  const { server, log, lines } = createScene()
  const requests: string[] = []
  const causes = [{ reason: 'NamespaceTerminating', message: 'namespace y is being terminated', field: 'metadata.namespace' }]
  const refusal = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403, details: { causes } }
  const client = createClient((request) => {
    requests.push(`${request.method} ${request.path.replace('/api/v1/namespaces/', '').replace(/\?.*/, '')}`)
    if (request.method !== 'POST' || !request.path.includes('/y/')) return server.transport(request)
    return Promise.resolve({
      status: 403,
      headers: { 'content-type': 'application/json' },
      body: (async function* () {
        yield Buffer.from(JSON.stringify(refusal))
      })(),
    })
  })
  const create = (namespace: string, name: string): Command => ({
    do: 'create',
    kind: ConfigMap,
    namespace,
    object: { metadata: { name } },
  })
  const hands = { client, fieldManager: 'me', recorder: { record: () => {} }, informerOf: () => undefined, log }
  const execution = await execute([create('y', 'a'), create('y', 'b'), create('x', 'c')], hands)
  assert.equal(execution.end, 'done')
  assert.deepEqual(requests, ['POST y/configmaps', 'POST x/configmaps'])
  assert.deepEqual(
    lines.filter(({ level }) => level !== 'debug'),
    [],
  )
})

const makeAll = (names: readonly string[]): Command => ({
  do: 'together',
  commands: names.map((name) => ({ do: 'create', ...common, object: { metadata: { name } } })),
})

await check(
  'what stands together is done in doubling batches, then what follows it',
  () => [makeAll(['c', 'd', 'e', 'f', 'g']), { do: 'patch', ...common, name: 'g', body: { data: { k: 'v' } } }],
  { end: 'done', requests: [...Array.from({ length: 5 }, () => 'POST ?fieldManager=me'), 'PATCH /g?fieldManager=me'] },
)

await check(
  'after a failure no further batch begins, nor what follows',
  () => [makeAll(['c', 'a', 'e', 'f', 'g', 'h']), { do: 'patch', ...common, name: 'c', body: { data: { k: 'v' } } }],
  { end: 'stale', requests: Array.from({ length: 3 }, () => 'POST ?fieldManager=me'), shows: ['change'] },
)

/** `d` and `e` are refused. `tried`: which are asked to go, in order; `told`: of which the end hears, at once. */
async function refuses(
  title: string,
  plan: (deleted: (...names: string[]) => Single[]) => readonly Command[],
  wanted: { readonly tried: string; readonly told: string },
): Promise<void> {
  await test(title, async () => {
    const { client, server } = createScene()
    const tried: string[] = []
    const own = createClient((request) => {
      tried.push(request.path.slice(request.path.lastIndexOf('/') + 1))
      return server.transport(request)
    })
    const names = [...'abcdef']
    const made = await Promise.all(names.map((name) => client.create(ConfigMap, { metadata: { name } }, { namespace: 'x' })))
    const deleted = (...which: string[]) =>
      which.map((name): Single => ({ do: 'delete', ...common, name, uid: made[names.indexOf(name)]?.metadata.uid ?? 'u' }))
    server.fail('Forbidden', 9, (request) => /\/[de]$/.test(request.path))
    const told: string[] = []
    const hands = { client: own, fieldManager: 'me', recorder: { record: () => {} }, informerOf: () => undefined }
    const execution = await execute(plan(deleted), hands, {
      failed: (refusals) => {
        told.push(refusals.map(({ command }) => (command.do === 'delete' ? command.name : '')).join(''))
        return deleted('f')
      },
    })
    assert.deepEqual([tried.join(''), told.join()], [wanted.told === '' ? wanted.tried : `${wanted.tried}f`, wanted.told])
    assert.equal(execution.end === 'failed' && execution.command.do === 'delete' && execution.command.name, wanted.told.charAt(0) || false)
  })
}

await refuses('nothing refused, nothing told', (deleted) => deleted('a', 'b'), { tried: 'ab', told: '' })
await refuses('what is refused ends the plan, and is told', (deleted) => deleted('a', 'd', 'b'), { tried: 'ad', told: 'd' })
await refuses(
  'of what stands together what is under way is seen to its end, and all of it told at once',
  (deleted) => [{ do: 'together', commands: deleted('a', 'd', 'e', 'b') }, ...deleted('c')],
  { tried: 'ade', told: 'de' },
)
await refuses(
  'where all are to be tried, that is all',
  (deleted) => [{ do: 'together', ifFails: 'tryAll', commands: deleted('d', 'a', 'e', 'b') }, ...deleted('c')],
  { tried: 'daeb', told: 'de' },
)
await refuses(
  'what may be refused one by one keeps nothing else from being done, and is told at the end',
  (deleted) => [{ do: 'together', ifFails: 'goOn', commands: deleted('d', 'a') }, ...deleted('b', 'e', 'c')],
  { tried: 'dabe', told: 'de' },
)
await refuses(
  'what was passed over ends nothing later',
  (deleted) => [
    { do: 'together', ifFails: 'goOn', commands: deleted('d') },
    { do: 'together', ifFails: 'tryAll', commands: deleted('a', 'b') },
    ...deleted('c'),
  ],
  { tried: 'dabc', told: 'd' },
)
await refuses('an old view is no refusal', (deleted) => deleted('gone', 'd'), { tried: 'gone', told: '' })

await check(
  'but nothing more is decided by an old view',
  ({ a }) => [
    { do: 'together', ifFails: 'goOn', commands: [{ do: 'delete', ...common, name: 'gone', uid: 'u' }] },
    { do: 'delete', ...common, name: 'a', uid: a.metadata.uid },
  ],
  { end: 'stale', requests: ['DELETE /gone'], shows: ['change'] },
)

test('batches of what stands together run side by side, and no more than so many', async () => {
  const { client } = createScene()
  let atOnce = 0
  const most: number[] = []
  const counting: typeof client = {
    ...client,
    async create(kind: never, object: never, options: never) {
      atOnce += 1
      most.push(atOnce)
      try {
        return await client.create(kind, object, options)
      } finally {
        atOnce -= 1
      }
    },
  }
  const hands = { client: counting, fieldManager: 'me', recorder: { record: () => {} }, informerOf: () => undefined }
  const execution = await execute([makeAll(Array.from({ length: 300 }, (_, index) => `c-${index}`))], hands)
  assert.equal(execution.end, 'done')
  assert.deepEqual([most.slice(0, 7), Math.max(...most), execution.expectations.length], [[1, 1, 2, 1, 2, 3, 4], 64, 0])
})
