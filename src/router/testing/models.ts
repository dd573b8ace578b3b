import fc from 'fast-check'
import type { Backend } from '../model/backend.ts'
import type { Listener } from '../model/listener.ts'
import type { PathMatch, Route, ValueMatch } from '../model/route.ts'
import type { RouterModel } from '../model/router-model.ts'

/** A route with what tests seldom vary. */
export function route(parts: Partial<Route> & Pick<Route, 'name'>): Route {
  return {
    hostname: '',
    path: { type: 'Prefix', value: '/' },
    headers: [],
    queryParameters: [],
    age: { createdMs: 0, object: 'ns/object', index: 0 },
    action: { do: 'answer', status: 404 },
    ...parts,
  }
}

/** A listener of port 18080 without TLS, for every host. */
export function listener(parts: Partial<Listener> = {}): Listener {
  return {
    name: 'test/http',
    group: 'ingress',
    port: 18_080,
    protocol: 'HTTP',
    hostname: '',
    wildcards: 'one label',
    hostsFallThrough: false,
    certificates: [],
    routes: [],
    ...parts,
  }
}

/** A backend of endpoints on loopback. */
export const backend = (name: string, ports: readonly number[], draining: readonly number[] = []): Backend => ({
  name,
  protocol: 'http',
  endpoints: ports.map((port) => ({ address: '127.0.0.1', port, state: draining.includes(port) ? 'draining' : 'ready' })),
})

/** What a client asks. */
export interface TestRequest {
  readonly host: string
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
}

const hostnames = ['', 'a.example', 'b.a.example', '*.a.example', '*.example', '*.b.a.example', 'c.example']
const paths = ['/', '/a', '/a/', '/a/b', '/a/b/c', '/ab', '/a;x/%41', '/b']
const methods = ['GET', 'POST', 'PURGE']
const names = ['x-one', "x'y"]
// biome-ignore lint/suspicious/noTemplateCurlyInString: what HAProxy must not expand either
const values = ['1', 'it\'s \\ "50%" #[x] $HOME ${HOME}', 'a,b']

const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('Exact' as const, 'Prefix' as const), value: fc.constantFrom(...paths) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('RegularExpression' as const), value: fc.constantFrom('/a.*', '/(a|b)/[a-z]', '/[^/]+') }),
  },
)
const valueMatches = (all: readonly string[]): fc.Arbitrary<readonly ValueMatch[]> =>
  fc
    .uniqueArray(
      fc.record({
        name: fc.constantFrom(...all),
        type: fc.constantFrom('Exact' as const, 'Exact' as const, 'RegularExpression' as const),
        value: fc.constantFrom(...values),
      }),
      { maxLength: 2, selector: ({ name }) => name },
    )
    .map((matches) => matches.map((match) => (match.type === 'Exact' ? match : { ...match, value: '[0-9]|a,.' })))

/** Routes to some of these backends, at hosts and paths that meet. */
export const modelsOver = (backends: readonly Backend[], port: number): fc.Arbitrary<RouterModel> => {
  const anyRoute = fc.record({
    hostname: fc.constantFrom(...hostnames),
    path: pathMatch,
    method: fc.option(fc.constantFrom(...methods), { nil: undefined, freq: 3 }),
    headers: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: valueMatches(names) }),
    queryParameters: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: valueMatches(['q', 'n*|m']) }),
    createdMs: fc.integer({ min: 0, max: 3 }),
    to: fc.constantFrom(...backends.map(({ name }) => name)),
  })
  const anyListener = fc.record({
    group: fc.constantFrom('ingress' as const, 'gateway' as const),
    hostname: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom(...hostnames) }),
    routes: fc.array(anyRoute, { maxLength: 8 }),
  })
  return fc.array(anyListener, { minLength: 1, maxLength: 4 }).map((listeners) => ({
    backends,
    certificates: [],
    listeners: listeners.map(({ group, hostname, routes }, place) => ({
      ...listener({
        name: `l${place}`,
        port,
        group,
        hostname,
        wildcards: group === 'ingress' ? 'one label' : 'many labels',
        hostsFallThrough: group === 'gateway',
      }),
      routes: routes.map(({ createdMs, to, method, ...match }, index) =>
        route({
          ...match,
          ...(method !== undefined && { method }),
          name: `r${index}`,
          age: { createdMs, object: `ns/${place}`, index },
          action: { do: 'forward', backends: [{ to, weight: 1 }] },
        }),
      ),
    })),
  }))
}

/** Requests that such routes may be for. */
export const anyRequest: fc.Arbitrary<TestRequest> = fc.record({
  host: fc.constantFrom(
    'a.example',
    'b.a.example',
    'x.a.example',
    'y.x.a.example',
    'z.b.a.example',
    'c.example',
    'example',
    'other.test',
    'A.Example:80',
  ),
  path: fc.constantFrom(...paths, '/a/b/', '/a/bc', '/abc', '/b/z', '/a/b/c/d'),
  method: fc.constantFrom(...methods),
  headers: fc.oneof(fc.constant({}), fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...values), { maxKeys: 2 })),
  query: fc.oneof(fc.constant({}), fc.dictionary(fc.constantFrom('q', 'n*|m'), fc.constantFrom(...values), { maxKeys: 2 })),
})
