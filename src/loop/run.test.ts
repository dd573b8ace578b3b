import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { createClient } from '#client/http.ts'
import { causeHeader } from '#lib/cause.ts'
import type { HttpRequest } from '#lib/http.ts'
import type { Of } from '#schema/schema.ts'
import { type Command, type Controller, settled } from './controller.ts'
import { type AnyController, runControllers } from './run.ts'
import { createScene, type Scene } from './testing.ts'

/** Wants as many Secrets of a ConfigMap's name as its data says: enough to make every mistake with. */
interface View {
  readonly wanted: number
  readonly secrets: readonly Of<typeof Secret>[]
  readonly name: string
  readonly namespace: string
  readonly uid: string
}

const copier: Controller<View> = {
  name: 'copier',
  sources: [
    { kind: ConfigMap },
    {
      kind: Secret,
      keys: (secret: Of<typeof Secret>) =>
        secret.metadata.ownerReferences?.map((owner) => `${secret.metadata.namespace}/${owner.name}`) ?? [],
    },
  ],
  view(key, cache) {
    const [namespace = '', name = ''] = key.split('/')
    const map = cache.get(ConfigMap, name, namespace)
    if (map === undefined) return undefined
    const { uid } = map.metadata
    return { wanted: Number(map.data?.['wanted'] ?? 0), secrets: cache.ownedBy(Secret, map.metadata), name, namespace, uid }
  },
  plan({ wanted, secrets, name, namespace, uid }) {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true }
    const commands: Command[] = []
    for (let i = secrets.length; i < wanted; i += 1)
      commands.push({ do: 'create', kind: Secret, namespace, object: { metadata: { generateName: `${name}-`, ownerReferences: [owner] } } })
    for (const secret of secrets.slice(wanted))
      commands.push({ do: 'delete', kind: Secret, namespace, name: secret.metadata.name, uid: secret.metadata.uid })
    return commands.length === 0 ? settled : { commands, wakeAt: Infinity }
  },
}

const secrets = (scene: Scene) => scene.server.objects('/api/v1/secrets')

async function start(scene: Scene, controllers: readonly AnyController[] = [copier], wanted = 3) {
  const { client, clock, random, log } = scene
  await client.create(ConfigMap, { metadata: { name: 'm' }, data: { wanted: String(wanted) } }, { namespace: 'x' })
  const running = runControllers({ controllers, client, clock, random, log })
  await running.synced()
  await clock.advance(0)
  return running
}

const want = ({ client }: Scene, wanted: number) =>
  client.patch(ConfigMap, 'm', { type: 'merge', body: { data: { wanted: String(wanted) } } }, { namespace: 'x' })

test('the world becomes what is wanted, and a settled one is left alone', async () => {
  const scene = createScene()
  const running = await start(scene)
  assert.equal(secrets(scene).length, 3)
  await want(scene, 1)
  await scene.clock.advance(0)
  assert.equal(secrets(scene).length, 1)
  await scene.client.delete(Secret, secrets(scene)[0]!.metadata.name, { namespace: 'x' })
  await scene.clock.advance(0)
  assert.equal(secrets(scene).length, 1)
  const { revision } = scene.server
  const requests = scene.server.requests.length
  await scene.clock.advance(3_600_000)
  assert.deepEqual([scene.server.revision, scene.server.requests.length], [revision, requests], 'an idle hour costs nothing')
  assert.ok(running.isIdle)
  await running.stop()
  assert.equal(scene.clock.pending, 0)
})

test('who names an owner of another namespace is not its own', async () => {
  const scene = createScene()
  const running = await start(scene, [copier], 1)
  const { uid } = (await scene.client.get(ConfigMap, 'm', 'x')).metadata
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'm', uid, controller: true }]
  await scene.client.create(Secret, { metadata: { name: 'stranger', ownerReferences } }, { namespace: 'elsewhere' })
  await want(scene, 2)
  await scene.clock.advance(0)
  assert.equal(secrets(scene).filter(({ metadata }) => metadata.namespace === 'x').length, 2)
  await running.stop()
})

test('never decides on a cache that does not show its own last write', async () => {
  const scene = createScene()
  const running = await start(scene, [copier], 0)
  scene.server.hold()
  await want(scene, 3)
  scene.server.release()
  await scene.clock.advance(0)
  assert.equal(secrets(scene).length, 3)

  // The watch is late now, and everything asks for another look.
  scene.server.hold()
  await scene.client.patch(ConfigMap, 'm', { type: 'merge', body: { data: { wanted: '5' } } }, { namespace: 'x' })
  scene.server.inject('/api/v1/configmaps', 'MODIFIED', scene.server.objects('/api/v1/configmaps')[0]!)
  await scene.clock.advance(0)
  assert.equal(secrets(scene).length, 5)
  for (let i = 0; i < 20; i += 1) {
    const map = await scene.client.patch(ConfigMap, 'm', { type: 'merge', body: { data: { touched: String(i) } } }, { namespace: 'x' })
    scene.server.inject('/api/v1/configmaps', 'MODIFIED', map)
    await scene.clock.advance(10_000)
    assert.equal(secrets(scene).length, 5, `look ${i}: it repeated its own writes`)
  }
  assert.ok(running.counters()[0]!.lateCaches > 0)
  assert.ok(scene.lines.some((line) => line.level === 'warn' && line['key'] === 'x/m' && line.message.includes('own last write')))
  scene.server.release()
  await scene.clock.advance(120_000)
  assert.equal(secrets(scene).length, 5)
  await running.stop()
})

test('its own delete has to show, too', async () => {
  const scene = createScene()
  const running = await start(scene)
  const deletes = () => scene.server.requests.filter((request) => request.startsWith('DELETE')).length
  scene.server.hold()
  const map = await want(scene, 1)
  scene.server.inject('/api/v1/configmaps', 'MODIFIED', map)
  await scene.clock.advance(0)
  assert.equal(deletes(), 2)
  scene.server.inject('/api/v1/configmaps', 'MODIFIED', await want(scene, 0))
  await scene.clock.advance(20_000)
  assert.equal(deletes(), 2, 'it deleted again what it had deleted')
  scene.server.release()
  await scene.clock.advance(120_000)
  assert.equal(secrets(scene).length, 0)
  assert.equal(deletes(), 3)
  await running.stop()
})

test('what was made and undone unseen, between two lists, is made again', async () => {
  const scene = createScene()
  const running = await start(scene, [copier], 0)
  scene.server.hold()
  scene.server.inject('/api/v1/configmaps', 'MODIFIED', await want(scene, 1))
  await scene.clock.advance(0)
  assert.equal(secrets(scene).length, 1)
  await scene.client.delete(Secret, secrets(scene)[0]!.metadata.name, { namespace: 'x' })
  scene.server.expire()
  scene.server.cut()
  scene.server.release()
  await scene.clock.advance(60_000)
  assert.equal(secrets(scene).length, 1)
  await running.stop()
})

test('nothing is decided before every cache is filled', async () => {
  const scene = createScene()
  const { client, clock, random, log, server } = scene
  await client.create(ConfigMap, { metadata: { name: 'm' }, data: { wanted: '3' } }, { namespace: 'x' })
  server.fail('ServiceUnavailable', 3, (request) => request.path.startsWith('/api/v1/secrets'))
  const running = runControllers({ controllers: [copier], client, clock, random, log })
  await clock.advance(0)
  assert.equal(secrets(scene).length, 0)
  await clock.advance(30_000)
  await running.synced()
  assert.equal(secrets(scene).length, 3)
  await running.stop()
})

test('a failing command is tried again after a back-off, with a line in the log that names it', async () => {
  const scene = createScene()
  scene.server.fail('Forbidden', 4, (request) => request.method === 'POST' && request.path.includes('/secrets'))
  const running = await start(scene)
  assert.equal(secrets(scene).length, 0)
  await scene.clock.advance(1_000)
  assert.equal(secrets(scene).length, 3)
  const lines = scene.lines.filter((line) => line.message === 'a command failed')
  assert.equal(lines.length, 4)
  assert.deepEqual(
    [lines[0]!['controller'], lines[0]!['key'], lines[0]!['command'], lines[0]!['kind']],
    ['copier', 'x/m', 'create', 'Secret'],
  )
  assert.equal(running.counters()[0]!.failures, 4)
  await running.stop()
})

test('a conflict means a fresh look at once, and no line of warning', async () => {
  const scene = createScene()
  const bumper: Controller<Of<typeof ConfigMap>> = {
    name: 'bumper',
    sources: [{ kind: ConfigMap }],
    view: (key, cache) => cache.get(ConfigMap, key.split('/')[1]!, key.split('/')[0]),
    plan: (map) =>
      map.data?.['seen'] === map.data?.['wanted']
        ? settled
        : {
            commands: [{ do: 'update', kind: ConfigMap, object: { ...map, data: { ...map.data, seen: map.data?.['wanted'] ?? '' } } }],
            wakeAt: Infinity,
          },
  }
  const running = await start(scene, [bumper], 1)
  scene.server.hold()
  const first = await want(scene, 2)
  // A second change, which the cache will not show for a while.
  await want(scene, 3)
  scene.server.inject('/api/v1/configmaps', 'MODIFIED', first)
  await scene.clock.advance(500)
  assert.equal(scene.server.objects('/api/v1/configmaps')[0]!.metadata.resourceVersion, String(scene.server.revision))
  const puts = scene.server.requests.filter((request) => request.startsWith('PUT')).length
  scene.server.release()
  await scene.clock.advance(0)
  const map = scene.server.objects('/api/v1/configmaps')[0] as Of<typeof ConfigMap>
  assert.deepEqual([map.data?.['seen'], map.data?.['wanted']], ['3', '3'])
  // One met the conflict, and waited for the cache to change instead of asking in vain.
  assert.equal(scene.server.requests.filter((request) => request.startsWith('PUT')).length, puts + 1)
  assert.ok(running.counters()[0]!.stale >= 1)
  assert.deepEqual(
    scene.lines.filter((line) => line.level === 'warn' || line.level === 'error'),
    [],
  )
  await running.stop()
})

test('stopping ends the command in flight and begins no other', async () => {
  const scene = createScene()
  const { client, clock, random, log, server } = scene
  let arrived = () => {}
  let answer = () => {}
  const underWay = new Promise<void>((resolve) => (arrived = resolve))
  const answered = new Promise<void>((resolve) => (answer = resolve))
  await client.create(ConfigMap, { metadata: { name: 'm' }, data: { wanted: '3' } }, { namespace: 'x' })
  const slow: typeof client = {
    ...client,
    async create(kind, object, options) {
      arrived()
      await answered
      return client.create(kind, object, options)
    },
    because: () => slow,
  }
  const running = runControllers({ controllers: [copier], client, clientFor: () => slow, clock, random, log })
  await underWay
  let stopped = false
  const stopping = running.stop().then(() => (stopped = true))
  await clock.advance(0)
  assert.equal(stopped, false)
  answer()
  await stopping
  assert.equal(server.objects('/api/v1/secrets').length, 1)
  assert.equal(clock.pending, 0)
})

for (const [eventSource, component] of [
  [undefined, 'teller'],
  ['told-by', 'told-by'],
] as const)
  test(`each controller writes as itself, and its events are recorded as those of ${component}`, async () => {
    const scene = createScene()
    const paths: string[] = []
    const teller: Controller<Of<typeof ConfigMap>> = {
      name: 'teller',
      ...(eventSource && { eventSource }),
      sources: [{ kind: ConfigMap }],
      view: (key, cache) => cache.get(ConfigMap, key.split('/')[1]!, key.split('/')[0]),
      plan: (map) =>
        map.data?.['told'] === 'yes'
          ? settled
          : {
              commands: [
                { do: 'event', regarding: map, type: 'Normal', reason: 'Seen', message: 'it was seen' },
                { do: 'patch', kind: ConfigMap, name: 'm', namespace: 'x', body: { data: { told: 'yes' } }, uid: map.metadata.uid },
              ],
              wakeAt: Infinity,
            },
    }
    const transport = scene.server.transport
    const { createClient } = await import('#client/http.ts')
    const client = createClient((request) => {
      if (request.method !== 'GET') paths.push(`${request.method} ${request.path}`)
      return transport(request)
    })
    const running = await start({ ...scene, client }, [teller])
    await scene.clock.advance(0)
    assert.ok(paths.includes('PATCH /api/v1/namespaces/x/configmaps/m?fieldManager=teller'), paths.join('\n'))
    const [event] = scene.server.objects('/api/v1/events') as unknown as [Record<string, unknown>]
    assert.deepEqual([event['reason'], event['reportingComponent'], event['count']], ['Seen', component, 1])
    assert.deepEqual(event['source'], { component })
    await running.stop()
  })

test('of an object that went, whom it concerned last and in the end are told, with the object as its own former self', async () => {
  const scene = createScene()
  const { client } = scene
  const told: string[] = []
  const watcher: Controller<View> = {
    name: 'watcher',
    sources: [
      {
        kind: Secret,
        keys: (secret: Of<typeof Secret>, _cache: unknown, previous: Of<typeof Secret> | undefined) => {
          told.push(`${secret.metadata.labels?.['for']} ${previous === secret}`)
          return []
        },
      },
    ],
    view: () => undefined,
    plan: () => settled,
  }
  await client.create(Secret, { metadata: { name: 's', labels: { for: 'a' } } }, { namespace: 'x' })
  const running = await start(scene, [watcher])
  await client.delete(Secret, 's', { namespace: 'x' })
  await scene.clock.advance(0)
  assert.deepEqual(told, ['a false', 'a true', 'a true'])
  await running.stop()
})

test('a view of a kind that nobody holds says so', async () => {
  const scene = createScene()
  const blind: Controller<unknown> = {
    name: 'blind',
    sources: [{ kind: ConfigMap }],
    view: (_key, cache) => cache.list(Secret),
    plan: () => settled,
  }
  const running = await start(scene, [blind])
  assert.ok(scene.lines.some((line) => line.level === 'error' && /Secret is neither a source/.test(JSON.stringify(line))))
  await running.stop()
})

/** A scene that overhears what is sent. */
function overheard() {
  const scene = createScene()
  const sent: HttpRequest[] = []
  const client = createClient(async (request) => {
    sent.push(request)
    return scene.server.transport(request)
  })
  const causesOf = (method: string, resource: string) =>
    sent.filter((request) => request.method === method && request.path.includes(resource)).map(({ headers }) => headers[causeHeader])
  const wish = () => `/configmaps/x/m@${scene.server.objects('/api/v1/configmaps')[0]!.metadata.resourceVersion}`
  return { scene: { ...scene, client }, causesOf, wish }
}

test('every write says what led to it: the latest wish, else the latest change', async () => {
  const { scene, causesOf, wish } = overheard()
  const running = await start(scene, [copier], 1)
  assert.deepEqual(causesOf('POST', 'secrets'), [wish()])
  // The one that makes what is missing is the deletion.
  const [gone] = secrets(scene)
  await scene.client.delete(Secret, gone!.metadata.name, { namespace: 'x' })
  await scene.clock.advance(0)
  assert.match(causesOf('POST', 'secrets')[1] ?? '', new RegExp(`^/secrets/x/${gone!.metadata.name}@\\d+$`))
  await want(scene, 0)
  await scene.clock.advance(0)
  assert.equal(causesOf('DELETE', 'secrets').at(-1), wish())
  await running.stop()
})

test('what failed is tried again because of the same', async () => {
  const { scene, causesOf, wish } = overheard()
  const running = await start(scene, [copier], 0)
  scene.server.fail('InternalError', 1, ({ method }) => method === 'POST')
  await want(scene, 1)
  await scene.clock.advance(60_000)
  assert.deepEqual(causesOf('POST', 'secrets'), [wish(), wish()])
  await running.stop()
})
