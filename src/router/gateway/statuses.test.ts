import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCertificate, makeSigningKey } from '#host/pki/certificate.ts'
import type { Translation } from '../router-part.ts'
import { serverCertificate } from '../testing/server-certificate.ts'
import { atOnce } from '../turns.ts'
import type { GatewayView } from './gateway-view.ts'
import { now, statusesOf, statusLines, worldOf } from './testing.ts'
import { createGatewayTranslator, translateGateways } from './translate-gateways.ts'

/** What users read: conditions, reasons and counts. */

interface Case {
  readonly name: string
  readonly manifests: string
  readonly settings?: Partial<GatewayView>
  /** Lines of `statusLines` that must be there. */
  readonly told: readonly string[]
  /** Beginnings of lines that must not. */
  readonly untold?: readonly string[]
}

const service = (name: string, namespace = 'default') =>
  `{ kind: Service, metadata: { name: ${name}, namespace: ${namespace} }, spec: { ports: [{ port: 80, protocol: TCP }] } }\n---\n`
const gateway = (name: string, listeners: string, more = '') =>
  `{ kind: Gateway, metadata: { name: ${name} }, spec: { gatewayClassName: wherry, listeners: [${listeners}] ${more} } }\n---\n`
const http = '{ name: http, port: 80, protocol: HTTP }'
const route = (name: string, spec: string, metadata = '') =>
  `{ kind: HTTPRoute, metadata: { name: ${name} ${metadata} }, spec: { parentRefs: [{ name: web }], ${spec} } }\n---\n`
const passing = (name: string, port: number, more = '') =>
  `{ name: ${name}, port: ${port}, protocol: TLS, tls: { mode: Passthrough } ${more} }`
const tlsRoute = (name: string, spec: string, to = 'v1') =>
  `{ kind: TLSRoute, metadata: { name: ${name} }, spec: { ${spec}, hostnames: [x.a.example], rules: [{ backendRefs: [{ name: ${to}, port: 80 }] }] } }\n---\n`
const toV1 = 'rules: [{ backendRefs: [{ name: v1, port: 80 }] }]'
const https = (tls: string, more = '') => `{ name: https, port: 443, protocol: HTTPS, tls: { mode: Terminate, ${tls} } ${more} }`

const authority = makeCertificate({ commonName: 'test', usage: 'ca', notBefore: Date.now() - 1000, notAfter: Date.now() + 3_600_000 })
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const secret = (name: string, namespace = 'default', crt = authority.certificate, key = authority.key) =>
  `{ kind: Secret, metadata: { name: ${name}, namespace: ${namespace} }, type: kubernetes.io/tls, data: { tls.crt: ${base64(crt)}, tls.key: ${base64(key)} } }\n---\n`
const grant = (to: string, from = 'Gateway', namespace = 'default') =>
  `{ kind: ReferenceGrant, metadata: { name: g, namespace: other }, spec: { from: [{ group: gateway.networking.k8s.io, kind: ${from}, namespace: ${namespace} }], to: [${to}] } }\n---\n`

const good = ['Accepted True Accepted', 'Programmed True Programmed', 'ResolvedRefs True ResolvedRefs', 'Conflicted False NoConflicts']
const all = (about: string, conditions: readonly string[]) => conditions.map((condition) => `${about}: ${condition}`)
const web = 'Gateway default/web'

const cases: readonly Case[] = [
  {
    name: 'all is well',
    manifests: gateway('web', http) + service('v1') + route('r', toV1),
    told: [
      ...all('GatewayClass wherry', ['Accepted True Accepted', 'SupportedVersion True SupportedVersion']),
      ...all(web, ['Accepted True Accepted', 'Programmed True Programmed', 'addresses 192.0.2.1']),
      ...all(`${web} http`, [...good, 'attached 1, kinds HTTPRoute GRPCRoute']),
      ...all('HTTPRoute default/r → web', ['Accepted True Accepted', 'ResolvedRefs True ResolvedRefs']),
    ],
    untold: ['HTTPRoute default/r → web: PartiallyInvalid', `${web} http: OverlappingTLSConfig`],
  },
  {
    name: 'a class with parameters is not accepted, and its Gateways are left alone',
    manifests: `{ kind: GatewayClass, metadata: { name: wherry }, spec: { controllerName: wherry.dev/router, parametersRef: { group: a, kind: B, name: c } } }\n---\n${gateway('web', http)}`,
    told: ['GatewayClass wherry: Accepted False InvalidParameters'],
    untold: ['Gateway '],
  },
  {
    name: 'definitions of a release that is not known',
    manifests: gateway('web', http),
    settings: { bundleVersions: ['v1.7.0', 'v2.0.0'] },
    told: ['GatewayClass wherry: Accepted True Accepted', 'GatewayClass wherry: SupportedVersion False UnsupportedVersion'],
  },
  {
    name: 'a class of somebody else is not spoken of',
    manifests: `{ kind: GatewayClass, metadata: { name: wherry }, spec: { controllerName: example.net/other } }\n---\n${gateway('web', http)}${route('r', toV1)}`,
    told: [],
    untold: ['Gateway', 'HTTPRoute'],
  },
  {
    name: 'a protocol that is not served, alone and beside one that is',
    manifests:
      gateway('web', '{ name: bad, port: 1111, protocol: INVALID }') + gateway('mixed', `${http}, { name: tcp, port: 22, protocol: TCP }`),
    told: [
      `${web}: Accepted False ListenersNotValid`,
      `${web}: Programmed False Invalid`,
      `${web} bad: Accepted False UnsupportedProtocol`,
      `${web} bad: Programmed False Invalid`,
      `${web} bad: attached 0, kinds `,
      'Gateway default/mixed: Accepted True ListenersNotValid',
      'Gateway default/mixed: Programmed True Programmed',
      'Gateway default/mixed http: Accepted True Accepted',
      'Gateway default/mixed tcp: Accepted False UnsupportedProtocol',
    ],
  },
  {
    name: 'connections are passed on by listeners of protocol TLS with mode Passthrough, and TLSRoutes alone attach to them',
    manifests:
      gateway('web', `${passing('tls', 443)}, ${http}`) +
      gateway('kinds', passing('tls', 443, ', allowedRoutes: { kinds: [{ kind: TCPRoute }, { kind: TLSRoute }] }')) +
      service('v1') +
      tlsRoute('r', 'parentRefs: [{ name: web }]') +
      tlsRoute('http', 'parentRefs: [{ name: web, sectionName: http }]') +
      tlsRoute('elsewhere', 'parentRefs: [{ name: web, sectionName: other }]') +
      tlsRoute('nobody', 'parentRefs: [{ name: web }]', 'missing') +
      route('plain', toV1),
    told: [
      `${web} tls: Programmed True Programmed`,
      `${web} tls: attached 2, kinds TLSRoute`,
      `${web} http: attached 1, kinds HTTPRoute GRPCRoute`,
      'Gateway default/kinds tls: ResolvedRefs False InvalidRouteKinds',
      'Gateway default/kinds tls: attached 0, kinds TLSRoute',
      'TLSRoute default/r → web: Accepted True Accepted',
      'TLSRoute default/r → web: ResolvedRefs True ResolvedRefs',
      'TLSRoute default/http → web: Accepted False NotAllowedByListeners',
      'TLSRoute default/elsewhere → web: Accepted False NoMatchingParent',
      'TLSRoute default/nobody → web: Accepted True Accepted',
      'TLSRoute default/nobody → web: ResolvedRefs False BackendNotFound',
    ],
  },
  {
    name: 'a port may both end TLS and pass it on, for other hosts, and is never without TLS beside',
    manifests:
      secret('cert') +
      gateway(
        'web',
        `${https('certificateRefs: [{ name: cert }]')}, ${passing('tls', 443, ', hostname: "*.a.example"')}, ${passing('same', 8443)}, ${passing('twice', 8443)}, ${passing('mixed', 80)}, ${http}`,
      ),
    told: [
      `${web} https: Programmed True Programmed`,
      `${web} tls: Programmed True Programmed`,
      `${web} same: Conflicted True HostnameConflict`,
      `${web} twice: Conflicted True HostnameConflict`,
      `${web} mixed: Conflicted True ProtocolConflict`,
      `${web} http: Conflicted True ProtocolConflict`,
    ],
  },
  {
    name: 'TLS ended for connections, checking clients’ certificates and options of TLS are refused, not forgotten',
    manifests:
      gateway('web', '{ name: tls, port: 443, protocol: TLS, tls: { mode: Terminate } }') +
      secret('cert') +
      gateway('options', https('certificateRefs: [{ name: cert }], options: { example.net/min-version: "1.3" }')) +
      gateway(
        'mtls',
        https('certificateRefs: [{ name: cert }]'),
        ', tls: { frontend: { default: { validation: { caCertificateRefs: [] } } } }',
      ),
    told: [
      `${web} tls: Accepted False UnsupportedValue`,
      'Gateway default/options https: Accepted False UnsupportedValue',
      'Gateway default/mtls https: Accepted False UnsupportedValue',
      'Gateway default/mtls: Programmed False Invalid',
    ],
  },
  {
    name: 'kinds of routes that cannot attach: those that can still do',
    manifests:
      gateway('web', '{ name: http, port: 80, protocol: HTTP, allowedRoutes: { kinds: [{ kind: InvalidRoute }] } }') +
      gateway('both', '{ name: http, port: 81, protocol: HTTP, allowedRoutes: { kinds: [{ kind: InvalidRoute }, { kind: HTTPRoute }] } }') +
      service('v1') +
      route('r', toV1),
    told: [
      `${web} http: ResolvedRefs False InvalidRouteKinds`,
      `${web} http: attached 0, kinds `,
      'Gateway default/both http: ResolvedRefs False InvalidRouteKinds',
      'Gateway default/both http: attached 0, kinds HTTPRoute',
      'Gateway default/both http: Programmed True Programmed',
      'HTTPRoute default/r → web: Accepted False NotAllowedByListeners',
      'HTTPRoute default/r → web: ResolvedRefs True ResolvedRefs',
    ],
  },
  {
    name: 'certificates that cannot be used',
    manifests: [
      secret('malformed', 'default', 'Hello world', 'Hello world'),
      secret('stranger', 'default', authority.certificate, makeSigningKey().key),
      gateway('web', https('certificateRefs: [{ name: nonexistent }]')),
      gateway('group', https('certificateRefs: [{ name: cert, group: wrong.example }]')),
      gateway('kind', https('certificateRefs: [{ name: cert, kind: ConfigMap }]')),
      gateway('pem', https('certificateRefs: [{ name: malformed }]')),
      gateway('key', https('certificateRefs: [{ name: stranger }]')),
      gateway('none', '{ name: https, port: 443, protocol: HTTPS }'),
    ].join(''),
    told: [
      ...['web', 'group', 'kind', 'pem', 'key', 'none'].map(
        (name) => `Gateway default/${name} https: ResolvedRefs False InvalidCertificateRef`,
      ),
      `${web} https: Accepted True Accepted`,
      `${web} https: Programmed False Invalid`,
      `${web}: Accepted True Accepted`,
      `${web}: Programmed False Invalid`,
    ],
    untold: [`${web}: addresses`],
  },
  {
    name: 'a certificate of another namespace needs a grant, whether it is there or not',
    manifests: [
      secret('cert', 'other'),
      gateway('web', https('certificateRefs: [{ name: cert, namespace: other }]')),
      gateway('gone', https('certificateRefs: [{ name: nonexistent, namespace: other }]')),
      grant('{ group: "", kind: Secret, name: not-this }'),
    ].join(''),
    told: [`${web} https: ResolvedRefs False RefNotPermitted`, 'Gateway default/gone https: ResolvedRefs False RefNotPermitted'],
  },
  {
    name: 'a certificate of another namespace with a grant',
    manifests:
      secret('cert', 'other') +
      gateway('web', https('certificateRefs: [{ name: cert, namespace: other }]')) +
      grant('{ group: "", kind: Secret }'),
    told: all(`${web} https`, good),
  },
  {
    name: 'a grant for routes is none for Gateways',
    manifests:
      secret('cert', 'other') +
      gateway('web', https('certificateRefs: [{ name: cert, namespace: other }]')) +
      grant('{ group: "", kind: Secret }', 'HTTPRoute'),
    told: [`${web} https: ResolvedRefs False RefNotPermitted`],
  },
  {
    name: 'listeners that cannot be told apart are refused both',
    manifests:
      secret('cert') + gateway('web', `${http}, { name: other, port: 80, protocol: HTTPS, tls: { certificateRefs: [{ name: cert }] } }`),
    told: [
      `${web}: Accepted False ListenersNotValid`,
      `${web} http: Conflicted True ProtocolConflict`,
      `${web} other: Conflicted True ProtocolConflict`,
      `${web} other: Programmed False Invalid`,
    ],
  },
  {
    name: 'Gateways share the addresses: the older one says what a port speaks, and hosts are for all',
    manifests:
      secret('cert') +
      gateway('web', http) +
      gateway('late', `${http}, { name: other, port: 8443, protocol: HTTP }`) +
      gateway('last', '{ name: other, port: 80, protocol: HTTPS, tls: { certificateRefs: [{ name: cert }] } }'),
    told: [
      ...all(`${web} http`, good),
      ...all('Gateway default/late http', good),
      'Gateway default/last other: Conflicted True ProtocolConflict',
      'Gateway default/last other: Accepted False PortUnavailable',
      'Gateway default/last: Accepted False ListenersNotValid',
    ],
  },
  {
    name: 'ports of Ingresses keep their protocol, and may be shared in it',
    manifests: gateway('web', '{ name: http, port: 443, protocol: HTTP }, { name: shared, port: 80, protocol: HTTP }'),
    settings: {
      taken: new Map([
        [80, 'HTTP'],
        [443, 'HTTPS'],
      ]),
    },
    told: [`${web} http: Conflicted True ProtocolConflict`, ...all(`${web} shared`, good)],
  },
  {
    name: 'a port that another program has',
    manifests: gateway('web', '{ name: http, port: 6443, protocol: HTTP }'),
    settings: { portProblem: (port) => (port === 6443 ? 'Port 6443 is the API server’s' : undefined) },
    told: [`${web} http: Accepted False PortUnavailable`],
  },
  {
    name: 'hosts of HTTPS listeners that overlap are told of, and of others not',
    manifests: `${secret('cert')}{ kind: Gateway, metadata: { name: web }, spec: { gatewayClassName: wherry, listeners: [
      { name: a, port: 443, protocol: HTTPS, hostname: foo.example.com, tls: { certificateRefs: [{ name: cert }] } },
      { name: b, port: 443, protocol: HTTPS, hostname: foo.example.org, tls: { certificateRefs: [{ name: cert }] } },
      { name: c, port: 443, protocol: HTTPS, hostname: "*.example.com", tls: { certificateRefs: [{ name: cert }] } }] } }`,
    told: [`${web} a: OverlappingTLSConfig True OverlappingHostnames`, `${web} c: OverlappingTLSConfig True OverlappingHostnames`],
    untold: [`${web} b: OverlappingTLSConfig`],
  },
  {
    name: 'addresses: the router’s own, asked for by value or not; no others',
    manifests: [
      gateway('web', http, ', addresses: [{ type: IPAddress, value: 192.0.2.1 }]'),
      gateway('empty', '{ name: http, port: 81, protocol: HTTP }', ', addresses: [{ type: IPAddress }]'),
      gateway('foreign', '{ name: http, port: 82, protocol: HTTP }', ', addresses: [{ type: IPAddress, value: 203.0.113.9 }]'),
      // What the definitions of another release may let through.
      gateway('zone', '{ name: http, port: 84, protocol: HTTP }', ', addresses: [{ type: IPAddress, value: "fe80::1%eth0" }]'),
      gateway('long', '{ name: http, port: 85, protocol: HTTP }', ', addresses: [{ type: IPAddress, value: "2001:DB8::0:1" }]'),
      gateway('named', '{ name: http, port: 83, protocol: HTTP }', ', addresses: [{ type: Hostname, value: a.example }]'),
    ].join(''),
    settings: { addresses: ['192.0.2.1', '2001:db8::1'] },
    told: [
      `${web}: addresses 192.0.2.1`,
      'Gateway default/empty: addresses 192.0.2.1 2001:db8::1',
      'Gateway default/foreign: Accepted True Accepted',
      'Gateway default/foreign: Programmed False AddressNotUsable',
      'Gateway default/zone: Programmed False AddressNotUsable',
      'Gateway default/long: addresses 2001:DB8::0:1',
      'Gateway default/named: Accepted False UnsupportedAddress',
    ],
    untold: ['Gateway default/foreign: addresses'],
  },
  {
    name: 'parameters of the infrastructure',
    manifests: gateway('web', http, ', infrastructure: { parametersRef: { group: a, kind: B, name: c } }'),
    told: [`${web}: Accepted False InvalidParameters`, `${web}: Programmed False Invalid`],
  },
  {
    name: 'before the proxy has taken it over, nothing is programmed yet',
    manifests: gateway('web', http),
    settings: { isServing: false },
    told: [`${web}: Accepted True Accepted`, `${web}: Programmed Unknown Pending`, `${web} http: Programmed Unknown Pending`],
  },
  {
    name: 'routes that find no listener, and why',
    manifests: [
      gateway('web', '{ name: http, port: 80, protocol: HTTP, hostname: a.example }'),
      service('v1'),
      `{ kind: HTTPRoute, metadata: { name: section }, spec: { parentRefs: [{ name: web, sectionName: nope }], ${toV1} } }\n---\n`,
      `{ kind: HTTPRoute, metadata: { name: port }, spec: { parentRefs: [{ name: web, port: 81 }], ${toV1} } }\n---\n`,
      `{ kind: HTTPRoute, metadata: { name: both }, spec: { parentRefs: [{ name: web, sectionName: http, port: 81 }], ${toV1} } }\n---\n`,
      `{ kind: HTTPRoute, metadata: { name: foreign, namespace: other }, spec: { parentRefs: [{ name: web, namespace: default }], ${toV1} } }\n---\n`,
      `{ kind: HTTPRoute, metadata: { name: host }, spec: { parentRefs: [{ name: web }], hostnames: [b.example], ${toV1} } }\n---\n`,
      `{ kind: HTTPRoute, metadata: { name: lost }, spec: { parentRefs: [{ name: gone }], ${toV1} } }\n---\n`,
    ].join(''),
    told: [
      ...['section', 'port', 'both'].map((name) => `HTTPRoute default/${name} → web: Accepted False NoMatchingParent`),
      'HTTPRoute other/foreign → web: Accepted False NotAllowedByListeners',
      'HTTPRoute default/host → web: Accepted False NoMatchingListenerHostname',
      `${web} http: attached 0, kinds HTTPRoute GRPCRoute`,
    ],
    untold: ['HTTPRoute default/lost'],
  },
  {
    name: 'references of routes that cannot be followed leave the route accepted and counted',
    manifests: [
      gateway('web', http),
      service('v1'),
      service('app', 'other'),
      route('gone', 'rules: [{ backendRefs: [{ name: gone, port: 80 }] }]'),
      route('port', 'rules: [{ backendRefs: [{ name: v1, port: 81 }] }]'),
      route('kind', 'rules: [{ backendRefs: [{ name: v1, port: 80, kind: Nonsense }] }]'),
      route('foreign', 'rules: [{ backendRefs: [{ name: app, namespace: other, port: 80 }] }]'),
      route('filter', 'rules: [{ filters: [{ type: ExtensionRef, extensionRef: { group: a, kind: B, name: c } }] }]'),
    ].join(''),
    told: [
      'HTTPRoute default/gone → web: ResolvedRefs False BackendNotFound',
      'HTTPRoute default/port → web: ResolvedRefs False BackendNotFound',
      'HTTPRoute default/kind → web: ResolvedRefs False InvalidKind',
      'HTTPRoute default/foreign → web: ResolvedRefs False RefNotPermitted',
      'HTTPRoute default/filter → web: ResolvedRefs False InvalidKind',
      ...['gone', 'port', 'kind', 'foreign', 'filter'].map((name) => `HTTPRoute default/${name} → web: Accepted True Accepted`),
      `${web} http: attached 5, kinds HTTPRoute GRPCRoute`,
    ],
  },
  {
    name: 'a grant for another namespace, kind or name permits nothing',
    manifests:
      gateway('web', http) +
      service('app', 'other') +
      route('r', 'rules: [{ backendRefs: [{ name: app, namespace: other, port: 80 }] }]') +
      grant('{ group: "", kind: Service }', 'HTTPRoute', 'elsewhere') +
      grant('{ group: "", kind: Service }', 'GRPCRoute') +
      grant('{ group: "", kind: Service, name: another }', 'HTTPRoute') +
      grant('{ group: core, kind: Service }', 'HTTPRoute'),
    told: ['HTTPRoute default/r → web: ResolvedRefs False RefNotPermitted'],
  },
  {
    name: 'rules that cannot be served: some of them, and all of them',
    manifests:
      gateway('web', http) +
      service('v1') +
      route('some', 'rules: [{ backendRefs: [{ name: v1, port: 80 }] }, { filters: [{ type: CORS, cors: {} }] }]') +
      route('none', 'rules: [{ retry: { attempts: 2 }, backendRefs: [{ name: v1, port: 80 }] }]') +
      route(
        'pattern',
        'rules: [{ matches: [{ path: { type: RegularExpression, value: "/(a+)+" } }], backendRefs: [{ name: v1, port: 80 }] }]',
      ),
    told: [
      'HTTPRoute default/some → web: Accepted True Accepted',
      'HTTPRoute default/some → web: PartiallyInvalid True UnsupportedValue',
      'HTTPRoute default/none → web: Accepted False UnsupportedValue',
      'HTTPRoute default/pattern → web: Accepted False UnsupportedValue',
      `${web} http: attached 1, kinds HTTPRoute GRPCRoute`,
    ],
    untold: ['HTTPRoute default/none → web: PartiallyInvalid'],
  },
  {
    name: 'routes are counted where the listener itself cannot be served',
    manifests:
      gateway('web', https('certificateRefs: [{ name: nonexistent }]')) +
      route('r', 'rules: [{ backendRefs: [{ name: gone, port: 80 }] }]'),
    told: [
      `${web} https: Programmed False Invalid`,
      `${web} https: attached 1, kinds HTTPRoute GRPCRoute`,
      'HTTPRoute default/r → web: ResolvedRefs False BackendNotFound',
    ],
  },
]

for (const { name, manifests, settings, told, untold = [] } of cases)
  test(name, () => {
    const world = worldOf(manifests, settings)
    const lines = statusLines(world)
    for (const line of told) assert.ok(lines.includes(line), `${line}\nis not among\n${lines.join('\n')}`)
    for (const start of untold) assert.ok(!lines.some((line) => line.startsWith(start)), `${start}… is among\n${lines.join('\n')}`)
    // Said once, there is nothing more to say.
    assert.deepEqual(translateGateways(settled(world), now).commands, [])
  })

/** The world after its statuses were written. */
function settled(world: GatewayView, translate?: (view: GatewayView) => Translation): GatewayView {
  const statuses = statusesOf(world, translate)
  const write = <
    T extends { readonly kind: string; readonly metadata: { readonly namespace?: string | undefined; readonly name: string } },
  >(
    object: T,
  ): T => ({
    ...object,
    status: statuses.get(`${object.kind} ${object.metadata.namespace ? `${object.metadata.namespace}/` : ''}${object.metadata.name}`),
  })
  return {
    ...world,
    classes: world.classes.map(write),
    gateways: world.gateways.map(write),
    httpRoutes: world.httpRoutes.map(write),
    grpcRoutes: world.grpcRoutes.map(write),
    tlsRoutes: world.tlsRoutes.map(write),
  }
}

test('what others said stays: conditions, entries of other controllers, in their places', () => {
  const foreign = { type: 'example.net/Seen', status: 'True', reason: 'Seeded', message: '', lastTransitionTime: '2025-01-01T00:00:00Z' }
  const entry = { parentRef: { name: 'unmanaged' }, controllerName: 'example.net/other', conditions: [foreign] }
  const old = { parentRef: { name: 'left' }, controllerName: 'wherry.dev/router', conditions: [foreign] }
  const world = worldOf(gateway('web', http) + service('v1') + route('r', toV1))
  const changed = {
    ...world,
    gateways: world.gateways.map((one) => ({
      ...one,
      status: { conditions: [foreign], listeners: [{ name: 'http', attachedRoutes: 0, conditions: [foreign] }] },
    })),
    httpRoutes: world.httpRoutes.map((one) => ({ ...one, status: { parents: [old, entry] } })),
  } as unknown as GatewayView
  const statuses = statusesOf(changed)
  assert.deepEqual(statuses.get(web).conditions[0], foreign)
  assert.deepEqual(statuses.get(web).listeners[0].conditions[0], foreign)
  const { parents } = statuses.get('HTTPRoute default/r')
  assert.deepEqual(parents[0], entry)
  assert.equal(parents.length, 2)
  assert.equal(parents[1].parentRef.name, 'web')
})

test('what has no effect is said, and the Gateway is accepted all the same', () => {
  const more = ', tls: { backend: { clientCertificateRef: { name: x } } }, allowedListeners: { namespaces: { from: All } }'
  const [accepted] = statusesOf(worldOf(gateway('web', http, more))).get(web).conditions
  assert.equal(accepted.status, 'True')
  assert.match(accepted.message, /^spec.tls.backend has no effect: .*\. spec.allowedListeners has no effect: /)
})

test('the generation that was looked at, and the time of the last change of status', () => {
  const world = worldOf(gateway('web', http))
  const before = settled(world)
  const bumped = {
    ...before,
    gateways: before.gateways.map((one) => ({ ...one, metadata: { ...one.metadata, generation: 2 } })),
  }
  const [command] = translateGateways(bumped, '2027-01-01T00:00:00Z').commands
  assert.ok(command?.do === 'patch' && command.resourceVersion === '1' && command.subresource === 'status')
  const { conditions } = (command.body as { status: { conditions: { observedGeneration: number; lastTransitionTime: string }[] } }).status
  for (const { observedGeneration, lastTransitionTime } of conditions) {
    assert.equal(observedGeneration, 2)
    assert.equal(lastTransitionTime, now)
  }
})

test('a Gateway that is programmed stays so while the proxy takes over something else', () => {
  const world = settled(worldOf(gateway('web', http)))
  assert.deepEqual(translateGateways({ ...world, isServing: false }, now).commands, [])
})

test('the model is the same in whatever order objects were heard of', () => {
  const world = worldOf(
    gateway('web', http) + gateway('b', '{ name: x, port: 81, protocol: HTTP }') + service('v1') + route('r', toV1) + route('s', toV1),
  )
  const turned = { ...world, gateways: world.gateways.toReversed(), httpRoutes: world.httpRoutes.toReversed() }
  assert.deepEqual(translateGateways(turned, now).model, translateGateways(world, now).model)
})

test('what the proxy refuses is told where it stands, and is served again once nothing is said against it', () => {
  const own = serverCertificate('a.example')
  const data = `tls.crt: ${Buffer.from(own.certificate).toString('base64')}, tls.key: ${Buffer.from(own.key).toString('base64')}`
  const world = worldOf(
    gateway('web', `${http}, ${https('certificateRefs: [{ name: own }]')}`) +
      `{ kind: Secret, metadata: { name: own }, type: kubernetes.io/tls, data: { ${data} } }\n---\n` +
      service('v1') +
      route('r', toV1),
  )
  const translate = createGatewayTranslator()
  /** After the statuses of this world were written. */
  const told = (view: GatewayView) =>
    statusLines(
      settled(view, (one) => atOnce(translate(one, now))),
      (one) => atOnce(translate(one, now)),
    )
  const good = told(world)
  assert.ok(good.includes('HTTPRoute default/r → web: Accepted True Accepted'))
  const refusals = new Map([
    ['httproute/default/r', 'The proxy does not take it. spec.rules[0]: no'],
    ['certificate default/own', 'The proxy does not take it. bad'],
  ])
  const bad = told({ ...world, refusals })
  for (const line of [
    'HTTPRoute default/r → web: Accepted False UnsupportedValue',
    'Gateway default/web https: ResolvedRefs False InvalidCertificateRef',
    'Gateway default/web https: Programmed False Invalid',
    'Gateway default/web https: attached 0, kinds HTTPRoute GRPCRoute',
    'Gateway default/web http: Programmed True Programmed',
  ])
    assert.ok(bad.includes(line), `${line}\nis not among\n${bad.join('\n')}`)
  const { conditions } = statusesOf({ ...world, refusals }).get('HTTPRoute default/r').parents[0]
  assert.equal(conditions[0].message, 'The proxy does not take it. spec.rules[0]: no')
  // It stays in the model: only so is it known when it changes.
  assert.deepEqual(translateGateways({ ...world, refusals }, now).model, translateGateways(world, now).model)
  assert.deepEqual(told(world), good)
})
