import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Service } from '#api/core/v1/service.ts'
import { createClient } from '#client/http.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import type { Command } from '#loop/controller.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { emptyModel, type RouterModel } from './model/router-model.ts'
import { startRouter } from './router.ts'
import type { RouterPart, RouterView } from './router-part.ts'
import { listener } from './testing/models.ts'

test('with nothing to serve nothing shared is watched; with something it is, and no longer than that', async (t) => {
  const { parts, server, proxy, until } = await world(t)
  assert.deepEqual(server.requests.filter(isWatch), [])
  parts[0]!.set({ ports: [80] })
  await until(() => portsOf(proxy.wanted) === '80')
  assert.equal(new Set(server.requests.filter(isWatch)).size, 3, 'Services, EndpointSlices, Secrets')
  parts[0]!.set(undefined)
  await until(() => proxy.wanted === emptyModel)
})

test('what comes while the last watches end is looked at with new ones', async (t) => {
  const { parts, server, proxy, until } = await world(t)
  await createClient(server.transport).create(Service, { metadata: { name: 'web', namespace: 'default' }, spec: { ports: [{ port: 80 }] } })
  parts[0]!.set({ ports: [80] })
  await until(() => portsOf(proxy.wanted) === '80')
  parts[0]!.set(undefined)
  // The first turn finds nothing to serve, and ends the watches.
  await Promise.resolve()
  await Promise.resolve()
  parts[0]!.set({ ports: [81] })
  await until(() => portsOf(proxy.wanted) === '81')
  assert.ok(parts[0]!.views.length >= 2)
  assert.deepEqual(
    parts[0]!.views.map((view) => view.service('web', 'default')?.metadata.name),
    parts[0]!.views.map(() => 'web'),
  )
})

test('a port that leads to a balanced Service at an address of the router is nobody’s to be reached by', async (t) => {
  const { parts, server, until } = await world(t)
  const client = createClient(server.transport)
  parts[0]!.set({ ports: [80] })
  const problem = (port: number, addresses?: readonly string[]) => parts[0]!.views.at(-1)?.portProblem(port, addresses)
  await until(() => parts[0]!.views.length > 0)
  assert.equal(problem(80), undefined)
  const spec = { type: 'LoadBalancer' as const, ports: [{ port: 80 }, { port: 443, protocol: 'UDP' as const }] }
  const ingress = [{ ip: '192.0.2.1', ipMode: 'VIP' }, { ip: '192.0.2.9' }]
  const place = { namespace: 'default' }
  await client.create(Service, { metadata: { name: 'web', ...place }, spec, status: { loadBalancer: { ingress } } }, place)
  await until(() => problem(80) === 'port 80 of 192.0.2.1 leads to Service default/web of type LoadBalancer')
  assert.deepEqual([problem(443), problem(80, ['192.0.2.2'])], [undefined, undefined])
  await client.delete(Service, 'web', place)
  await until(() => problem(80) === undefined)
})

test('parts are served together, and one that stumbles keeps what it had', async (t) => {
  const { parts, proxy, until } = await world(t)
  parts[0]!.set({ ports: [80] })
  parts[1]!.set({ ports: [81] })
  await until(() => portsOf(proxy.wanted) === '80 81')
  parts[0]!.set({ ports: [90], throws: true })
  parts[1]!.set({ ports: [82] })
  await until(() => portsOf(proxy.wanted) === '80 82')
  parts[0]!.set({ ports: [90] })
  await until(() => portsOf(proxy.wanted) === '82 90')
})

test('an event is told when it comes up, and not at every look', async (t) => {
  const { parts, told, until, looks } = await world(t)
  const commands = [{ do: 'event', type: 'Warning', reason: 'Missing', message: 'no such Service', regarding: object }] as const
  parts[0]!.set({ ports: [80], commands })
  await until(() => told.length === 1)
  const before = looks()
  parts[0]!.set({ ports: [81], commands })
  await until(() => looks() > before)
  assert.deepEqual(told, ['Missing'])
  parts[0]!.set({ ports: [81] })
  parts[0]!.set({ ports: [81], commands: [] })
  await until(() => looks() > before + 1)
  parts[0]!.set({ ports: [81], commands })
  await until(() => told.length === 2)
})

test('a status that cannot be written is tried again, after a pause', async (t) => {
  const { parts, server, clock, until } = await world(t)
  const commands: readonly Command[] = [{ do: 'create', kind: ConfigMap, object: { metadata: { name: 'said', namespace: 'default' } } }]
  server.fail('InternalError', 1, ({ method }) => method === 'POST')
  const writes = () => server.requests.filter((request) => request.startsWith('POST')).length
  parts[0]!.set({ ports: [80], commands })
  await until(() => writes() === 1)
  await turns()
  assert.equal(writes(), 1, 'not at once')
  await clock.advance(2_000)
  await until(() => writes() === 2)
})

const object = { metadata: { name: 'x', namespace: 'default', uid: 'u' } } as never
const isWatch = (request: string): boolean => /services|endpointslices|secrets/.test(request)
const portsOf = ({ listeners }: RouterModel): string =>
  listeners
    .map(({ port }) => port)
    .toSorted((a, b) => a - b)
    .join(' ')

async function turns(count = 100): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

interface Said {
  readonly ports: readonly number[]
  readonly commands?: readonly Command[]
  readonly throws?: boolean
}

function testPart(name: string) {
  let said: Said | undefined
  let looks = 0
  const listeners = new Set<() => void>()
  const part: RouterPart & { set(next: Said | undefined): void; readonly looks: number; readonly views: RouterView[] } = {
    name,
    synced: async () => {},
    get isNeeded() {
      return said !== undefined
    },
    get looks() {
      return looks
    },
    onChange(tell) {
      listeners.add(tell)
      return () => listeners.delete(tell)
    },
    views: [],
    *translate(view: RouterView) {
      looks += 1
      if (said !== undefined) part.views.push(view)
      if (said?.throws) throw new Error('an object that nobody thought of')
      const model = { ...emptyModel, listeners: (said?.ports ?? []).map((port) => listener({ name: `${name}-${port}`, port })) }
      return { model, commands: said?.commands ?? [] }
    },
    set(next) {
      said = next
      for (const tell of listeners) tell()
    },
    close: async () => {},
  }
  return part
}

async function world(t: { after(end: () => Promise<void>): void }) {
  const clock = createVirtualClock(0)
  const server = createStubServer()
  const parts = [testPart('a'), testPart('b')]
  const proxy = { wanted: emptyModel as RouterModel }
  const told: string[] = []
  const router = startRouter({
    parts,
    proxy: {
      want: (model) => void (proxy.wanted = model),
      portProblem: () => undefined,
      isServing: true,
      refusals: new Map(),
      settled: async () => {},
      onChange: () => () => {},
      counters: { reloads: 0, commands: 0, starts: 0 },
      idle: async () => {},
      close: async () => {},
    },
    client: createClient(server.transport),
    recorder: { record: ({ reason }) => void told.push(reason) },
    clock,
    random: seededRandom(1),
    log: silentLog,
    addresses: ['192.0.2.1'],
  })
  t.after(() => router.stop())
  await turns()
  return {
    clock,
    server,
    parts,
    proxy,
    told,
    looks: () => parts[0]!.looks,
    async until(condition: () => boolean): Promise<void> {
      // What is gathered waits for the clock as well.
      for (let round = 0; round < 50 && !condition(); round += 1) {
        await turns(20)
        await clock.advance(20)
      }
      assert.ok(condition(), 'it did not come true')
    },
  }
}
