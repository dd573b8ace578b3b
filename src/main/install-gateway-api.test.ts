import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { silentLog } from '#lib/log.ts'
import { definitionNames, gatewayDefinitions } from '#router/gateway/gateway-definitions.ts'
import { GatewayClass } from '#router/gateway/types.ts'
import { createMemoryStore } from '#store/memory.ts'
import type { Store } from '#store/store.ts'
import { startTestPlane } from './test-plane.ts'

/** The server makes what is missing, and leaves alone what somebody else made. */

async function start(t: TestContext, gatewayApi: boolean, store: Store = createMemoryStore()): Promise<Client> {
  const plane = await startTestPlane({ gatewayApi, store })
  t.after(() => plane.stop())
  return createClient(createLocalTransport(plane.transportAs({ name: 'admin', groups: ['system:masters', 'system:authenticated'] })))
}

const follow = (client: Client, kind: typeof CustomResourceDefinition | typeof GatewayClass, t: TestContext) => {
  const informer = createInformer<typeof kind>(client, kind, { clock: systemClock, random: systemRandom, log: silentLog })
  t.after(() => informer.close())
  return informer
}

test('a new cluster has the definitions and the class', async (t) => {
  const client = await start(t, true)
  const definitions = follow(client, CustomResourceDefinition, t)
  assert.ok(await definitions.until(() => definitionNames.every((name) => definitions.get(name) !== undefined)))
  const classes = follow(client, GatewayClass, t)
  assert.ok(await classes.until(() => classes.get('wherry') !== undefined))
  assert.equal((await client.get(GatewayClass, 'wherry')).spec.controllerName, 'wherry.dev/router')
})

test('turned off, it has neither', async (t) => {
  const client = await start(t, false)
  assert.deepEqual((await client.list(CustomResourceDefinition)).items, [])
})

test('definitions of another release stay as they are, and no others are put beside them; its classes get ours', async (t) => {
  const store = createMemoryStore()
  const plane = await startTestPlane({ store })
  const before = createClient(
    createLocalTransport(plane.transportAs({ name: 'admin', groups: ['system:masters', 'system:authenticated'] })),
  )
  const [classes, gateways] = await gatewayDefinitions()
  for (const { metadata, ...definition } of [classes!, gateways!])
    await before.create(CustomResourceDefinition, {
      ...definition,
      metadata: { ...metadata, annotations: { ...metadata!.annotations, 'gateway.networking.k8s.io/bundle-version': 'v1.2.0' } },
    })
  await plane.stop()
  const client = await start(t, true, store)
  const own = follow(client, GatewayClass, t)
  assert.ok(await own.until(() => own.get('wherry') !== undefined))
  const { items } = await client.list(CustomResourceDefinition)
  assert.deepEqual(
    items.map(({ metadata }) => [metadata.name, metadata.annotations?.['gateway.networking.k8s.io/bundle-version']]),
    [
      ['gatewayclasses.gateway.networking.k8s.io', 'v1.2.0'],
      ['gateways.gateway.networking.k8s.io', 'v1.2.0'],
    ],
  )
})

test('one that was taken away comes back, and the others are not touched', async (t) => {
  const store = createMemoryStore()
  const plane = await startTestPlane({ store })
  const before = createClient(
    createLocalTransport(plane.transportAs({ name: 'admin', groups: ['system:masters', 'system:authenticated'] })),
  )
  for (const definition of (await gatewayDefinitions()).slice(1)) await before.create(CustomResourceDefinition, definition)
  const { uid } = (await before.get(CustomResourceDefinition, definitionNames[1]!)).metadata
  await plane.stop()
  const client = await start(t, true, store)
  const own = follow(client, CustomResourceDefinition, t)
  assert.ok(await own.until(() => own.get(definitionNames[0]!) !== undefined))
  assert.equal((await client.get(CustomResourceDefinition, definitionNames[1]!)).metadata.uid, uid)
})
