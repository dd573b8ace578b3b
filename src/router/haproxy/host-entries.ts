import type { Answer, Forward, WeightedBackend } from '../model/action.ts'
import type { Listener } from '../model/listener.ts'
import type { Route } from '../model/route.ts'
import {
  answerSection,
  type BackendSection,
  forwardSection,
  innerSection,
  passSection,
  redirectSection,
  rejectSection,
} from './backend-section.ts'
import type { ProxySettings } from './configuration.ts'
import { contentHash } from './content-hash.ts'
import { type Chain, chainsOf, isUnconditional, type PlacedRoute, type RankedRoute } from './decision-table.ts'
import type { ConditionGroup } from './frontend-section.ts'
import type { HostKey } from './host-patterns.ts'
import { slotsOf } from './weight-slots.ts'

type Entry = readonly [key: string, value: string]

/** All that stands in the configuration for one host of a door. It hangs on the host's routes alone. */
export interface HostEntries {
  readonly exact: readonly Entry[]
  readonly prefixes: readonly Entry[]
  readonly weights: readonly Entry[]
  readonly groups: readonly ConditionGroup[]
  /** What is led to, with the model's name of the backend whose endpoints are its servers, if there are any. */
  readonly sections: readonly { readonly section: BackendSection; readonly backend?: string }[]
}

/** Where entries stand: this is the same for all hosts of a door. */
export interface EntryPlace {
  readonly door: string
  readonly settings: Pick<ProxySettings, 'inner'>
}

/** Works it out. */
export function hostEntries(host: HostKey, routes: readonly RankedRoute[], place: EntryPlace): HostEntries {
  const weights: Entry[] = []
  const groups: ConditionGroup[] = []
  const sections: HostEntries['sections'][number][] = []
  const paths = chainsOf(routes)

  /** What a chain leads to: a section, or the name of what has to be asked first. */
  function target(chain: Chain): string {
    const [first] = chain as [PlacedRoute]
    if (isUnconditional(first.route)) return routeTarget(first)
    const choices = chain.map((placed) => ({ route: placed.route, target: routeTarget(placed) }))
    const id = `c:${contentHash(JSON.stringify(choices.map(({ route: { path, method, headers, queryParameters }, target }) => [path.type === 'RegularExpression' ? path : '', method, headers, queryParameters, target])))}`
    groups.push({ id, choices })
    return id
  }

  function routeTarget({ route, listener }: PlacedRoute): string {
    const { action } = route
    if (action.do === 'answer') return add(answered(action, listener))
    if (action.do === 'redirect') return add(redirectSection(action, listener, route.path))
    const weighted = action.backends.filter(({ weight }) => weight > 0)
    if (weighted.length === 0) return add(answered(unfollowable, listener))
    const targets = weighted.map((one) => backendTarget(action, one, route.path, listener))
    if (targets.length === 1) return targets[0]!
    // Named by its route, so that other weights are other entries of a map and no other text.
    const id = `w:${contentHash(`${listener.name} ${route.name}`)}`
    const slots = slotsOf(weighted.map(({ weight }) => weight))
    weights.push([id, String(slots.length)])
    for (const [slot, index] of slots.entries()) weights.push([`${id}:${slot}`, targets[index]!])
    return id
  }

  function backendTarget(action: Forward, weighted: WeightedBackend, path: Route['path'], listener: Listener): string {
    if (typeof weighted.to !== 'string') return add(answered(weighted.to, listener))
    if (weighted.to === innerTls) return add(innerSection(place.door, place.settings))
    if (listener.protocol === 'TLS') return add(passSection(weighted.to), weighted.to)
    return add(forwardSection(weighted.to, action, weighted, path), weighted.to)
  }

  function add(section: BackendSection, backend?: string): string {
    sections.push({ section, ...(backend !== undefined && { backend }) })
    return section.name
  }

  return {
    exact: [...paths.exact].map(([path, chain]) => [`${host}${path}`, target(chain)]),
    prefixes: [...paths.prefixes].map(([path, chain]) => [`${host}${path}/`, target(chain)]),
    weights,
    groups,
    sections,
  }
}

/** In place of a backend: TLS is ended by the proxy itself. No backend of a model is called so. */
export const innerTls = 'own'

/** Where nothing is known of requests, there is no other answer than the end of the connection. */
const answered = (answer: Answer, { protocol }: Listener): BackendSection => (protocol === 'TLS' ? rejectSection : answerSection(answer))

const unfollowable: Answer = { do: 'answer', status: 500 }
