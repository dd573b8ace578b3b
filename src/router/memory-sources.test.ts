import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { Command } from '#loop/controller.ts'
import type { GatewayView } from './gateway/gateway-view.ts'
import { now, worldOf } from './gateway/testing.ts'
import { createGatewayTranslator, translateGateways } from './gateway/translate-gateways.ts'
import { configurationFiles, createFileWriter } from './haproxy/configuration-files.ts'
import { createConfigurationWriter, writeConfiguration } from './haproxy/write-configuration.ts'
import { createIngressTranslator, translateIngresses } from './ingress/translate-ingresses.ts'
import { mergeModels, portProtocols } from './model/merge-models.ts'
import type { Translation } from './router-part.ts'
import { serverCertificate } from './testing/server-certificate.ts'
import { settingsAt } from './testing/settings.ts'
import { atOnce } from './turns.ts'

/**
 * Everything that a remembered result may hang on changes here, in whatever order: other namespaces' grants and labels, Secrets, classes, listeners of
 * other Gateways, ports of Ingresses, what the proxy says. What is remembered comes to the same as looking at everything anew.
 */

const settings = settingsAt('192.0.2.1', '192.0.2.2')
const pairs = ['a.example', 'b.example'].map((name) => serverCertificate(name))
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const terminate = (secret: string) => `protocol: HTTPS, tls: { mode: Terminate, certificateRefs: [{ name: ${secret} }] }`
const passThrough = 'protocol: TLS, tls: { mode: Passthrough }'
const namespace = (labels: string) => `{ kind: Namespace, metadata: { name: other, labels: ${labels} } }`
const service = (name: string, within: string, port: number, protocol: string) =>
  `{ kind: Service, metadata: { name: ${name}, namespace: ${within} }, spec: { ports: [{ name: p, port: ${port}, protocol: TCP, appProtocol: ${protocol} }] } }`
const secret = (which: number) =>
  `{ kind: Secret, metadata: { name: tls }, type: kubernetes.io/tls, data: { tls.crt: ${base64(pairs[which]!.certificate)}, tls.key: ${base64(pairs[which]!.key)} } }`
const gateway = (name: string, className: string, listeners: string, more = '') =>
  `{ kind: Gateway, metadata: { name: ${name} }, spec: { gatewayClassName: ${className}, listeners: [${listeners}] ${more} } }`
const hosts = ['a.example', '"*.example"', 'b.a.example']
const to = (name: string, within: string) => `rules: [{ backendRefs: [{ name: ${name}, namespace: ${within}, port: 80, weight: 1 }] }]`
const http = (name: string, within: string, parent: string, host: string, rules: string) =>
  `{ kind: HTTPRoute, metadata: { name: ${name}, namespace: ${within} }, spec: { parentRefs: [{ name: ${parent}, namespace: default }], hostnames: [${host}], ${rules} } }`
const tls = (name: string, host: string, rules: string) =>
  `{ kind: TLSRoute, metadata: { name: ${name} }, spec: { parentRefs: [{ name: g0 }, { name: g1 }], hostnames: [${host}], ${rules} } }`
const ingress = (name: string, host: string, withTls: boolean, more: string) =>
  `{ kind: Ingress, metadata: { name: ${name} ${more} }, spec: { ingressClassName: wherry, ${withTls ? `tls: [{ hosts: [${host}], secretName: tls }],` : ''} rules: [{ host: ${host}, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: s, port: { number: 80 } } } }] } }] } }`

const namespaces = fc.constantFrom('{}', '{ open: "1" }').map(namespace)
const services = fc
  .tuple(
    fc.constantFrom('s', 't'),
    fc.constantFrom('default', 'other'),
    fc.constantFrom(80, 81),
    fc.constantFrom('http', 'kubernetes.io/h2c'),
  )
  .map((parts) => service(...parts))
const grants = fc
  .constantFrom('HTTPRoute', 'TLSRoute')
  .map(
    (kind) =>
      `{ kind: ReferenceGrant, metadata: { name: g, namespace: other }, spec: { from: [{ group: gateway.networking.k8s.io, kind: ${kind}, namespace: default }], to: [{ group: "", kind: Service }] } }`,
  )
const listenerTexts = fc
  .record({
    port: fc.constantFrom(80, 443),
    host: fc.constantFrom('', ...hosts),
    speaks: fc.constantFrom('protocol: HTTP', terminate('tls'), passThrough),
    from: fc.constantFrom('All', 'Same', 'Selector'),
  })
  .map(
    ({ port, host, speaks, from }) =>
      `port: ${port}, ${speaks}, ${host && `hostname: ${host},`} allowedRoutes: { namespaces: { from: ${from}, selector: { matchLabels: { open: "1" } } } }`,
  )
const gateways = fc
  .tuple(
    fc.constantFrom('g0', 'g1'),
    fc.constantFrom('wherry', 'wherry', 'alien'),
    fc.array(listenerTexts, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', ', addresses: [{ type: IPAddress, value: 192.0.2.1 }]'),
  )
  .map(([name, className, texts, more]) => gateway(name, className, texts.map((text, at) => `{ name: l${at}, ${text} }`).join(', '), more))
const targets = fc.tuple(fc.constantFrom('s', 't'), fc.constantFrom('default', 'other')).map((parts) => to(...parts))
const httpRoutes = fc
  .tuple(fc.constantFrom('r0', 'r1'), fc.constantFrom('default', 'other'), fc.constantFrom('g0', 'g1'), fc.constantFrom(...hosts), targets)
  .map((parts) => http(...parts))
const tlsRoutes = fc.tuple(fc.constantFrom('p0', 'p1'), fc.constantFrom(...hosts), targets).map((parts) => tls(...parts))
const ingresses = fc
  .tuple(
    fc.constantFrom('i0', 'i1'),
    fc.constantFrom(...hosts),
    fc.boolean(),
    fc.constantFrom('', ', annotations: { router.wherry.dev/ssl-redirect: "false" }'),
  )
  .map((parts) => ingress(...parts))

interface Said {
  readonly refused: readonly string[]
  readonly blocked: number
  readonly isServing: boolean
}
type Step = { readonly put: string } | { readonly drop: number } | { readonly say: Said }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .oneof(namespaces, services, grants, gateways, httpRoutes, tlsRoutes, ingresses, fc.constantFrom(0, 1).map(secret))
      .map((put) => ({ put })),
  },
  { weight: 2, arbitrary: fc.nat(20).map((drop) => ({ drop })) },
  {
    weight: 1,
    arbitrary: fc
      .record({
        refused: fc.subarray(['httproute/default/r0', 'tlsroute/default/p0', 'certificate default/tls', 'ingress/default/i0']),
        blocked: fc.constantFrom(0, 80, 443),
        isServing: fc.boolean(),
      })
      .map((say) => ({ say })),
  },
)
const start = [
  namespace('{}'),
  service('s', 'default', 80, 'http'),
  secret(0),
  gateway(
    'g0',
    'wherry',
    `{ name: l0, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: Selector, selector: { matchLabels: { open: "1" } } } } }, { name: l1, port: 443, ${terminate('tls')} }`,
  ),
  http('r0', 'other', 'g0', 'a.example', to('s', 'other')),
  gateway('g1', 'wherry', `{ name: l0, port: 443, ${passThrough}, hostname: "*.example" }`),
]

const told = ({ model, commands }: Translation) => ({
  model,
  commands: commands.map((command) => (command.do === 'event' ? { ...command, regarding: command.regarding.metadata.name } : command)),
})

test('whatever changes, what is remembered comes to the same as looking anew', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const remembered = { ingresses: createIngressTranslator(ports), gateways: createGatewayTranslator() }
      const write = createConfigurationWriter(settings)
      const filesOf = createFileWriter('/d')
      let said: Said = { refused: [], blocked: 0, isServing: true }
      const world = new Objects()
      for (const text of start) world.put(text)
      for (const one of steps) {
        if ('put' in one) world.put(one.put)
        else if ('drop' in one) world.drop(one.drop)
        else said = one.say
        const view = world.view(said)
        const ingressView = { ingresses: world.all('Ingress'), classes, router: view } as never
        const first = atOnce(remembered.ingresses(ingressView))
        assert.deepEqual(told(first), told(translateIngresses({ ...(ingressView as object), ports } as never)))
        const shared = { ...view, taken: portProtocols(first.model) }
        const second = atOnce(remembered.gateways(shared, now))
        assert.deepEqual(told(second), told(translateGateways(shared, now)))
        const model = mergeModels(first.model, second.model)
        // Mostly: what nobody wrote yet is said again.
        if (said.isServing) world.write([...first.commands, ...second.commands])
        const { configuration } = atOnce(write(model))
        const anew = writeConfiguration(model, settings).configuration
        assert.deepEqual(configuration, anew)
        assert.deepEqual(atOnce(filesOf(configuration)), configurationFiles(anew, '/d'))
      }
    }),
    { numRuns: 200 },
  )
})

const ports = { http: 80, https: 443 }
const classes = [{ metadata: { name: 'wherry' }, spec: { controller: 'wherry.dev/router' } }]

/** Objects as caches keep them: the same values until they change, in no order that anybody may count on. */
class Objects {
  // biome-ignore lint/suspicious/noExplicitAny: documents of a test are whatever it writes
  private readonly known = new Map<string, any>()
  private readonly lists = new Map<string, readonly never[]>()
  private readonly slices = new Map<unknown, readonly never[]>()
  private version = 0

  put(text: string): void {
    const object = parse(text)
    const { namespace = object.kind === 'Namespace' ? undefined : 'default', name } = object.metadata
    const key = `${object.kind} ${namespace}/${name}`
    this.version += 1
    const metadata = {
      ...object.metadata,
      ...(namespace && { namespace }),
      uid: key,
      generation: this.version,
      resourceVersion: String(this.version),
      creationTimestamp: this.known.get(key)?.metadata.creationTimestamp ?? `2026-01-01T00:00:0${(this.version * 3) % 7}Z`,
    }
    this.known.delete(key)
    this.known.set(key, { ...object, metadata })
    this.lists.clear()
  }

  drop(at: number): void {
    const keys = [...this.known.keys()]
    this.known.delete(keys[at % keys.length] ?? '')
    this.lists.clear()
  }

  /** Statuses are another state of the same object. */
  write(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.do !== 'patch') continue
      const key = `${command.kind.kind} ${command.namespace}/${command.name}`
      const before = this.known.get(key)
      if (before === undefined) continue
      this.version += 1
      const { status } = command.body as { readonly status: object }
      const metadata = { ...before.metadata, resourceVersion: String(this.version) }
      this.known.set(key, { ...before, metadata, status: { ...before.status, ...status } })
    }
    this.lists.clear()
  }

  all(kind: string): readonly never[] {
    const list = this.lists.get(kind) ?? ([...this.known.values()].filter((one) => one.kind === kind) as never[])
    this.lists.set(kind, list)
    return list
  }

  view({ refused, blocked, isServing }: Said): GatewayView {
    const find = (kind: string, name: string, namespace: string | undefined) => this.known.get(`${kind} ${namespace}/${name}`)
    return {
      classes: gatewayClasses,
      gateways: this.all('Gateway'),
      httpRoutes: this.all('HTTPRoute'),
      grpcRoutes: this.all('GRPCRoute'),
      tlsRoutes: this.all('TLSRoute'),
      grants: this.all('ReferenceGrant'),
      service: (name, namespace) => find('Service', name, namespace),
      secret: (name, namespace) => find('Secret', name, namespace),
      namespaceLabels: (name) => find('Namespace', name, undefined)?.metadata.labels,
      slices: (name, namespace) => this.slicesOf(find('Service', name, namespace)),
      bundleVersions: ['v1.7.0'],
      addresses: settings.addresses,
      taken: new Map(),
      portProblem: (port) => (port === blocked ? 'another has it' : undefined),
      refusals: new Map(refused.map((name) => [name, 'no'])),
      isServing,
    }
  }

  private slicesOf(service: object | undefined): readonly never[] {
    if (service === undefined) return none
    const known = this.slices.get(service) ?? [sliceOf(this.version)]
    this.slices.set(service, known as never)
    return known as never
  }
}

const none: readonly never[] = []
const gatewayClasses = worldOf('').classes
const sliceOf = (version: number) => ({
  addressType: 'IPv4',
  ports: [{ name: 'p', port: 8080, protocol: 'TCP' }],
  endpoints: [{ addresses: [`10.0.0.${1 + (version % 3)}`], conditions: { ready: true } }],
})
