import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import { now, worldOf } from './gateway/testing.ts'
import { createGatewayTranslator, translateGateways } from './gateway/translate-gateways.ts'
import type { HTTPRoute } from './gateway/types.ts'
import { configurationFiles, createFileWriter } from './haproxy/configuration-files.ts'
import { createConfigurationWriter, writeConfiguration } from './haproxy/write-configuration.ts'
import { createIngressTranslator, translateIngresses } from './ingress/translate-ingresses.ts'
import type { RouterView, Translation } from './router-part.ts'
import { settingsAt } from './testing/settings.ts'
import { atOnce } from './turns.ts'

/**
 * Whatever changes, in whatever order: what is remembered comes to the same as looking at everything anew, for models, statuses and the text of every
 * file, and what did not change is the same value.
 */

const settings = settingsAt('192.0.2.1')

/** A world that changes by steps. Objects that a step does not concern stay the same values, as in the caches. */
class World {
  readonly services = new Map<string, Service>()
  readonly slices = new Map<string, readonly EndpointSlice[]>()
  readonly routes = new Map<
    string,
    { readonly hosts: readonly string[]; readonly service: string; readonly path: string; readonly status: number }
  >()
  private version = 0
  private readonly made = new Map<string, { readonly of: unknown; readonly ingress: Ingress; readonly httpRoute: HTTPRoute }>()
  private readonly empty: readonly EndpointSlice[] = []

  service(name: string, port: number | undefined): void {
    if (port === undefined) this.services.delete(name)
    else
      this.services.set(name, {
        metadata: { name, namespace: 'default' },
        spec: { type: 'ClusterIP', ports: [{ port, protocol: 'TCP' }] },
      } as unknown as Service)
  }

  endpoints(name: string, addresses: readonly number[]): void {
    this.slices.set(name, [
      {
        addressType: 'IPv4',
        ports: [{ port: 8080, protocol: 'TCP' }],
        endpoints: addresses.map((one) => ({ addresses: [`10.0.0.${one}`], conditions: { ready: true } })),
      } as unknown as EndpointSlice,
    ])
  }

  get router(): RouterView {
    return {
      service: (name) => this.services.get(name),
      slices: (name) => this.slices.get(name) ?? this.empty,
      secret: () => undefined,
      addresses: settings.addresses,
      taken: new Map(),
      portProblem: () => undefined,
      refusals: new Map(),
      isServing: true,
    }
  }

  objects(): { readonly ingresses: readonly Ingress[]; readonly httpRoutes: readonly HTTPRoute[] } {
    const all = [...this.routes].map(([name, of]) => {
      const before = this.made.get(name)
      if (before?.of === of) return before
      this.version += 1
      const metadata = {
        name,
        namespace: 'default',
        uid: name,
        resourceVersion: String(this.version),
        creationTimestamp: `2026-01-01T00:00:0${name.slice(1)}Z`,
      }
      const backend = { service: { name: of.service, port: { number: 80 } } }
      const one = {
        of,
        ingress: {
          metadata,
          spec: { rules: of.hosts.map((host) => ({ host, http: { paths: [{ path: of.path, pathType: 'Prefix', backend }] } })) },
          status: { loadBalancer: { ingress: [{ ip: `192.0.2.${of.status}` }] } },
        } as unknown as Ingress,
        httpRoute: {
          kind: 'HTTPRoute',
          metadata: { ...metadata, generation: 1 },
          spec: {
            parentRefs: [{ name: 'web' }],
            hostnames: of.hosts,
            rules: [
              { matches: [{ path: { type: 'PathPrefix', value: of.path } }], backendRefs: [{ name: of.service, port: 80, weight: 1 }] },
            ],
          },
        } as unknown as HTTPRoute,
      }
      this.made.set(name, one)
      return one
    })
    return { ingresses: all.map(({ ingress }) => ingress), httpRoutes: all.map(({ httpRoute }) => httpRoute) }
  }
}

const names = ['s0', 's1', 's2']
const step: fc.Arbitrary<(world: World) => void> = fc.oneof(
  fc.tuple(fc.constantFrom(...names), fc.option(fc.constantFrom(80, 81), { nil: undefined, freq: 4 })).map(
    ([name, port]) =>
      (world: World) =>
        world.service(name, port),
  ),
  fc.tuple(fc.constantFrom(...names), fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 3 })).map(
    ([name, addresses]) =>
      (world: World) =>
        world.endpoints(name, addresses),
  ),
  fc
    .record({
      name: fc.constantFrom('r0', 'r1', 'r2', 'r3'),
      hosts: fc.uniqueArray(fc.constantFrom('a.example', 'b.example', '*.example', 'c.a.example'), { minLength: 1, maxLength: 2 }),
      service: fc.constantFrom(...names),
      path: fc.constantFrom('/', '/a', '/a/b'),
      status: fc.constantFrom(1, 2),
    })
    .map(
      ({ name, ...route }) =>
        (world: World) =>
          void world.routes.set(name, route),
    ),
  fc.constantFrom('r0', 'r1').map((name) => (world: World) => void world.routes.delete(name)),
)

const classes = [
  {
    metadata: { name: 'wherry', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: 'wherry.dev/router' },
  },
]
const ports = { http: 80, https: 443 }

/** Of an object that is spoken of, its name: which of its states is in hand makes no difference. */
const told = ({ model, commands }: Translation) => ({
  model,
  commands: commands.map((command) => (command.do === 'event' ? { ...command, regarding: command.regarding.metadata.name } : command)),
})

function check(
  name: string,
  start: () => { readonly whole: (world: World) => Translation; readonly remembered: (world: World) => Translation },
) {
  test(name, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const { whole, remembered } = start()
        const write = createConfigurationWriter(settings)
        const filesOf = createFileWriter('/d')
        const world = new World()
        for (const take of steps) {
          take(world)
          const found = remembered(world)
          assert.deepEqual(told(found), told(whole(world)))
          const { configuration } = atOnce(write(found.model))
          const anew = writeConfiguration(found.model, settings).configuration
          assert.deepEqual(configuration, anew)
          assert.deepEqual(atOnce(filesOf(configuration)), configurationFiles(anew, '/d'), 'who comes after us finds these files')
          assert.equal(remembered(world).model, found.model, 'nothing changed')
          const again = atOnce(write(found.model)).configuration
          assert.equal(again.sections, configuration.sections)
          assert.equal(again.servers, configuration.servers)
        }
      }),
      { numRuns: 150 },
    )
  })
}

check('Ingresses: what is remembered comes to the same as looking anew', () => {
  const translate = createIngressTranslator(ports)
  const viewOf = (world: World) => ({ ...world.objects(), classes: classes as unknown as readonly IngressClass[], router: world.router })
  return { whole: (world) => translateIngresses({ ...viewOf(world), ports }), remembered: (world) => atOnce(translate(viewOf(world))) }
})

check('Gateways: what is remembered comes to the same as looking anew', () => {
  const base = worldOf(`
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: wherry
  listeners:
    - { name: http, port: 80, protocol: HTTP }
    - { name: narrow, port: 80, protocol: HTTP, hostname: "*.a.example" }`)
  const translate = createGatewayTranslator()
  const viewOf = (world: World) => ({ ...base, ...world.router, httpRoutes: world.objects().httpRoutes })
  return { whole: (world) => translateGateways(viewOf(world), now), remembered: (world) => atOnce(translate(viewOf(world), now)) }
})

test('a change of an endpoint changes nothing but its backend', () => {
  const world = new World()
  for (const name of names) {
    world.service(name, 80)
    world.endpoints(name, [1])
  }
  world.routes.set('r0', { hosts: ['a.example'], service: 's0', path: '/', status: 1 })
  world.routes.set('r1', { hosts: ['b.example'], service: 's1', path: '/', status: 1 })
  const translate = createIngressTranslator(ports)
  const look = () => atOnce(translate({ ...world.objects(), classes: classes as never, router: world.router })).model
  const before = look()
  world.endpoints('s0', [1, 2])
  const after = look()
  assert.equal(after.listeners, before.listeners)
  assert.equal(after.backends[1], before.backends[1])
  assert.deepEqual(
    after.backends.map(({ endpoints }) => endpoints.length),
    [2, 1],
  )
})
