import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Client } from './client.ts'
import { createClient } from './http.ts'
import { createInformer, type Informer, type InformerOptions } from './informer.ts'
import { createStubServer, type StubServer } from './testing/stub-server.ts'

interface Scene {
  readonly server: StubServer
  readonly client: Client
  readonly clock: ReturnType<typeof createVirtualClock>
  readonly informer: Informer<ConfigMap>
  /** What the handlers heard: `added a`, `modified a`, `deleted a`. */
  readonly heard: string[]
  readonly names: () => string[]
}

/** Runs a story on an informer of ConfigMaps; the same with and without initial events through the watch. */
function check(title: string, story: (scene: Scene) => Promise<void>, options: Partial<InformerOptions<ConfigMap>> = {}): void {
  for (const streaming of [true, false]) {
    test(`${title} (${streaming ? 'streaming' : 'listing'})`, async () => {
      const server = createStubServer()
      server.streaming = streaming
      const client = createClient(server.transport)
      const clock = createVirtualClock(0)
      await client.create(ConfigMap, { metadata: { name: 'before' } }, { namespace: 'x' })
      const informer = createInformer(client, ConfigMap, { clock, random: seededRandom(1), log: silentLog, ...options })
      const heard: string[] = []
      informer.onChange((object, previous, change) => {
        heard.push(`${change} ${object.metadata.name}`)
        assert.equal(previous === undefined, change === 'added')
      })
      const names = () => informer.list().map((object) => object.metadata.name)
      await informer.synced()
      await story({ server, client, clock, informer, heard, names })
      await informer.close()
      assert.equal(clock.pending, 0, 'nothing is left scheduled')
    })
  }
}

const make = (client: Client, name: string, namespace = 'x') => client.create(ConfigMap, { metadata: { name } }, { namespace })

check('it follows what happens', async ({ client, clock, informer, heard, names }) => {
  assert.deepEqual(heard, ['added before'])
  await make(client, 'a')
  await client.patch(ConfigMap, 'a', { type: 'merge', body: { data: { k: 'v' } } }, { namespace: 'x' })
  await client.delete(ConfigMap, 'before', { namespace: 'x' })
  await clock.advance(0)
  assert.deepEqual(heard, ['added before', 'added a', 'modified a', 'deleted before'])
  assert.deepEqual(names(), ['a'])
  assert.equal(informer.get('a', 'x')?.data?.['k'], 'v')
  assert.equal(informer.get('a', 'y'), undefined)
  assert.ok(Object.isFrozen(informer.get('a', 'x')!.metadata))
})

check('a broken watch is resumed where it was, without a new list', async ({ server, client, clock, heard }) => {
  const lists = () => server.requests.length
  server.cut()
  await make(client, 'missed')
  const before = lists()
  await clock.advance(1_000)
  assert.deepEqual(heard, ['added before', 'added missed'])
  assert.equal(lists(), before + 1)
})

check('an expired watch lists again, and tells what vanished meanwhile', async ({ server, client, clock, heard, names }) => {
  await make(client, 'gone')
  await make(client, 'changed')
  await make(client, 'replaced')
  await clock.advance(0)
  server.cut()
  await client.delete(ConfigMap, 'gone', { namespace: 'x' })
  await client.patch(ConfigMap, 'changed', { type: 'merge', body: { data: { k: 'v' } } }, { namespace: 'x' })
  await client.delete(ConfigMap, 'replaced', { namespace: 'x' })
  await make(client, 'replaced')
  await make(client, 'new')
  server.expire()
  heard.length = 0
  await clock.advance(5_000)
  assert.deepEqual(heard.toSorted(), ['added new', 'added replaced', 'deleted gone', 'deleted replaced', 'modified changed'])
  assert.ok(heard.indexOf('deleted replaced') < heard.indexOf('added replaced'))
  assert.deepEqual(names().toSorted(), ['before', 'changed', 'new', 'replaced'])
})

check('late and repeated events change nothing', async ({ server, client, clock, informer, heard }) => {
  const old = await make(client, 'a')
  const present = await client.patch(ConfigMap, 'a', { type: 'merge', body: { data: { k: '2' } } }, { namespace: 'x' })
  await clock.advance(0)
  heard.length = 0
  const version = informer.resourceVersion
  server.inject('/api/v1/configmaps', 'MODIFIED', old)
  server.inject('/api/v1/configmaps', 'MODIFIED', present)
  server.inject('/api/v1/configmaps', 'DELETED', old)
  await clock.advance(0)
  assert.deepEqual(heard, [])
  assert.equal(informer.get('a', 'x')?.data?.['k'], '2')
  assert.equal(informer.resourceVersion, version)
})

check('a server that is away is asked again ever more rarely, and its return is enough', async ({ server, client, clock, heard }) => {
  server.fail('ServiceUnavailable', 20, (request) => request.path.includes('watch=true'))
  server.cut()
  await make(client, 'a')
  const before = server.requests.length
  await clock.advance(60_000)
  const tries = server.requests.length - before
  assert.ok(tries > 4 && tries < 15, `${tries} tries in a minute`)
  assert.deepEqual(heard, ['added before'])
  await clock.advance(600_000)
  assert.deepEqual(heard, ['added before', 'added a'])
})

check('catching up waits for exactly that, and not for ever', async ({ server, client, clock, informer }) => {
  server.hold()
  const { metadata } = await make(client, 'a')
  let shown: boolean | undefined
  const waiting = informer.caughtUpTo(metadata.resourceVersion).then((met) => (shown = met))
  await clock.advance(10_000)
  assert.equal(shown, undefined)
  server.release()
  await clock.advance(0)
  assert.equal(shown, true)
  assert.ok(informer.get('a', 'x'))
  await waiting
  // A bookmark tells that nothing else came before it.
  const later = informer.caughtUpTo(String(Number(metadata.resourceVersion) + 1))
  await client.create(Pod, { metadata: { name: 'p' }, spec: { containers: [] } }, { namespace: 'x' })
  server.bookmark()
  await clock.advance(0)
  assert.equal(await later, true)
  const never = informer.caughtUpTo('999999', 5_000)
  await clock.advance(5_001)
  assert.equal(await never, false)
})

check(
  'objects are found by namespace, index and owner',
  async ({ client, clock, informer }) => {
    const owner = { apiVersion: 'v1', kind: 'X', name: 'o', uid: 'o1' }
    await client.create(
      ConfigMap,
      {
        metadata: {
          name: 'owned',
          ownerReferences: [
            { ...owner, controller: true },
            { ...owner, uid: 'o2' },
          ],
        },
        data: { color: 'red' },
      },
      { namespace: 'y' },
    )
    await client.create(ConfigMap, { metadata: { name: 'free' }, data: { color: 'red' } }, { namespace: 'y' })
    await clock.advance(0)
    const named = (objects: readonly ConfigMap[]) => objects.map((object) => object.metadata.name).toSorted()
    assert.deepEqual(named(informer.list('y')), ['free', 'owned'])
    assert.deepEqual(named(informer.list('nowhere')), [])
    assert.deepEqual(named(informer.indexed('color', 'red')), ['free', 'owned'])
    assert.deepEqual(named(informer.ownedBy('o1')), ['owned'])
    assert.deepEqual(named(informer.ownedBy('o2')), [])
    assert.deepEqual(named(informer.ownedBy('o2', 'any')), ['owned'])
    await client.patch(ConfigMap, 'free', { type: 'merge', body: { data: { color: 'blue' } } }, { namespace: 'y' })
    await client.delete(ConfigMap, 'owned', { namespace: 'y' })
    await clock.advance(0)
    assert.deepEqual(named(informer.indexed('color', 'red')), [])
    assert.deepEqual(named(informer.indexed('color', 'blue')), ['free'])
    assert.deepEqual(named(informer.ownedBy('o1')), [])
    assert.throws(() => informer.indexed('shape', 'round'), /no index named shape/)
  },
  { indexes: { color: (object) => (object.data?.['color'] === undefined ? [] : [object.data['color']]) } },
)

check('who listens later hears what is there, and who stops hears no more', async ({ client, clock, informer }) => {
  const heard: string[] = []
  const stop = informer.onChange((object, _previous, change) => heard.push(`${change} ${object.metadata.name}`))
  assert.deepEqual(heard, ['added before'])
  stop()
  await make(client, 'a')
  await clock.advance(0)
  assert.deepEqual(heard, ['added before'])
})

check(
  'it keeps of each object what it is told to keep',
  async ({ client, clock, informer, names }) => {
    await client.create(ConfigMap, { metadata: { name: 'big' }, data: { k: 'v' } }, { namespace: 'x' })
    await clock.advance(0)
    assert.deepEqual(names(), ['before', 'big'])
    assert.equal(informer.get('big', 'x')?.data, undefined)
    await client.delete(ConfigMap, 'big', { namespace: 'x' })
    await clock.advance(0)
    assert.deepEqual(names(), ['before'])
  },
  { transform: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }) as ConfigMap },
)

test('of each object no more is held than what is kept of it, also before the first list is whole', async () => {
  const first = Promise.withResolvers<void>()
  const kept: string[] = []
  const object = (name: string) => ({ metadata: { name, namespace: 'x', uid: name, resourceVersion: '1' } }) as ConfigMap
  const slow = {
    async *watch() {
      yield { type: 'ADDED', object: object('a') }
      yield { type: 'ADDED', object: object('b') }
      await first.promise
      yield { type: 'BOOKMARK', resourceVersion: '1', initialEventsEnd: true }
      await new Promise(() => {})
    },
  } as unknown as Client
  const informer = createInformer(slow, ConfigMap, {
    clock: createVirtualClock(0),
    random: seededRandom(1),
    log: silentLog,
    transform(one) {
      kept.push(one.metadata.name)
      return one
    },
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([kept, informer.isSynced], [['a', 'b'], false])
  first.resolve()
  await informer.synced()
  assert.deepEqual(kept, ['a', 'b'], 'once each')
})
