import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GatewayView } from './gateway-view.ts'
import { answerOf, now, type TestRequest, worldOf } from './testing.ts'
import { translateGateways } from './translate-gateways.ts'
import type { Gateway, HTTPRoute, HTTPRouteMatch } from './types.ts'

/**
 * Whatever routes there are: the model answers as somebody would who goes through all of them and compares by the sentences of the specification
 * (HTTPRouteSpec.hostnames, HTTPRouteRule.matches, GatewaySpec.listeners), one after the other.
 */

const hostnames = ['', '*.example.com', '*.a.example.com', 'b.a.example.com', 'a.example.com', '*.com', 'other.net'] as const
const hosts = ['b.a.example.com', 'c.a.example.com', 'a.example.com', 'x.example.com', 'x.com', 'other.net', 'unknown.org']
const paths = ['/', '/a', '/a/b', '/a/b/', '/ab', '/a/b/c']

const matchOf: fc.Arbitrary<HTTPRouteMatch> = fc.record(
  {
    path: fc.record({ type: fc.constantFrom('Exact' as const, 'PathPrefix' as const), value: fc.constantFrom(...paths) }),
    method: fc.constantFrom('GET', 'POST'),
    headers: fc.uniqueArray(anyValueOf('x', 'y'), { selector: ({ name }) => name, maxLength: 2 }),
    queryParams: fc.uniqueArray(anyValueOf('p', 'q'), { selector: ({ name }) => name, maxLength: 2 }),
  },
  { requiredKeys: ['path', 'headers', 'queryParams'] },
)

function anyValueOf(...names: readonly string[]) {
  return fc.record({ type: fc.constant('Exact' as const), name: fc.constantFrom(...names), value: fc.constantFrom('1', '2') })
}

const routeOf = fc.record({
  hostnames: fc.uniqueArray(fc.constantFrom(...hostnames.filter((hostname) => hostname !== '')), { maxLength: 3 }),
  rules: fc.array(fc.array(matchOf, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 }),
  /** Some are of the same age. */
  second: fc.integer({ min: 0, max: 2 }),
  section: fc.option(fc.nat(2)),
})

const requestOf: fc.Arbitrary<TestRequest> = fc.record({
  host: fc.constantFrom(...hosts),
  path: fc.constantFrom(...paths),
  method: fc.constantFrom('GET', 'POST'),
  headers: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'), { noNullPrototype: true }),
  query: fc.dictionary(fc.constantFrom('p', 'q'), fc.constantFrom('1', '2'), { noNullPrototype: true }),
})

test('the first route of the model is the one that the specification puts first', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.constantFrom(...hostnames), { minLength: 1, maxLength: 3 }),
      fc.array(routeOf, { minLength: 1, maxLength: 5 }),
      fc.array(requestOf, { minLength: 5, maxLength: 15 }),
      (listeners, routes, requests) => {
        const gateway = gatewayOf(listeners)
        const objects = routes.map((route, i) => objectOf(route, i, listeners.length))
        const world: GatewayView = { ...worldOf(''), gateways: [gateway], httpRoutes: objects, service: (name) => serviceOf(name) }
        const { model } = translateGateways(world, now)
        for (const request of requests)
          assert.equal(answerOf(model, request), naiveAnswer(gateway, objects, request), JSON.stringify(request))
      },
    ),
    { numRuns: 400 },
  )
})

const gatewayOf = (listeners: readonly string[]): Gateway =>
  ({
    kind: 'Gateway',
    metadata: { name: 'web', namespace: 'default', creationTimestamp: now, resourceVersion: '1', uid: 'g' },
    spec: {
      gatewayClassName: 'wherry',
      listeners: listeners.map((hostname, i) => ({ name: `l${i}`, port: 80, protocol: 'HTTP', ...(hostname !== '' && { hostname }) })),
    },
  }) as unknown as Gateway

/** Each rule leads to a Service of its own, so that one sees which it was. */
function objectOf(
  { hostnames, rules, second, section }: typeof routeOf extends fc.Arbitrary<infer T> ? T : never,
  i: number,
  count: number,
) {
  return {
    kind: 'HTTPRoute',
    metadata: { name: `r${i}`, namespace: 'default', creationTimestamp: `2026-01-01T00:00:0${second}Z`, resourceVersion: '1', uid: `${i}` },
    spec: {
      parentRefs: [{ name: 'web', ...(section !== null && { sectionName: `l${section % count}` }) }],
      ...(hostnames.length > 0 && { hostnames }),
      rules: rules.map((matches, rule) => ({ matches, backendRefs: [{ name: `r${i}-${rule}`, port: 80 }] })),
    },
  } as unknown as HTTPRoute
}

const serviceOf = (name: string) =>
  ({ metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80, protocol: 'TCP' }] } }) as unknown as ReturnType<
    GatewayView['service']
  >

interface Candidate {
  readonly backend: string
  /** Compared in order; the larger value wins. */
  readonly keys: readonly (number | string)[]
}

function naiveAnswer(gateway: Gateway, routes: readonly HTTPRoute[], request: TestRequest): string {
  const host = request.host!
  const labelsRight = (pattern: string): number => (pattern === host ? 1000 : pattern === '' ? -1 : pattern.split('.').length)
  const [listener] = gateway.spec.listeners
    .filter(({ hostname = '' }) => hostMatches(hostname, host))
    .sort((left, right) => labelsRight(right.hostname ?? '') - labelsRight(left.hostname ?? ''))
  if (listener === undefined) return '404'
  const candidates: Candidate[] = []
  for (const { metadata, spec } of routes) {
    const { sectionName } = spec.parentRefs![0]!
    if (sectionName !== undefined && sectionName !== listener.name) continue
    // Of several hosts of a route the best one counts.
    const own = (spec.hostnames ?? ['']).filter((hostname) => hostMatches(hostname, host) && meets(hostname, listener.hostname ?? ''))
    if (own.length === 0) continue
    const exact = Math.max(...own.map((hostname) => (hostname === host ? hostname.length : 0)))
    const length = Math.max(...own.map((hostname) => hostname.length))
    spec.rules!.forEach(({ matches = [] }, rule) => {
      matches.forEach((match, place) => {
        if (!matchMatches(match, request)) return
        const { path, method, headers = [], queryParams = [] } = match
        const isExact = path!.type === 'Exact'
        candidates.push({
          backend: `default/${metadata.name}-${rule}:80`,
          keys: [
            exact,
            length,
            Number(isExact),
            isExact ? 0 : path!.value.replace(/\/$/, '').length,
            Number(method !== undefined),
            headers.length,
            queryParams.length,
            -Date.parse(metadata.creationTimestamp),
            -Number(metadata.name.slice(1)),
            -rule,
            -place,
          ],
        })
      })
    })
  }
  candidates.sort((left, right) => {
    for (const [i, key] of left.keys.entries()) if (key !== right.keys[i]) return Number(right.keys[i]) - Number(key)
    return 0
  })
  return candidates[0]?.backend ?? '404'
}

/** `*.` stands for one label or more. */
const hostMatches = (pattern: string, host: string): boolean =>
  pattern === '' || pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1)

/** Whether there is a host of both: hosts of the tests are few, so all are asked. */
const meets = (left: string, right: string): boolean =>
  [...hosts, 'y.b.a.example.com', 'y.other.net'].some((host) => hostMatches(left, host) && hostMatches(right, host))

function matchMatches({ path, method, headers = [], queryParams = [] }: HTTPRouteMatch, request: TestRequest): boolean {
  const elements = (value: string): readonly string[] => value.split('/').filter((element) => element !== '')
  const [wanted, given] = [elements(path!.value), elements(request.path!)]
  const isPath = path!.type === 'Exact' ? path!.value === request.path : wanted.every((element, i) => element === given[i])
  return (
    isPath &&
    (method === undefined || method === request.method) &&
    headers.every(({ name, value }) => request.headers?.[name] === value) &&
    queryParams.every(({ name, value }) => request.query?.[name] === value)
  )
}
