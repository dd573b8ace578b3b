import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, now, type TestRequest, worldOf } from './testing.ts'
import { translateGateways } from './translate-gateways.ts'

/** What becomes of requests, by the behaviours that the Gateway API's conformance suite asks for. */

interface Case {
  readonly name: string
  readonly manifests: string
  readonly requests: readonly (readonly [request: TestRequest, answer: string])[]
}

const services = ['v1', 'v2', 'v3']
  .map(
    (name) => `
kind: Service
metadata: { name: ${name} }
spec: { type: ClusterIP, ports: [{ port: 80, protocol: TCP }] }
---`,
  )
  .join('')
const web = `
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: wherry
  listeners: [{ name: http, port: 80, protocol: HTTP }]
---`

const cases: readonly Case[] = [
  {
    name: 'a route without matches takes every path, and what no route takes is 404',
    manifests: `${web}
kind: HTTPRoute
metadata: { name: r }
spec: { parentRefs: [{ name: web }], hostnames: [a.example], rules: [{ backendRefs: [{ name: v1, port: 80 }] }] }`,
    requests: [
      [{ host: 'a.example', path: '/x' }, 'default/v1:80'],
      [{ host: 'b.example', path: '/x' }, '404'],
      [{ host: 'a.example', port: 81 }, '404'],
    ],
  },
  {
    name: 'paths: exact before prefix, longer prefixes first, by elements; whatever the order of the rules',
    manifests: `${web}
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ path: { type: PathPrefix, value: / } }], backendRefs: [{ name: v1, port: 80 }] }
    - { matches: [{ path: { type: PathPrefix, value: /one } }], backendRefs: [{ name: v2, port: 80 }] }
    - { matches: [{ path: { type: PathPrefix, value: /one/two/ } }], backendRefs: [{ name: v1, port: 80 }] }
    - { matches: [{ path: { type: Exact, value: /one/two } }], backendRefs: [{ name: v3, port: 80 }] }`,
    requests: [
      [{ path: '/' }, 'default/v1:80'],
      [{ path: '/one' }, 'default/v2:80'],
      [{ path: '/oneself' }, 'default/v1:80'],
      [{ path: '/one/x' }, 'default/v2:80'],
      [{ path: '/one/two' }, 'default/v3:80'],
      [{ path: '/one/two/three' }, 'default/v1:80'],
    ],
  },
  {
    name: 'methods, headers and query parameters tell requests apart: more of them come first',
    manifests: `${web}
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - matches: [{ headers: [{ name: version, value: two }] }, { path: { type: PathPrefix, value: /v2 } }]
      backendRefs: [{ name: v2, port: 80 }]
    - { matches: [{ headers: [{ name: Version, value: two }, { name: color, value: blue }] }], backendRefs: [{ name: v3, port: 80 }] }
    - { matches: [{ queryParams: [{ name: animal, value: whale }] }], backendRefs: [{ name: v2, port: 80 }] }
    - { matches: [{ method: POST }], backendRefs: [{ name: v3, port: 80 }] }
    - { backendRefs: [{ name: v1, port: 80 }] }`,
    requests: [
      [{}, 'default/v1:80'],
      [{ headers: { VERSION: 'two' } }, 'default/v2:80'],
      [{ headers: { version: 'Two' } }, 'default/v1:80'],
      [{ headers: { version: 'two', color: 'blue' } }, 'default/v3:80'],
      [{ path: '/v2/x', headers: { version: 'two', color: 'blue' } }, 'default/v2:80'],
      [{ query: { animal: 'whale' } }, 'default/v2:80'],
      [{ query: { Animal: 'whale' } }, 'default/v1:80'],
      [{ method: 'POST', headers: { version: 'two', color: 'blue' } }, 'default/v3:80'],
    ],
  },
  {
    name: 'regular expressions for path, header and query parameter, of the whole value',
    manifests: `${web}
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ path: { type: RegularExpression, value: '/u/[0-9]+' } }], backendRefs: [{ name: v2, port: 80 }] }
    - { matches: [{ headers: [{ type: RegularExpression, name: agent, value: 'curl/.*' }] }], backendRefs: [{ name: v3, port: 80 }] }`,
    requests: [
      [{ path: '/u/12' }, 'default/v2:80'],
      [{ path: '/u/12/x' }, '404'],
      [{ path: '/u', headers: { agent: 'curl/8' } }, 'default/v3:80'],
      [{ path: '/u', headers: { agent: 'my curl/8' } }, '404'],
    ],
  },
  {
    name: 'across routes: the better match wins, then the older route, then its name, then the earlier rule',
    manifests: `${web}
kind: HTTPRoute
metadata: { name: younger, creationTimestamp: "2026-01-01T01:00:00Z" }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ path: { value: /same } }], backendRefs: [{ name: v2, port: 80 }] }
    - { matches: [{ path: { value: /same/longer } }], backendRefs: [{ name: v2, port: 80 }] }
---
kind: HTTPRoute
metadata: { name: older, creationTimestamp: "2026-01-01T00:30:00Z" }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ path: { value: /same } }], backendRefs: [{ name: v1, port: 80 }] }
    - { matches: [{ path: { value: /same } }], backendRefs: [{ name: v3, port: 80 }] }
---
kind: HTTPRoute
metadata: { name: older-too, creationTimestamp: "2026-01-01T00:30:00Z" }
spec: { parentRefs: [{ name: web }], rules: [{ matches: [{ path: { value: /same } }], backendRefs: [{ name: v3, port: 80 }] }] }`,
    requests: [
      [{ path: '/same' }, 'default/v1:80'],
      [{ path: '/same/longer' }, 'default/v2:80'],
    ],
  },
  {
    name: 'hosts of listener and route: only what both mean; ports in Host are nobody’s matter',
    manifests: `
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: wherry
  listeners:
    - { name: exact, port: 80, protocol: HTTP, hostname: very.specific.com }
    - { name: wild, port: 80, protocol: HTTP, hostname: "*.wildcard.io" }
---
kind: HTTPRoute
metadata: { name: s1 }
spec:
  parentRefs: [{ name: web }]
  hostnames: [non.matching.com, "*.nonmatchingwildcard.io", very.specific.com]
  rules: [{ matches: [{ path: { value: /s1 } }], backendRefs: [{ name: v1, port: 80 }] }]
---
kind: HTTPRoute
metadata: { name: s2 }
spec:
  parentRefs: [{ name: web }]
  hostnames: [foo.wildcard.io, bar.wildcard.io, wildcard.io]
  rules: [{ matches: [{ path: { value: /s2 } }], backendRefs: [{ name: v2, port: 80 }] }]
---
kind: HTTPRoute
metadata: { name: s3 }
spec:
  parentRefs: [{ name: web }]
  hostnames: ["*.specific.com"]
  rules: [{ matches: [{ path: { value: /s3 } }], backendRefs: [{ name: v3, port: 80 }] }]`,
    requests: [
      [{ host: 'very.specific.com', path: '/s1' }, 'default/v1:80'],
      [{ host: 'non.matching.com', path: '/s1' }, '404'],
      [{ host: 'foo.wildcard.io', path: '/s1' }, '404'],
      [{ host: 'foo.wildcard.io', path: '/s2' }, 'default/v2:80'],
      [{ host: 'baz.wildcard.io', path: '/s2' }, '404'],
      [{ host: 'wildcard.io', path: '/s2' }, '404'],
      [{ host: 'very.specific.com', path: '/s3' }, 'default/v3:80'],
      [{ host: 'foo.specific.com', path: '/s3' }, '404'],
    ],
  },
  {
    name: 'a host belongs to the listener that names it best, even where another’s route names it exactly',
    manifests: `
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: wherry
  listeners:
    - { name: all, port: 80, protocol: HTTP }
    - { name: example, port: 80, protocol: HTTP, hostname: "*.example.com" }
    - { name: foo, port: 80, protocol: HTTP, hostname: "*.foo.example.com" }
---
kind: HTTPRoute
metadata: { name: all }
spec:
  parentRefs: [{ name: web, sectionName: all }]
  hostnames: [bar.com, "*.example.com", a.foo.example.com]
  rules: [{ matches: [{ path: { value: /all } }], backendRefs: [{ name: v1, port: 80 }] }]
---
kind: HTTPRoute
metadata: { name: foo }
spec:
  parentRefs: [{ name: web, sectionName: foo }]
  hostnames: ["*.example.com"]
  rules: [{ matches: [{ path: { value: /foo } }], backendRefs: [{ name: v2, port: 80 }] }]`,
    requests: [
      [{ host: 'bar.com', path: '/all' }, 'default/v1:80'],
      [{ host: 'b.example.com', path: '/all' }, '404'],
      [{ host: 'a.foo.example.com', path: '/all' }, '404'],
      [{ host: 'a.b.foo.example.com', path: '/foo' }, 'default/v2:80'],
      [{ host: 'b.example.com', path: '/foo' }, '404'],
    ],
  },
  {
    name: 'Gateways share a port: each listener has its own routes, and takes nothing away from another Gateway’s',
    manifests: `
kind: Gateway
metadata: { name: web }
spec: { gatewayClassName: wherry, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
kind: Gateway
metadata: { name: other }
spec:
  gatewayClassName: wherry
  listeners: [{ name: http, port: 80, protocol: HTTP }, { name: shop, port: 80, protocol: HTTP, hostname: "*.example.com" }]
---
kind: HTTPRoute
metadata: { name: r }
spec: { parentRefs: [{ name: web }], hostnames: [shop.example.com], rules: [{ matches: [{ path: { value: /a } }], backendRefs: [{ name: v1, port: 80 }] }] }
---
kind: HTTPRoute
metadata: { name: s }
spec:
  parentRefs: [{ name: other }]
  rules: [{ matches: [{ path: { value: /b } }, { path: { value: /a } }], backendRefs: [{ name: v2, port: 80 }] }]`,
    requests: [
      [{ host: 'shop.example.com', path: '/a' }, 'default/v1:80'],
      [{ host: 'shop.example.com', path: '/b' }, 'default/v2:80'],
      [{ host: 'elsewhere.org', path: '/a' }, 'default/v2:80'],
    ],
  },
  {
    name: 'routes whose hosts come to the same at a listener: the one that named it more precisely first, what it leaves over to the other',
    manifests: `
kind: Gateway
metadata: { name: web }
spec: { gatewayClassName: wherry, listeners: [{ name: abc, port: 80, protocol: HTTP, hostname: abc.example.com }] }
---
kind: HTTPRoute
metadata: { name: older }
spec:
  parentRefs: [{ name: web }]
  hostnames: ["*.example.com"]
  rules: [{ matches: [{ path: { value: /path/longer } }], backendRefs: [{ name: v1, port: 80 }] }]
---
kind: HTTPRoute
metadata: { name: younger }
spec:
  parentRefs: [{ name: web }]
  hostnames: [abc.example.com]
  rules: [{ matches: [{ path: { value: /path }, headers: [{ name: a, value: b }] }], backendRefs: [{ name: v2, port: 80 }] }]`,
    requests: [
      [{ host: 'abc.example.com', path: '/path/longer', headers: { a: 'b' } }, 'default/v2:80'],
      [{ host: 'abc.example.com', path: '/path/longer' }, 'default/v1:80'],
    ],
  },
  {
    name: 'a parent’s port and section choose listeners',
    manifests: `
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: wherry
  listeners:
    - { name: one, port: 80, protocol: HTTP }
    - { name: two, port: 8080, protocol: HTTP }
    - { name: three, port: 8090, protocol: HTTP }
---
kind: HTTPRoute
metadata: { name: section }
spec: { parentRefs: [{ name: web, sectionName: one }], rules: [{ backendRefs: [{ name: v1, port: 80 }] }] }
---
kind: HTTPRoute
metadata: { name: port }
spec: { parentRefs: [{ name: web, port: 8080 }], rules: [{ backendRefs: [{ name: v2, port: 80 }] }] }`,
    requests: [
      [{ port: 80 }, 'default/v1:80'],
      [{ port: 8080 }, 'default/v2:80'],
      [{ port: 8090 }, '404'],
    ],
  },
  {
    name: 'weights, 0 among them; what cannot be followed keeps its share as 500; nothing to follow is 500',
    manifests: `${web}
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - matches: [{ path: { value: /canary } }]
      backendRefs: [{ name: v1, port: 80, weight: 90 }, { name: v2, port: 80, weight: 10 }, { name: v3, port: 80, weight: 0 }]
    - { matches: [{ path: { value: /half } }], backendRefs: [{ name: v1, port: 80 }, { name: gone, port: 80 }] }
    - { matches: [{ path: { value: /gone } }], backendRefs: [{ name: gone, port: 80 }] }
    - { matches: [{ path: { value: /zero } }], backendRefs: [{ name: v1, port: 80, weight: 0 }] }
    - { matches: [{ path: { value: /none } }], backendRefs: [] }
    - { matches: [{ path: { value: /omitted } }] }
    - { matches: [{ path: { value: /port } }], backendRefs: [{ name: v1, port: 81 }] }
    - { matches: [{ path: { value: /kind } }], backendRefs: [{ name: v1, port: 80, kind: Nonsense }] }`,
    requests: [
      [{ path: '/canary' }, 'default/v1:80 ×90, default/v2:80 ×10, default/v3:80 ×0'],
      [{ path: '/half' }, 'default/v1:80 ×1, 500 ×1'],
      ...['/gone', '/zero', '/none', '/omitted', '/port', '/kind'].map((path) => [{ path }, '500'] as const),
    ],
  },
  {
    name: 'other namespaces: routes where a listener lets them in, backends where a grant lets them be used',
    manifests: `
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: wherry
  listeners:
    - { name: same, port: 80, protocol: HTTP }
    - { name: all, port: 81, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }
    - { name: some, port: 82, protocol: HTTP, allowedRoutes: { namespaces: { from: Selector, selector: { matchLabels: { team: shop } } } } }
---
{ kind: Namespace, metadata: { name: shop, labels: { team: shop } } }
---
{ kind: Namespace, metadata: { name: other } }
---
{ kind: Service, metadata: { name: app, namespace: other }, spec: { ports: [{ port: 80, protocol: TCP }] } }
---
{ kind: Service, metadata: { name: secret, namespace: other }, spec: { ports: [{ port: 80, protocol: TCP }] } }
---
kind: ReferenceGrant
metadata: { name: in, namespace: other }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop }]
  to: [{ group: "", kind: Service, name: app }]
---
kind: HTTPRoute
metadata: { name: r, namespace: shop }
spec:
  parentRefs: [{ name: web, namespace: default }]
  rules:
    - { matches: [{ path: { value: /app } }], backendRefs: [{ name: app, namespace: other, port: 80 }] }
    - { matches: [{ path: { value: /secret } }], backendRefs: [{ name: secret, namespace: other, port: 80 }] }
---
kind: HTTPRoute
metadata: { name: r, namespace: other }
spec: { parentRefs: [{ name: web, namespace: default }], rules: [{ matches: [{ path: { value: /own } }], backendRefs: [{ name: app, port: 80 }] }] }`,
    requests: [
      [{ port: 80, path: '/app' }, '404'],
      [{ port: 81, path: '/app' }, 'other/app:80'],
      [{ port: 81, path: '/secret' }, '500'],
      [{ port: 81, path: '/own' }, 'other/app:80'],
      [{ port: 82, path: '/app' }, 'other/app:80'],
      [{ port: 82, path: '/own' }, '404'],
    ],
  },
  {
    name: 'redirects; filters that nobody knows are not skipped; a rule that cannot be served is left out whole',
    manifests: `${web}
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ path: { value: /old } }], filters: [{ type: RequestRedirect, requestRedirect: { scheme: https, statusCode: 301 } }] }
    - matches: [{ path: { value: /auth } }]
      filters: [{ type: ExtensionRef, extensionRef: { group: auth.example, kind: Login, name: x } }]
      backendRefs: [{ name: v1, port: 80 }]
    - matches: [{ path: { value: /mirror } }]
      filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: v2, port: 80 } } }]
      backendRefs: [{ name: v1, port: 80 }]`,
    requests: [
      [{ path: '/old/x' }, 'redirect 301'],
      [{ path: '/auth' }, '500'],
      [{ path: '/mirror' }, '404'],
    ],
  },
  {
    name: 'gRPC: services and methods, longer ones first, over HTTP/2',
    manifests: `${web}
kind: GRPCRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ method: { method: Echo } }], backendRefs: [{ name: v3, port: 80 }] }
    - { matches: [{ method: { service: a.B } }], backendRefs: [{ name: v2, port: 80 }] }
    - { matches: [{ method: { service: a.B, method: Echo } }], backendRefs: [{ name: v1, port: 80 }] }
    - { matches: [{ method: { service: a.B }, headers: [{ name: color, value: blue }] }], backendRefs: [{ name: v3, port: 80 }] }
    - { matches: [{ method: { type: RegularExpression, service: 'r[0-9].*', method: Get } }], backendRefs: [{ name: v1, port: 80 }] }`,
    requests: [
      [{ path: '/a.B/Echo', method: 'POST' }, 'default/v1:80/h2c'],
      [{ path: '/a.B/Echo', headers: { color: 'blue' } }, 'default/v1:80/h2c'],
      [{ path: '/a.B/Other' }, 'default/v2:80/h2c'],
      [{ path: '/a.B/Other', headers: { color: 'blue' } }, 'default/v3:80/h2c'],
      [{ path: '/z/Echo' }, 'default/v3:80/h2c'],
      [{ path: '/r1.x/Get' }, 'default/v1:80/h2c'],
      [{ path: '/z/Other' }, '404'],
    ],
  },
  {
    name: 'gRPC: what cannot be followed is unavailable, for its share or whole',
    manifests: `${web}
kind: GRPCRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ method: { service: half } }], backendRefs: [{ name: v1, port: 80 }, { name: gone, port: 80 }] }
    - { matches: [{ method: { service: gone } }], backendRefs: [{ name: gone, port: 80 }] }
    - { matches: [{ method: { service: zero } }], backendRefs: [{ name: v1, port: 80, weight: 0 }] }
    - { matches: [{ method: { service: none } }] }
    - matches: [{ method: { service: auth } }]
      filters: [{ type: ExtensionRef, extensionRef: { group: auth.example, kind: Login, name: x } }]
      backendRefs: [{ name: v1, port: 80 }]`,
    requests: [
      [{ path: '/half/Get' }, 'default/v1:80/h2c ×1, 503 ×1'],
      ...['/gone/Get', '/zero/Get', '/none/Get', '/auth/Get'].map((path) => [{ path }, '503'] as const),
      [{ path: '/else/Get' }, '404'],
    ],
  },
  {
    name: 'a short service comes before a long method alone',
    manifests: `${web}
kind: GRPCRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ method: { method: VeryLongMethodName } }], backendRefs: [{ name: v1, port: 80 }] }
    - { matches: [{ method: { service: s } }], backendRefs: [{ name: v2, port: 80 }] }`,
    requests: [[{ path: '/s/VeryLongMethodName' }, 'default/v2:80/h2c']],
  },
  {
    name: 'the port’s appProtocol says how to speak; TLS towards backends is not spoken',
    manifests: `${web}
kind: Service
metadata: { name: app }
spec:
  ports:
    - { name: h2c, port: 1, protocol: TCP, appProtocol: kubernetes.io/h2c }
    - { name: ws, port: 2, protocol: TCP, appProtocol: kubernetes.io/ws }
    - { name: wss, port: 3, protocol: TCP, appProtocol: kubernetes.io/wss }
    - { name: udp, port: 4, protocol: UDP }
    - { name: plain, port: 5, protocol: TCP, appProtocol: http }
---
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - { matches: [{ path: { value: /1 } }], backendRefs: [{ name: app, port: 1 }] }
    - { matches: [{ path: { value: /2 } }], backendRefs: [{ name: app, port: 2 }] }
    - { matches: [{ path: { value: /3 } }], backendRefs: [{ name: app, port: 3 }] }
    - { matches: [{ path: { value: /4 } }], backendRefs: [{ name: app, port: 4 }] }
    - { matches: [{ path: { value: /5 } }], backendRefs: [{ name: app, port: 5 }] }`,
    requests: [
      [{ path: '/1' }, 'default/app:1/h2c'],
      [{ path: '/2' }, 'default/app:2'],
      [{ path: '/3' }, '500'],
      [{ path: '/4' }, '500'],
      [{ path: '/5' }, 'default/app:5'],
    ],
  },
  {
    name: 'a class of somebody else is not served, nor what is being deleted',
    manifests: `
kind: GatewayClass
metadata: { name: other, creationTimestamp: "2026-01-01T00:00:00Z" }
spec: { controllerName: example.net/other }
---
kind: Gateway
metadata: { name: web }
spec: { gatewayClassName: other, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
kind: HTTPRoute
metadata: { name: r }
spec: { parentRefs: [{ name: web }], rules: [{ backendRefs: [{ name: v1, port: 80 }] }] }`,
    requests: [[{}, '404']],
  },
]

for (const { name, manifests, requests } of cases)
  test(name, () => {
    const { model } = translateGateways(worldOf(services + manifests), now)
    for (const [request, answer] of requests) assert.equal(answerOf(model, request), answer, JSON.stringify(request))
  })

for (const [timeouts, connectTimeoutMs] of [
  ['{ request: 1s }', 200],
  ['{ request: 1s, backendRequest: 100ms }', 100],
  ['{ request: 1ms }', 1],
  ['{ request: 0s, backendRequest: 2s }', 2_000],
  ['{ request: 0s }', undefined],
  ['{ request: 30s }', undefined],
] as const)
  test(`timeouts ${timeouts}: a connection may take ${connectTimeoutMs} ms`, () => {
    const rule = `{ timeouts: ${timeouts}, backendRefs: [{ name: v1, port: 80 }] }`
    const route = `kind: HTTPRoute\nmetadata: { name: r }\nspec: { parentRefs: [{ name: web }], rules: [${rule}] }`
    const { model } = translateGateways(worldOf(`${services}${web}\n${route}`), now)
    const action = model.listeners[0]?.routes[0]?.action
    assert.equal(action?.do === 'forward' && action.connectTimeoutMs, connectTimeoutMs)
  })

test('filters become what the proxy is to change: headers, path, host, times', () => {
  const { model } = translateGateways(
    worldOf(`${services}${web}
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: web }]
  rules:
    - matches: [{ path: { value: /old } }]
      timeouts: { request: 1m30s, backendRequest: 500ms }
      filters:
        - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: A, value: "1" }, { name: a, value: "2" }], remove: [b] } }
        - { type: ResponseHeaderModifier, responseHeaderModifier: { add: [{ name: C, value: "3" }] } }
        - { type: URLRewrite, urlRewrite: { hostname: in.example, path: { type: ReplacePrefixMatch, replacePrefixMatch: /new } } }
      backendRefs:
        - { name: v1, port: 80, filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: D, value: "4" }] } }] }`),
    now,
  )
  assert.deepEqual(model.listeners[0]?.routes[0]?.action, {
    do: 'forward',
    requestHeaders: { set: [{ name: 'A', value: '1' }], add: [], remove: ['b'] },
    responseHeaders: { set: [], add: [{ name: 'C', value: '3' }], remove: [] },
    rewrite: { hostname: 'in.example', path: { type: 'ReplacePrefix', value: '/new' } },
    timeouts: { requestMs: 90_000, backendRequestMs: 500 },
    connectTimeoutMs: 500,
    backends: [{ to: 'default/v1:80', weight: 1, requestHeaders: { set: [{ name: 'D', value: '4' }], add: [], remove: [] } }],
  })
  assert.deepEqual(model.backends, [
    { name: 'default/v1:80', protocol: 'http', endpoints: [{ address: '10.0.0.1', port: 80, state: 'ready' }] },
  ])
})
