import { sameList } from '../memory.ts'
import type { Listener } from '../model/listener.ts'
import type { Route } from '../model/route.ts'
import { isPause, type Steps } from '../turns.ts'
import type { ProxySettings } from './configuration.ts'
import { type RankedRoute, routesByHost } from './decision-table.ts'
import { type Door, isTwofold } from './doors.ts'
import { type ConditionGroup, connectionLines, frontendLines } from './frontend-section.ts'
import { type EntryPlace, type HostEntries, hostEntries, innerTls } from './host-entries.ts'
import type { HostKey } from './host-patterns.ts'

/** What stands in the configuration for one door, but for its certificates and the servers of what it leads to. */
export interface WrittenFrontend {
  /** By header. */
  readonly sections: ReadonlyMap<string, string>
  /** By file name. */
  readonly maps: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly hosts: readonly HostEntries[]
}

/** What stands in it for a door. `twofold`: how many doors share the connections that are kept free for their own ends of TLS. */
export type FrontendWriter = (door: Door, twofold: number) => Steps<WrittenFrontend>

/** Writes the door of this name again and again; a host whose routes are the same as before costs a look. */
export function createFrontendWriter(name: string, settings: ProxySettings): FrontendWriter {
  const requests = createTableWriter({ door: name, settings })
  const connections = createTableWriter({ door: name, settings })
  const ends = createInnerEnds()
  let last: { readonly of: readonly unknown[]; readonly written: WrittenFrontend } | undefined

  return function* (door, twofold) {
    const { listeners } = door
    const isInner = isTwofold(door)
    // Half of all: the other half is for what was let in here, which else would wait for a place that nobody leaves.
    const mostConnections = isInner ? Math.max(1, Math.floor(settings.maxConnections / 2 / twofold)) : undefined
    const of = [door.addresses.join(' '), mostConnections, ...listeners]
    if (last !== undefined && sameList(last.of, of) === last.of) return last.written
    const passing = listeners.filter(({ protocol }) => protocol === 'TLS')
    const ending = listeners.filter(({ protocol }) => protocol !== 'TLS')
    const sections = new Map<string, string>()
    const maps = new Map<string, ReadonlyMap<string, string>>()
    const hosts: HostEntries[] = []
    if (passing.length > 0) {
      const table = yield* connections([...passing, ...ends(ending)])
      sections.set(`frontend ${name}`, connectionLines({ door, mostConnections, hosts: [...table.hosts.keys()], settings }).join('\n'))
      for (const one of ['hosts', 'prefixes', 'weights'] as const) maps.set(`maps/${name}-names-${one}.map`, table[one])
      hosts.push(...table.entries)
    }
    if (ending.length > 0) {
      const table = yield* requests(ending)
      const protocol = ending[0]!.protocol as 'HTTP' | 'HTTPS'
      const lines = frontendLines({ door, protocol, isInner, hosts: [...table.hosts.keys()], groups: [...table.groups.values()], settings })
      sections.set(isInner ? `frontend ${name}-own` : `frontend ${name}`, lines.join('\n'))
      for (const one of ['hosts', 'exact', 'prefixes', 'weights'] as const) maps.set(`maps/${name}-${one}.map`, table[one])
      hosts.push(...table.entries)
    }
    const written = { sections, maps, hosts }
    last = { of, written }
    return written
  }
}

/** What the maps of one frontend hold. */
interface Table {
  readonly hosts: ReadonlyMap<string, string>
  readonly exact: ReadonlyMap<string, string>
  readonly prefixes: ReadonlyMap<string, string>
  readonly weights: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string, ConditionGroup>
  readonly entries: readonly HostEntries[]
}

function createTableWriter(place: EntryPlace): (listeners: readonly Listener[]) => Steps<Table> {
  let known = new Map<HostKey, { readonly routes: readonly RankedRoute[]; readonly entries: HostEntries }>()
  return function* (listeners) {
    const next: typeof known = new Map()
    const hosts = new Map<string, string>()
    const exact = new Map<string, string>()
    const prefixes = new Map<string, string>()
    const weights = new Map<string, string>()
    const groups = new Map<string, ConditionGroup>()
    for (const [host, routes] of routesByHost(listeners)) {
      const before = known.get(host)
      const one = before !== undefined && areSame(before.routes, routes) ? before : { routes, entries: hostEntries(host, routes, place) }
      next.set(host, one)
      hosts.set(host, host)
      for (const [key, value] of one.entries.exact) exact.set(key, value)
      for (const [key, value] of one.entries.prefixes) prefixes.set(key, value)
      for (const [key, value] of one.entries.weights) weights.set(key, value)
      for (const group of one.entries.groups) groups.set(group.id, group)
      if (isPause(next.size)) yield
    }
    known = next
    return { hosts, exact, prefixes, weights, groups, entries: Array.from(next.values(), ({ entries }) => entries) }
  }
}

/** What is written for a route hangs on its listener's name, port and protocol beside it; the port is the frontend's. */
const areSame = (before: readonly RankedRoute[], now: readonly RankedRoute[]): boolean =>
  before.length === now.length &&
  now.every(
    ({ route, listener }, index) =>
      before[index]!.route === route &&
      before[index]!.listener.name === listener.name &&
      before[index]!.listener.protocol === listener.protocol,
  )

/**
 * Listeners that end TLS, as those see them that pass connections on at the same port: whatever host they or their routes name goes to the proxy's own
 * end of TLS, unless a route that passes it on comes before them. It does where it names the host more precisely, or is older: else whoever may make
 * such routes could take any host from its owner. A host that nothing but the router's own certificate is shown for is no more than what is left over.
 */
function createInnerEnds(): (ending: readonly Listener[]) => readonly Listener[] {
  let known = new Map<string, Route>()
  return (ending) => {
    const next: typeof known = new Map()
    const routeFor = (hostname: string, first: Route | undefined): Route => {
      const key = `${hostname} ${first?.rank?.[0] ?? 0} ${first?.age.createdMs} ${first?.age.object}`
      const route = known.get(key) ?? innerRoute(hostname, first)
      next.set(key, route)
      return route
    }
    const ends = ending.map((listener): Listener => {
      const firsts = new Map<string, Route | undefined>([[listener.hostname, undefined]])
      for (const route of listener.routes) {
        const first = firsts.get(route.hostname)
        const isFirst = first === undefined ? showsCertificate(listener, route.hostname) : compareOwners(route, first) < 0
        firsts.set(route.hostname, isFirst ? route : first)
      }
      return { ...listener, protocol: 'TLS', hostsFallThrough: true, routes: [...firsts].map(([host, first]) => routeFor(host, first)) }
    })
    known = next
    return ends
  }
}

/** By how precisely the object itself named the host, and then by age: as `compareRoutes`, without what stands between. */
const compareOwners = (left: Route, right: Route): number =>
  (left.rank?.[0] ?? 0) - (right.rank?.[0] ?? 0) ||
  left.age.createdMs - right.age.createdMs ||
  (left.age.object < right.age.object ? -1 : left.age.object > right.age.object ? 1 : 0)

/** Whether clients are shown a certificate for this host that is not the router's own. */
const showsCertificate = ({ certificates }: Listener, hostname: string): boolean =>
  certificates.some(
    ({ hostnames }) =>
      hostnames.length === 0 ||
      hostnames.some((name) => name === hostname || (name.startsWith('*.') && hostname.slice(hostname.indexOf('.')) === name.slice(1))),
  )

/** `first`: of the routes for the host, the one that comes first; absent: after all others for the host. */
const innerRoute = (hostname: string, first: Route | undefined): Route => ({
  name: hostname,
  hostname,
  path: { type: 'Prefix', value: '/' },
  headers: [],
  queryParameters: [],
  rank: [first === undefined ? Number.MAX_SAFE_INTEGER : (first.rank?.[0] ?? 0)],
  age: { createdMs: first?.age.createdMs ?? 0, object: first?.age.object ?? '', index: 0 },
  action: { do: 'forward', backends: [{ to: innerTls, weight: 1 }] },
})
