import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { WherryError } from '#lib/errors.ts'
import { createJsonLog } from '#lib/log.ts'
import type { ControlPlane } from '#main/control-plane.ts'
import { startTestPlane } from '#main/test-plane.ts'
import { definitionNames, gatewayDefinitions } from './gateway-definitions.ts'
import { Gateway, GatewayClass, HTTPRoute, ReferenceGrant } from './types.ts'

/** The definitions on our own API server, which checks schemas, rules and their costs as the original does. */

let plane: ControlPlane
let client: Client
const log = createJsonLog(() => {}, systemClock, 'error', {})

before(async () => {
  plane = await startTestPlane()
  client = createClient(createLocalTransport(plane.transportAs({ name: 'admin', groups: ['system:masters', 'system:authenticated'] })))
  for (const definition of await gatewayDefinitions()) await client.create(CustomResourceDefinition, definition)
  const informer = createInformer(client, CustomResourceDefinition, { clock: systemClock, random: systemRandom, log })
  await informer.until(() => definitionNames.every((name) => conditionOf(informer.get(name), 'Established') === 'True'))
  await informer.close()
})
after(() => plane.stop())

const conditionOf = (definition: CustomResourceDefinition | undefined, type: string) =>
  definition?.status.conditions?.find((condition) => condition.type === type)?.status

const specOf = (listeners: readonly object[]) => ({ gatewayClassName: 'wherry', listeners }) as never

test('the server takes all of them: established, names accepted, schemas structural', async () => {
  for (const name of definitionNames) {
    const definition = await client.get(CustomResourceDefinition, name)
    assert.equal(conditionOf(definition, 'Established'), 'True', name)
    assert.equal(conditionOf(definition, 'NamesAccepted'), 'True', name)
    assert.notEqual(conditionOf(definition, 'NonStructuralSchema'), 'True', name)
    assert.notEqual(conditionOf(definition, 'KubernetesAPIApprovalPolicyConformant'), 'False', name)
  }
})

test('they say from which release and channel they are: clients look', async () => {
  for (const { metadata } of await gatewayDefinitions())
    assert.deepEqual(Object.entries(metadata!.annotations!).slice(1), [
      ['gateway.networking.k8s.io/bundle-version', 'v1.7.0'],
      ['gateway.networking.k8s.io/channel', 'standard'],
    ])
})

test('defaults are filled in: a Gateway waits for its controller, a route matches every path', async () => {
  const gateway = await client.create(
    Gateway,
    { metadata: { name: 'web', namespace: 'default' }, spec: specOf([{ name: 'http', port: 80, protocol: 'HTTP' }]) },
    { namespace: 'default' },
  )
  assert.deepEqual(gateway.spec.listeners[0]?.allowedRoutes, { namespaces: { from: 'Same' } })
  assert.deepEqual(
    gateway.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [
      ['Accepted', 'Unknown', 'Pending'],
      ['Programmed', 'Unknown', 'Pending'],
    ],
  )
  const route = await client.create(
    HTTPRoute,
    {
      metadata: { name: 'web', namespace: 'default' },
      spec: { parentRefs: [{ name: 'web' } as never], rules: [{ backendRefs: [{ name: 'web', port: 80 } as never] }] },
    },
    { namespace: 'default' },
  )
  assert.deepEqual(route.spec.parentRefs?.[0], { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' })
  assert.deepEqual(route.spec.rules?.[0]?.matches, [{ path: { type: 'PathPrefix', value: '/' } }])
  assert.equal(route.spec.rules?.[0]?.backendRefs?.[0]?.weight, 1)
})

async function refused(make: () => Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(make(), (error: unknown) => error instanceof WherryError && error.code === 'Invalid' && message.test(error.message))
}

test('rules refuse what contradicts itself, in the words that users know', async () => {
  const gateway = (listeners: readonly object[]) => () =>
    client.create(Gateway, { metadata: { name: 'bad', namespace: 'default' }, spec: specOf(listeners) }, { namespace: 'default' })
  await refused(
    gateway([{ name: 'a', port: 80, protocol: 'HTTP', tls: {} }]),
    /tls must not be specified for protocols \['HTTP', 'TCP', 'UDP'\]/,
  )
  await refused(
    gateway([
      { name: 'a', port: 80, protocol: 'HTTP' },
      { name: 'b', port: 80, protocol: 'HTTP' },
    ]),
    /Combination of port, protocol and hostname must be unique for each listener/,
  )
  await refused(
    gateway([{ name: 'a', port: 443, protocol: 'HTTPS', tls: { mode: 'Terminate' } }]),
    /certificateRefs or options must be specified/,
  )
  await refused(gateway([{ name: 'a', port: 0, protocol: 'HTTP' }]), /should be greater than or equal to 1/)
  const route = (rule: object) => () =>
    client.create(
      HTTPRoute,
      { metadata: { name: 'bad', namespace: 'default' }, spec: { rules: [rule as never] } },
      { namespace: 'default' },
    )
  await refused(route({ matches: [{ path: { value: 'no-slash' } }] }), /must be an absolute path and start with '\/'/)
  await refused(route({ backendRefs: [{ name: 'web' }] }), /Must have port for Service reference/)
  await refused(
    route({ filters: [{ type: 'RequestRedirect', requestRedirect: {} }], backendRefs: [{ name: 'web', port: 80 }] }),
    /RequestRedirect filter must not be used together with backendRefs/,
  )
})

test('a grant is read in v1beta1 and in v1 alike', async () => {
  await client.create(
    ReferenceGrant,
    {
      metadata: { name: 'in', namespace: 'default' },
      spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'web' }], to: [{ group: '', kind: 'Service' }] },
    },
    { namespace: 'default' },
  )
  const v1 = await client.get({ ...ReferenceGrant, version: 'v1' }, 'in', 'default')
  assert.equal(v1.spec.from[0]?.namespace, 'web')
})

test('a class may not change whose it is', async () => {
  const made = await client.create(GatewayClass, { metadata: { name: 'wherry' }, spec: { controllerName: 'wherry.dev/router' } })
  await refused(() => client.update(GatewayClass, { ...made, spec: { controllerName: 'example.net/other' } }), /field is immutable/)
})
