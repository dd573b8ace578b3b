import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { Command } from '#loop/controller.ts'
import { decide } from '../testing/decide.ts'
import { translateIngresses } from './translate-ingresses.ts'

/** Two Services with an endpoint each, `web` and `api`; further ones as a test says. */
const services: Readonly<Record<string, object>> = {
  web: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  api: { ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
  alias: { type: 'ExternalName', externalName: 'a.example', ports: [{ port: 80, protocol: 'TCP' }] },
  secure: { ports: [{ port: 443, protocol: 'TCP', appProtocol: 'https' }] },
}
const ours = {
  metadata: { name: 'wherry', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  spec: { controller: 'wherry.dev/router' },
}
const theirs = { metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } }

let created = 0
function ingress(name: string, spec: object, annotations: Readonly<Record<string, string>> = {}): Ingress {
  created += 1
  return {
    metadata: { name, namespace: 'ns', uid: name, annotations, creationTimestamp: new Date(created * 1_000).toISOString() },
    spec,
    status: {},
  } as unknown as Ingress
}
const to = (service: string, port: object = { number: service === 'api' ? 8080 : 80 }) => ({ service: { name: service, port } })
const rule = (host: string | undefined, ...paths: readonly (readonly [string, string, string, object?])[]) => ({
  ...(host !== undefined && { host }),
  http: { paths: paths.map(([pathType, path, service, port]) => ({ pathType, path, backend: to(service, port) })) },
})

const translate = (
  ingresses: readonly Ingress[],
  more: { readonly classes?: readonly object[]; readonly blocked?: readonly number[] } = {},
) =>
  translateIngresses({
    ingresses,
    classes: (more.classes ?? [ours, theirs]) as unknown as readonly IngressClass[],
    ports: { http: 80, https: 443 },
    router: {
      service: (name, namespace) =>
        services[name] === undefined ? undefined : ({ metadata: { name, namespace }, spec: services[name] } as unknown as Service),
      slices: (name) =>
        [
          {
            addressType: 'IPv4',
            ports: [{ name: 'http', port: 8000, protocol: 'TCP' }],
            endpoints: [{ addresses: [name === 'web' ? '10.0.0.1' : '10.0.0.2'], conditions: { ready: true } }],
          },
        ] as unknown as readonly EndpointSlice[],
      secret: () => undefined as Secret | undefined,
      refusals: new Map(),
      addresses: ['192.0.2.1'],
      taken: new Map(),
      portProblem: (port) => (more.blocked?.includes(port) ? `port ${port} is in use` : undefined),
      isServing: true,
    },
  })

/** Where requests to `host/path` go: the backend, a status, or where a redirect leads. */
function check(name: string, ingresses: readonly Ingress[], answers: Readonly<Record<string, string>>, reasons: readonly string[] = []) {
  test(name, () => {
    const { model, commands } = translate(ingresses)
    for (const [url, wanted] of Object.entries(answers)) {
      const [host, ...path] = url.split('/')
      const found = decide(model, 80, { host: host!, path: `/${path.join('/')}`, method: 'GET', headers: {}, query: {} })
      const { action } = found ?? { action: { do: 'answer' as const, status: 404 } }
      const said =
        action.do === 'forward'
          ? action.backends[0]!.to
          : action.do === 'redirect'
            ? `${action.status} ${action.scheme}`
            : `${action.status}`
      assert.equal(said, wanted, url)
    }
    assert.deepEqual(events(commands), reasons)
  })
}
const events = (commands: readonly Command[]): string[] =>
  commands.flatMap((command) => (command.do === 'event' ? [`${command.regarding.metadata.name} ${command.reason}`] : []))

check(
  'path types, ports by name and number, a host without paths to compare, and every host',
  [
    ingress('one', {
      rules: [
        rule('a.example', ['Exact', '/exact', 'api'], ['Prefix', '/', 'web', { name: 'http' }], ['ImplementationSpecific', '/impl', 'api']),
        rule(undefined, ['Prefix', '/any', 'api']),
      ],
    }),
  ],
  {
    'a.example/exact': 'ns/api:8080',
    'a.example/exact/': 'ns/web:80',
    'a.example/implied': 'ns/web:80',
    'a.example/impl/x': 'ns/api:8080',
    'b.example/any/x': 'ns/api:8080',
    'b.example/': '404',
  },
)

check(
  'default backends take what is left: of the host’s own Ingress, else that of the one that has nothing else',
  [
    ingress('own', { defaultBackend: to('api'), rules: [rule('a.example', ['Exact', '/x', 'web'])] }),
    ingress('none', { rules: [rule('b.example', ['Exact', '/x', 'api'])] }),
    ingress('all', { defaultBackend: to('web') }),
  ],
  { 'a.example/x': 'ns/web:80', 'a.example/y': 'ns/api:8080', 'b.example/y': 'ns/web:80', 'c.example/': 'ns/web:80' },
)

check(
  'and where all have rules, that of the oldest: it is for requests that no rule is for',
  [
    ingress('none', { rules: [rule('b.example', ['Exact', '/x', 'api'])] }),
    ingress('own', { defaultBackend: to('api'), rules: [rule('a.example', ['Exact', '/x', 'web'])] }),
    ingress('young', { defaultBackend: to('web'), rules: [rule('d.example', ['Exact', '/x', 'api'])] }),
  ],
  { 'a.example/y': 'ns/api:8080', 'b.example/y': 'ns/api:8080', 'c.example/': 'ns/api:8080', 'd.example/y': 'ns/web:80' },
)

check(
  'of two that want the same host and path the older one has it, and the younger is told',
  [
    ingress('old', { rules: [rule('a.example', ['Prefix', '/x', 'web'])] }),
    ingress('young', { rules: [rule('a.example', ['Prefix', '/x/', 'api'], ['Exact', '/x', 'api'])] }),
  ],
  { 'a.example/x/y': 'ns/web:80', 'a.example/x': 'ns/api:8080' },
  ['young PathConflict'],
)

check(
  'what cannot be followed is answered with 503 and said; the rest goes on',
  [
    ingress('one', {
      rules: [
        rule(
          'a.example',
          ['Prefix', '/', 'web'],
          ['Prefix', '/gone', 'gone'],
          ['Prefix', '/alias', 'alias'],
          ['Prefix', '/port', 'web', { number: 81 }],
          ['Prefix', '/tls', 'secure', { number: 443 }],
        ),
        { host: 'b.example', http: { paths: [{ pathType: 'Prefix', path: '/', backend: { resource: { kind: 'Bucket', name: 'b' } } }] } },
        rule('c.example', ['Prefix', '/with space', 'web']),
      ],
    }),
  ],
  {
    'a.example/': 'ns/web:80',
    'a.example/gone': '503',
    'a.example/alias': '503',
    'a.example/port': '503',
    'a.example/tls': '503',
    'b.example/': '503',
    'c.example/': '404',
  },
  [
    'one ServiceNotFound',
    'one UnsupportedBackend',
    'one ServicePortNotFound',
    'one UnsupportedBackend',
    'one UnsupportedBackend',
    'one InvalidPath',
  ],
)

check(
  'hosts with TLS are sent to it, unless an annotation says no',
  [
    ingress('on', {
      tls: [{ hosts: ['*.a.example'] }],
      rules: [rule('x.a.example', ['Prefix', '/', 'web']), rule('b.example', ['Prefix', '/', 'web'])],
    }),
    ingress(
      'off',
      { tls: [{ hosts: ['c.example'] }], rules: [rule('c.example', ['Prefix', '/', 'web'])] },
      { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' },
    ),
    ingress('odd', { tls: [{}], rules: [rule('d.example', ['Prefix', '/', 'web'])] }, { 'router.wherry.dev/ssl-redirect': 'maybe' }),
    ingress('missing', { tls: [{ hosts: ['e.example'], secretName: 'missing' }], rules: [rule('e.example', ['Prefix', '/', 'web'])] }),
  ],
  {
    'x.a.example/': '308 https',
    'b.example/': 'ns/web:80',
    'c.example/': 'ns/web:80',
    'd.example/': '308 https',
    'e.example/': 'ns/web:80',
  },
  ['odd InvalidAnnotation', 'missing SecretNotFound'],
)

test('annotations that mean exactly what they say are followed, and others are told of', () => {
  const { model, commands } = translate([
    ingress(
      'one',
      { rules: [rule('a.example', ['Prefix', '/x', 'web'])] },
      {
        'nginx.ingress.kubernetes.io/rewrite-target': '/y',
        'nginx.ingress.kubernetes.io/proxy-read-timeout': '300',
        'router.wherry.dev/proxy-connect-timeout': '2',
      },
    ),
    ingress(
      'two',
      { rules: [rule('b.example', ['Prefix', '/x', 'web'])] },
      { 'nginx.ingress.kubernetes.io/rewrite-target': '/$1', 'nginx.ingress.kubernetes.io/server-snippet': 'evil' },
    ),
  ])
  const [one, two] = model.listeners[0]!.routes
  assert.deepEqual(one!.action, {
    do: 'forward',
    backends: [{ to: 'ns/web:80', weight: 1 }],
    rewrite: { path: { type: 'ReplaceFull', value: '/y' } },
    timeouts: { backendRequestMs: 300_000 },
    connectTimeoutMs: 2_000,
  })
  assert.deepEqual(two!.action, { do: 'forward', backends: [{ to: 'ns/web:80', weight: 1 }] })
  assert.deepEqual(events(commands), ['two InvalidAnnotation'])
})

test('classes: ours by name, by the former annotation, or by default; nobody else’s', () => {
  const all = [
    ingress('named', { ingressClassName: 'wherry', defaultBackend: to('web') }),
    ingress('annotated', { defaultBackend: to('web') }, { 'kubernetes.io/ingress.class': 'wherry' }),
    ingress('unnamed', { defaultBackend: to('web') }),
    ingress('foreign', { ingressClassName: 'nginx', defaultBackend: to('web') }),
    ingress('foreign annotated', { defaultBackend: to('web') }, { 'kubernetes.io/ingress.class': 'nginx' }),
    ingress('unknown', { ingressClassName: 'nobody', defaultBackend: to('web') }),
  ]
  const told = (classes: readonly object[]) =>
    translate(all, { classes }).commands.flatMap((command) => (command.do === 'patch' ? [command.name] : []))
  assert.deepEqual(told([ours, theirs]), ['named', 'annotated', 'unnamed'])
  assert.deepEqual(told([{ ...ours, metadata: { name: 'wherry' } }, theirs]), ['named', 'annotated'])
  assert.deepEqual(translate(all, { classes: [theirs] }), { model: { listeners: [], backends: [], certificates: [] }, commands: [] })
})

test('statuses say where, once; a port that cannot be had is told of', () => {
  const one = ingress('one', { defaultBackend: to('web') })
  const [command] = translate([one]).commands
  assert.deepEqual(command?.do === 'patch' && command.body, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } })
  const told = { ...one, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } } as Ingress
  assert.deepEqual(translate([told]).commands, [])
  const blocked = translate([told], { blocked: [80] }).commands
  assert.deepEqual(events(blocked), ['one PortUnavailable'])
  assert.ok(
    blocked.some((command) => command.do === 'patch' && JSON.stringify(command.body) === '{"status":{"loadBalancer":{"ingress":[]}}}'),
  )
})
