import type { Action, Answer, Forward, WeightedBackend } from '../model/action.ts'
import type { Backend } from '../model/backend.ts'
import type { Listener } from '../model/listener.ts'
import { hostnameProblem, routeProblem } from '../model/route-problem.ts'
import type { RouterModel } from '../model/router-model.ts'
import { answerSection, type BackendSection, forwardSection, redirectSection } from './backend-section.ts'
import { commonSections } from './common-sections.ts'
import type { CertificateLine, Configured, LeftOut, ProxySettings, Server } from './configuration.ts'
import { defaultCertificateFile } from './configuration.ts'
import { contentHash } from './content-hash.ts'
import { type Chain, decisionTable, isUnconditional, type PlacedRoute } from './decision-table.ts'
import { type ConditionGroup, frontendLines } from './frontend-section.ts'
import { slotsOf } from './weight-slots.ts'

/**
 * The configuration of a model. Pure: equal models give equal texts. What cannot be served is left out and named; the translations have asked
 * `routeProblem` before, so that is for the log.
 */
export function writeConfiguration(model: RouterModel, settings: ProxySettings): Configured {
  const leftOut: LeftOut[] = []
  const writer = new Writer(model)
  const listeners = model.listeners.flatMap((listener) => usable(listener, leftOut))
  const frontends = new Map<string, string>()
  for (const [port, all] of [...Map.groupBy(listeners, ({ port }) => port)].sort(([left], [right]) => left - right)) {
    const [{ protocol }] = all as [Listener]
    const same = all.filter((listener) => listener.protocol === protocol)
    for (const { name } of all.filter((listener) => listener.protocol !== protocol))
      leftOut.push({ listener: name, problem: `port ${port} speaks ${protocol} for another listener` })
    frontends.set(`frontend p${port}`, writer.frontend(port, protocol, same, settings))
  }
  return {
    configuration: {
      sections: new Map([...commonSections(settings), ...frontends, ...[...writer.sections].sort(byName)]),
      servers: new Map([...writer.servers].sort(byName)),
      maps: writer.maps,
      certificateLists: writer.certificateLists,
      certificates: writer.certificates,
    },
    leftOut,
    model,
  }
}

/** The file of a certificate: Secrets' names are DNS names, so the two parts cannot run together. */
export const certificateFile = (name: string): string => `certificates/${name.replace('/', '_')}.pem`

function usable(listener: Listener, leftOut: LeftOut[]): Listener[] {
  const problem = hostnameProblem(listener.hostname)
  if (problem !== undefined) {
    leftOut.push({ listener: listener.name, problem })
    return []
  }
  const routes = listener.routes.filter((route) => {
    const problem = routeProblem(route)
    if (problem !== undefined) leftOut.push({ listener: listener.name, route: route.name, problem })
    return problem === undefined
  })
  return [{ ...listener, routes }]
}

/** Gathers what frontends need as they are written. */
class Writer {
  readonly sections = new Map<string, string>()
  readonly servers = new Map<string, ReadonlyMap<string, Server>>()
  readonly maps = new Map<string, ReadonlyMap<string, string>>()
  readonly certificateLists = new Map<string, readonly CertificateLine[]>()
  readonly certificates = new Map<string, string>()
  private readonly backends: ReadonlyMap<string, Backend>
  private readonly model: RouterModel

  constructor(model: RouterModel) {
    this.model = model
    this.backends = new Map(model.backends.map((backend) => [backend.name, backend]))
    this.add(answerSection({ do: 'answer', status: 404 }))
  }

  frontend(port: number, protocol: Listener['protocol'], listeners: readonly Listener[], settings: ProxySettings): string {
    const table = decisionTable(listeners)
    const groups = new Map<string, ConditionGroup>()
    const weights = new Map<string, string>()
    const exact = new Map<string, string>()
    const prefixes = new Map<string, string>()
    for (const [host, chains] of table.exact)
      for (const [path, chain] of chains) exact.set(`${host}${path}`, this.target(chain, groups, weights))
    for (const [host, chains] of table.prefixes)
      for (const [path, chain] of chains) prefixes.set(`${host}${path}/`, this.target(chain, groups, weights))
    this.maps.set(`maps/p${port}-hosts.map`, new Map(table.hosts.map((host) => [host, host])))
    this.maps.set(`maps/p${port}-exact.map`, sorted(exact))
    this.maps.set(`maps/p${port}-prefixes.map`, sorted(prefixes))
    this.maps.set(`maps/p${port}-weights.map`, sorted(weights))
    if (protocol === 'HTTPS') this.certificateLists.set(listFile(port), this.certificateLines(listeners))
    return frontendLines({ port, protocol, hosts: table.hosts, groups: [...groups.values()], settings }).join('\n')
  }

  /** What a chain leads to: a section, or the name of what has to be asked first. */
  private target(chain: Chain, groups: Map<string, ConditionGroup>, weights: Map<string, string>): string {
    const [first] = chain as [PlacedRoute]
    if (isUnconditional(first.route)) return this.routeTarget(first, weights)
    const choices = chain.map((placed) => ({ route: placed.route, target: this.routeTarget(placed, weights) }))
    const id = `c:${contentHash(JSON.stringify(choices.map(({ route: { path, method, headers, queryParameters }, target }) => [path.type === 'RegularExpression' ? path : '', method, headers, queryParameters, target])))}`
    groups.set(id, { id, choices })
    return id
  }

  private routeTarget({ route, listener }: PlacedRoute, weights: Map<string, string>): string {
    const { action } = route
    if (action.do === 'answer') return this.add(answerSection(action))
    if (action.do === 'redirect') return this.add(redirectSection(action, listener, route.path))
    const weighted = action.backends.filter(({ weight }) => weight > 0)
    if (weighted.length === 0) return this.add(answerSection(unfollowable))
    const targets = weighted.map((one) => this.backendTarget(action, one, route.path))
    if (targets.length === 1) return targets[0]!
    // Named by its route, so that other weights are other entries of a map and no other text.
    const id = `w:${contentHash(`${listener.name} ${route.name}`)}`
    const slots = slotsOf(weighted.map(({ weight }) => weight))
    weights.set(id, String(slots.length))
    for (const [slot, index] of slots.entries()) weights.set(`${id}:${slot}`, targets[index]!)
    return id
  }

  private backendTarget(action: Forward, weighted: WeightedBackend, path: PlacedRoute['route']['path']): string {
    if (typeof weighted.to !== 'string') return this.add(answerSection(weighted.to))
    const backend = this.backends.get(weighted.to)
    if (backend === undefined) return this.add(answerSection(unfollowable))
    const name = this.add(forwardSection(backend, action, weighted, path))
    if (!this.servers.has(name)) this.servers.set(name, serversOf(backend))
    return name
  }

  private add({ name, lines }: BackendSection): string {
    const header = `backend ${name}`
    if (!this.sections.has(header)) this.sections.set(header, lines.join('\n'))
    return name
  }

  private certificateLines(listeners: readonly Listener[]): CertificateLine[] {
    const known = new Map(this.model.certificates.map((certificate) => [certificate.name, certificate]))
    const lines = new Map<string, CertificateLine>()
    for (const { certificate: name, hostnames } of listeners.flatMap(({ certificates }) => certificates)) {
      const certificate = known.get(name)
      if (certificate === undefined || hostnames.some((hostname) => hostname === '' || hostnameProblem(hostname) !== undefined)) continue
      const file = certificateFile(name)
      this.certificates.set(file, `${certificate.chain}${certificate.key}`)
      const names = [...hostnames].sort()
      for (let at = 0; at === 0 || at < names.length; at += mostNames) {
        const some = names.slice(at, at + mostNames)
        lines.set(`${file} ${some.join(' ')}`, { file, hostnames: some })
      }
    }
    return [{ file: defaultCertificateFile, hostnames: [] }, ...lines.values()]
  }
}

/** Of one line. HAProxy refuses a list with a line of more than 2,047 words, or of 64 KiB (crt-list). */
const mostNames = 100

/** The file that says which certificate a port shows for which name. */
export const listFile = (port: number): string => `certificates/p${port}.list`

/** An endpoint's name among the servers of its section. */
export const serverName = ({ address, port }: { readonly address: string; readonly port: number }): string => `${address}-${port}`

function serversOf({ protocol, endpoints }: Backend): ReadonlyMap<string, Server> {
  return new Map(
    endpoints.map(({ address, port, state }) => [
      serverName({ address, port }),
      { address, port, protocol, isDraining: state === 'draining' },
    ]),
  )
}

const unfollowable: Answer = { do: 'answer', status: 500 } satisfies Action
const byName = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : left > right ? 1 : 0
const sorted = (entries: ReadonlyMap<string, string>): ReadonlyMap<string, string> => new Map([...entries].sort(byName))
