import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { Service } from '#api/core/v1/service.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { silentLog } from '#lib/log.ts'
import { startTestPlane } from '#main/test-plane.ts'
import type { RouterView, Translation } from '../router-part.ts'
import { atOnce } from '../turns.ts'
import { gatewayDefinitions } from './gateway-definitions.ts'
import { createGatewayPart } from './gateway-part.ts'
import { answerOf } from './testing.ts'
import { Gateway, GatewayClass, HTTPRoute } from './types.ts'

/** The part beside a real API server, whose schemas say whether the statuses that it writes are what they have to be. */

async function start(t: TestContext, { gatewayApi = true } = {}) {
  const plane = await startTestPlane({ gatewayApi })
  t.after(() => plane.stop())
  const client = createClient(
    createLocalTransport(plane.transportAs({ name: 'admin', groups: ['system:masters', 'system:authenticated'] })),
  )
  const part = createGatewayPart({ client, clock: systemClock, random: systemRandom, log: silentLog })
  t.after(() => part.close())
  const services = new Map<string, Service>()
  const view: RouterView = {
    service: (name, namespace) => services.get(`${namespace}/${name}`),
    slices: () => [],
    secret: () => undefined,
    addresses: ['192.0.2.1'],
    taken: new Map(),
    portProblem: () => undefined,
    refusals: new Map(),
    isServing: true,
  }
  /** Translates and writes after each change until `isSo`. What it writes has to be taken. */
  const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + 10_000
    for (;;) {
      const next = Promise.withResolvers<void>()
      const forget = part.onChange(next.resolve)
      await write(client, atOnce(part.translate(view)).commands)
      const isDone = await isSo()
      const timer = setTimeout(() => next.reject(new Error('it did not come to that')), deadline - Date.now())
      if (!isDone) await next.promise
      clearTimeout(timer)
      forget()
      if (isDone) return
    }
  }
  return { client, part, services, view, until }
}

async function write(client: Client, commands: Translation['commands']): Promise<void> {
  for (const command of commands) {
    assert.ok(command.do === 'patch')
    const { kind, name, namespace, subresource, resourceVersion, body } = command
    const patch = { type: 'merge', body: { ...body, metadata: { resourceVersion } } } as const
    try {
      await client.patch(kind, name, patch, {
        ...(namespace !== undefined && { namespace }),
        ...(subresource !== undefined && { subresource }),
      })
    } catch (error) {
      // The view was old: the next change shows it.
      if ((error as { code?: string }).code !== 'Conflict') throw error
    }
  }
}

const conditions = (object: { status?: { conditions?: readonly { type: string; status: string; reason: string }[] } }) =>
  object.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)

const gateway = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { gatewayClassName: 'wherry', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
}
const route = {
  metadata: { name: 'r', namespace: 'default' },
  spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'v1', port: 80 }] }] },
}
const inDefault = { namespace: 'default' }

test('the class is accepted before there is any Gateway; then a Gateway and a route are served and told so', async (t) => {
  const { client, part, services, view, until } = await start(t)
  await part.synced()
  await until(async () => conditions(await client.get(GatewayClass, 'wherry').catch(() => ({})))?.[0] === 'Accepted True Accepted')
  const own = await client.get(GatewayClass, 'wherry')
  assert.deepEqual(conditions(own), ['Accepted True Accepted', 'SupportedVersion True SupportedVersion'])
  assert.ok(own.status?.supportedFeatures?.some(({ name }) => name === 'HTTPRoute'))
  assert.equal(part.isNeeded, false)

  await client.create(Gateway, gateway as never, inDefault)
  await client.create(HTTPRoute, route as never, inDefault)
  await until(() => part.isNeeded)
  await until(async () => (await client.get(Gateway, 'web', 'default')).status?.listeners?.[0]?.attachedRoutes === 1)
  const web = await client.get(Gateway, 'web', 'default')
  assert.deepEqual(conditions(web), ['Accepted True Accepted', 'Programmed True Programmed'])
  assert.deepEqual(web.status?.addresses, [{ type: 'IPAddress', value: '192.0.2.1' }])
  const parent = async () => (await client.get(HTTPRoute, 'r', 'default')).status?.parents?.[0]
  await until(async () => (await parent()) !== undefined)
  assert.deepEqual(conditions({ status: (await parent())! }), ['Accepted True Accepted', 'ResolvedRefs False BackendNotFound'])
  assert.equal(answerOf(atOnce(part.translate(view)).model, {}), '500')

  services.set('default/v1', await client.create(Service, { metadata: { name: 'v1' }, spec: { ports: [{ port: 80 }] } }, inDefault))
  assert.equal(answerOf(atOnce(part.translate(view)).model, {}), 'default/v1:80')
  await write(client, atOnce(part.translate(view)).commands)
  assert.deepEqual(conditions({ status: (await parent())! }), ['Accepted True Accepted', 'ResolvedRefs True ResolvedRefs'])

  await client.delete(Gateway, 'web', inDefault)
  await until(async () => !part.isNeeded && ((await client.get(HTTPRoute, 'r', 'default')).status?.parents ?? []).length === 0)
  assert.deepEqual(atOnce(part.translate(view)).model.listeners, [])
})

test('without definitions there is nothing to do; when somebody brings them, there is', async (t) => {
  const { client, part, view, until } = await start(t, { gatewayApi: false })
  await part.synced()
  assert.equal(part.isNeeded, false)
  assert.deepEqual(atOnce(part.translate(view)), { model: { listeners: [], backends: [], certificates: [] }, commands: [] })
  for (const definition of await gatewayDefinitions()) await client.create(CustomResourceDefinition, definition)
  await until(async () => {
    const made = await client
      .create(GatewayClass, { metadata: { name: 'wherry' }, spec: { controllerName: 'wherry.dev/router' } })
      .catch(() => undefined)
    return made !== undefined
  })
  await client.create(Gateway, gateway as never, inDefault)
  await until(() => part.isNeeded)
  assert.deepEqual(
    atOnce(part.translate(view)).model.listeners.map(({ name }) => name),
    ['gateway/default/web/http'],
  )
})
