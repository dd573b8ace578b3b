import { sameList } from '../memory.ts'
import type { Listener } from '../model/listener.ts'
import { isPause, type Steps } from '../turns.ts'
import type { ProxySettings } from './configuration.ts'
import { type RankedRoute, routesByHost } from './decision-table.ts'
import { type ConditionGroup, frontendLines } from './frontend-section.ts'
import { type HostEntries, hostEntries } from './host-entries.ts'
import type { HostKey } from './host-patterns.ts'

/** What stands in the configuration for one port, but for its certificates and the servers of what it leads to. */
export interface WrittenFrontend {
  readonly port: number
  readonly text: string
  /** By file name. */
  readonly maps: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly hosts: readonly HostEntries[]
}

/** Writes one port again and again; a host whose routes are the same as before costs a look. */
export function createFrontendWriter(
  port: number,
  settings: ProxySettings,
): (protocol: Listener['protocol'], listeners: readonly Listener[]) => Steps<WrittenFrontend> {
  let last: { readonly listeners: readonly Listener[]; readonly written: WrittenFrontend } | undefined
  let known = new Map<HostKey, { readonly routes: readonly RankedRoute[]; readonly entries: HostEntries }>()

  return function* (protocol, listeners) {
    if (last !== undefined && sameList(last.listeners, listeners) === last.listeners) return last.written
    const next: typeof known = new Map()
    const hosts = new Map<string, string>()
    const exact = new Map<string, string>()
    const prefixes = new Map<string, string>()
    const weights = new Map<string, string>()
    const groups = new Map<string, ConditionGroup>()
    for (const [host, routes] of routesByHost(listeners)) {
      const before = known.get(host)
      const one = before !== undefined && areSame(before.routes, routes) ? before : { routes, entries: hostEntries(host, routes) }
      next.set(host, one)
      hosts.set(host, host)
      for (const [key, value] of one.entries.exact) exact.set(key, value)
      for (const [key, value] of one.entries.prefixes) prefixes.set(key, value)
      for (const [key, value] of one.entries.weights) weights.set(key, value)
      for (const group of one.entries.groups) groups.set(group.id, group)
      if (isPause(next.size)) yield
    }
    known = next
    const written: WrittenFrontend = {
      port,
      text: frontendLines({ port, protocol, hosts: [...hosts.keys()], groups: [...groups.values()], settings }).join('\n'),
      maps: new Map([
        [`maps/p${port}-hosts.map`, hosts],
        [`maps/p${port}-exact.map`, exact],
        [`maps/p${port}-prefixes.map`, prefixes],
        [`maps/p${port}-weights.map`, weights],
      ]),
      hosts: Array.from(next.values(), ({ entries }) => entries),
    }
    last = { listeners, written }
    return written
  }
}

/** What is written for a route hangs on its listener's name, port and protocol beside it; the latter two are the frontend's. */
const areSame = (before: readonly RankedRoute[], now: readonly RankedRoute[]): boolean =>
  before.length === now.length &&
  now.every(
    ({ route, listener }, index) =>
      before[index]!.route === route &&
      before[index]!.listener.name === listener.name &&
      before[index]!.listener.protocol === listener.protocol,
  )
