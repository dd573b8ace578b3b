import { compareRoutes, prefixOf } from '../model/compare-routes.ts'
import type { Listener } from '../model/listener.ts'
import type { Route } from '../model/route.ts'
import { compareSpecificity, coveringKeys, type HostKey, hostKey } from './host-patterns.ts'

/**
 * How requests at one port are decided by a few look-ups: host, then path, then (only where somebody asks for it) the rest. Every list is settled here,
 * so that the number of look-ups does not grow with the number of hosts and paths.
 */
export interface DecisionTable {
  /** Host patterns that have routes or a listener of their own: whatever else a host may match, the most specific of these decides. */
  readonly hosts: readonly HostKey[]
  /** By host and exact path. */
  readonly exact: ReadonlyMap<HostKey, ReadonlyMap<string, Chain>>
  /** By host and path prefix without its last slash (`` is every path): the longest one that a path begins with decides. */
  readonly prefixes: ReadonlyMap<HostKey, ReadonlyMap<string, Chain>>
}

/** Routes that host and path leave over, best first. Never empty; one that asks for nothing more can only be the last. */
export type Chain = readonly PlacedRoute[]

/** A route, and the listener that it belongs to. */
export interface PlacedRoute {
  readonly route: Route
  readonly listener: Listener
}

/** What is for one host. */
export interface HostPaths {
  readonly exact: ReadonlyMap<string, Chain>
  readonly prefixes: ReadonlyMap<string, Chain>
}

/** Of all listeners of one port. */
export function decisionTable(listeners: readonly Listener[]): DecisionTable {
  const exact = new Map<HostKey, ReadonlyMap<string, Chain>>()
  const prefixes = new Map<HostKey, ReadonlyMap<string, Chain>>()
  for (const [host, routes] of routesByHost(listeners)) {
    const paths = chainsOf(routes)
    exact.set(host, paths.exact)
    prefixes.set(host, paths.prefixes)
  }
  return { hosts: [...exact.keys()], exact, prefixes }
}

/** Each host pattern of a port's listeners with all routes that may take a request for it, in the order of the listeners and their routes. */
export function* routesByHost(
  listeners: readonly Listener[],
): Generator<readonly [host: HostKey, routes: readonly RankedRoute[]], void, void> {
  const all = listeners.map((listener) => new RoutesByHost(listener))
  const places = new Map(all.map((one, place) => [one, place]))
  const byOwn = Map.groupBy(all, ({ own }) => own)
  const done = new Set<HostKey>()
  for (const one of all)
    for (const host of one.hosts()) {
      if (done.has(host)) continue
      done.add(host)
      const covering = coveringKeys(host).flatMap((key) => byOwn.get(key) ?? [])
      const serving = covering.filter((own) => own.serves(covering)).sort((left, right) => places.get(left)! - places.get(right)!)
      yield [host, serving.flatMap((own) => own.routesFor(host))]
    }
}

/** What a request that is for a chain's host and path still has to be asked for this route. */
export const isUnconditional = ({ path, method, headers, queryParameters }: Route): boolean =>
  path.type !== 'RegularExpression' && method === undefined && headers.length === 0 && queryParameters.length === 0

/** The routes of a listener, found by the host that they are for: with thousands of hosts nobody goes through all of them for each. */
class RoutesByHost {
  readonly listener: Listener
  readonly own: HostKey
  private readonly exact = new Map<HostKey, RankedRoute[]>()

  constructor(listener: Listener) {
    this.listener = listener
    this.own = hostKey(listener.hostname, listener.wildcards)
    for (const route of listener.routes) {
      const host = hostKey(route.hostname, listener.wildcards)
      const ranked = { route, listener, host }
      const routes = this.exact.get(host)
      if (routes) routes.push(ranked)
      else this.exact.set(host, [ranked])
    }
  }

  *hosts(): Iterable<HostKey> {
    yield this.own
    yield* this.exact.keys()
  }

  /** Of listeners that cover a host: whether its requests are this one's, or another's of its group, which names the host more specifically. */
  serves(covering: readonly RoutesByHost[]): boolean {
    return !covering.some(
      ({ listener, own }) => listener.group === this.listener.group && own !== this.own && compareSpecificity(own, this.own) < 0,
    )
  }

  routesFor(host: HostKey): readonly RankedRoute[] {
    const same = this.exact.get(host) ?? []
    if (!this.listener.hostsFallThrough) return same
    return [...same, ...coveringKeys(host).flatMap((key) => (key === host ? [] : (this.exact.get(key) ?? [])))]
  }
}

/** A route with the key of its host. */
export interface RankedRoute extends PlacedRoute {
  readonly host: HostKey
}

/** What the routes of one host come to. */
export function chainsOf(routes: readonly RankedRoute[]): HostPaths {
  const byExact = new Map<string, RankedRoute[]>()
  const byPrefix = new Map<string, RankedRoute[]>()
  const regular: RankedRoute[] = []
  for (const ranked of routes) {
    const { type, value } = ranked.route.path
    if (type === 'RegularExpression') regular.push(ranked)
    else {
      const [map, key] = type === 'Exact' ? [byExact, value] : [byPrefix, prefixOf(value)]
      const there = map.get(key)
      if (there) there.push(ranked)
      else map.set(key, [ranked])
    }
  }
  // A regular expression has to be asked for every path, also for those that nothing else is for.
  if (regular.length > 0 && !byPrefix.has('')) byPrefix.set('', [])
  const around = (path: string): RankedRoute[] => [...regular, ...prefixesOf(path).flatMap((prefix) => byPrefix.get(prefix) ?? [])]
  return {
    exact: new Map([...byExact].map(([path, own]) => [path, chainOf([...own, ...around(path)])])),
    prefixes: new Map([...byPrefix.keys()].map((prefix) => [prefix, chainOf(around(prefix))])),
  }
}

/** Every prefix by elements: of `/a/b` that is `/a/b`, `/a` and ``. */
function prefixesOf(path: string): string[] {
  const found: string[] = []
  for (let at = prefixOf(path); ; at = at.slice(0, at.lastIndexOf('/'))) {
    found.push(at)
    if (at === '') return found
  }
}

function chainOf(routes: readonly RankedRoute[]): Chain {
  if (routes.length === 1) return routes
  const sorted = [...routes].sort((left, right) => compareSpecificity(left.host, right.host) || compareRoutes(left.route, right.route))
  const last = sorted.findIndex(({ route }) => isUnconditional(route))
  return (last === -1 ? sorted : sorted.slice(0, last + 1)).map(({ route, listener }) => ({ route, listener }))
}
