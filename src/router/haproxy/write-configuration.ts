import { sameList } from '../memory.ts'
import type { Backend } from '../model/backend.ts'
import { canShare, type Listener, type Protocol } from '../model/listener.ts'
import { hostnameProblem, routeProblem } from '../model/route-problem.ts'
import type { RouterModel } from '../model/router-model.ts'
import { atOnce, isPause, type Steps } from '../turns.ts'
import { answerSection } from './backend-section.ts'
import { createCertificateWriter } from './certificate-lines.ts'
import { commonSections } from './common-sections.ts'
import type { Configuration, Configured, LeftOut, ProxySettings, Server } from './configuration.ts'
import { doorsOf, isTwofold } from './doors.ts'
import { createFrontendWriter, type FrontendWriter, type WrittenFrontend } from './write-frontend.ts'

/**
 * Writes configurations of models, one after the other: what it made of a port, a host, a backend or a certificate that is the same value as the last
 * time, it takes again. Equal models give equal texts. What cannot be served is left out and named; the translations have asked `routeProblem`
 * before, so that is for the log.
 */
export function createConfigurationWriter(settings: ProxySettings): (model: RouterModel) => Steps<Configured> {
  const common = [...commonSections(settings)]
  const notFound = answerSection({ do: 'answer', status: 404 })
  const usable = createUsable()
  const certificatesOf = createCertificateWriter()
  const serversOf = createServers()
  let writers = new Map<string, FrontendWriter>()
  let joined: { readonly written: readonly WrittenFrontend[]; readonly parts: FrontendParts } | undefined

  return function* (model) {
    const leftOut: LeftOut[] = []
    const listeners = yield* usable(model.listeners, leftOut)
    const nextWriters: typeof writers = new Map()
    const written: WrittenFrontend[] = []
    const doors = doorsOf(withoutConflicts(listeners, leftOut), settings.addresses)
    const twofold = doors.filter(isTwofold).length
    for (const door of doors) {
      const writer = writers.get(door.name) ?? createFrontendWriter(door.name, settings)
      nextWriters.set(door.name, writer)
      written.push(yield* writer(door, twofold))
    }
    writers = nextWriters
    if (joined === undefined || sameList(joined.written, written) !== joined.written) joined = { written, parts: yield* join(written) }
    const { parts } = joined
    const servers = yield* serversOf(model.backends, parts.backends)
    const certificates = certificatesOf(doors, model.certificates)
    return { configuration: { ...parts, servers, ...certificates }, leftOut, model }
  }

  function* join(written: readonly WrittenFrontend[]): Steps<FrontendParts> {
    const sections = new Map(common)
    const maps = new Map<string, ReadonlyMap<string, string>>()
    const backends = new Map<string, string>()
    for (const { sections: frontends, maps: own } of written) {
      for (const [header, text] of frontends) sections.set(header, text)
      for (const [file, entries] of own) maps.set(file, entries)
    }
    sections.set(`backend ${notFound.name}`, notFound.lines.join('\n'))
    for (const one of written)
      for (const [index, { sections: own }] of one.hosts.entries()) {
        for (const { section, backend } of own) {
          const header = `backend ${section.name}`
          if (!sections.has(header)) sections.set(header, section.lines.join('\n'))
          if (backend !== undefined) backends.set(section.name, backend)
        }
        if (isPause(index)) yield
      }
    return { sections, maps, backends }
  }
}

/** The same in one go, with nothing remembered. */
export const writeConfiguration = (model: RouterModel, settings: ProxySettings): Configured =>
  atOnce(createConfigurationWriter(settings)(model))

interface FrontendParts extends Pick<Configuration, 'sections' | 'maps'> {
  /** By section: the model's name of the backend whose endpoints are its servers. */
  readonly backends: ReadonlyMap<string, string>
}

/** The first listener of a port says what is spoken there. */
function withoutConflicts(listeners: readonly Listener[], leftOut: LeftOut[]): readonly Listener[] {
  const protocols = new Map<number, Protocol>()
  return listeners.filter(({ name, port, protocol }) => {
    const first = protocols.get(port) ?? protocol
    protocols.set(port, first)
    if (canShare(first, protocol)) return true
    leftOut.push({ listener: name, problem: `port ${port} speaks ${first} for another listener` })
    return false
  })
}

/** Listeners without routes that cannot be served, and without those whose own host cannot be. */
function createUsable(): (listeners: readonly Listener[], leftOut: LeftOut[]) => Steps<readonly Listener[]> {
  const known = new WeakMap<Listener, { readonly usable: Listener | undefined; readonly leftOut: readonly LeftOut[] }>()
  return function* (listeners, leftOut) {
    const found: Listener[] = []
    for (const listener of listeners) {
      const judged = known.get(listener) ?? (yield* judge(listener))
      known.set(listener, judged)
      leftOut.push(...judged.leftOut)
      if (judged.usable !== undefined) found.push(judged.usable)
    }
    return found
  }
  function* judge(listener: Listener): Steps<{ readonly usable: Listener | undefined; readonly leftOut: readonly LeftOut[] }> {
    const { name } = listener
    const problem = hostnameProblem(listener.hostname)
    if (problem !== undefined) return { usable: undefined, leftOut: [{ listener: name, problem }] }
    const leftOut: LeftOut[] = []
    for (const [index, route] of listener.routes.entries()) {
      if (isPause(index)) yield
      const problem = knownProblem(route)
      if (problem !== undefined) leftOut.push({ listener: name, route: route.name, problem })
    }
    if (leftOut.length === 0) return { usable: listener, leftOut }
    return { usable: { ...listener, routes: listener.routes.filter((route) => knownProblem(route) === undefined) }, leftOut }
  }
}

function knownProblem(route: Listener['routes'][number]): string | undefined {
  let known = problems.get(route)
  if (known === undefined) problems.set(route, (known = { problem: routeProblem(route) }))
  return known.problem
}

/** Regular expressions are parsed for it. */
const problems = new WeakMap<object, { readonly problem: string | undefined }>()

/** The servers of each section. Those of a backend that is the same value as before are so, too. */
function createServers(): (all: readonly Backend[], sections: ReadonlyMap<string, string>) => Steps<Configuration['servers']> {
  let before: { readonly all: readonly Backend[]; readonly sections: unknown; readonly servers: Configuration['servers'] } | undefined
  let ofBackend: ReadonlyMap<string, readonly string[]> = new Map()
  return function* (all, sections) {
    if (before?.all === all && before.sections === sections) return before.servers
    const servers = new Map(before?.sections === sections ? before.servers : undefined)
    if (before?.sections !== sections) {
      ofBackend = Map.groupBy(sections.keys(), (section) => sections.get(section)!)
      // A backend that the model does not have answers as one without endpoints.
      for (const section of sections.keys()) servers.set(section, noServers)
    }
    const former = before?.sections === sections ? before.all : []
    yield
    for (let at = 0; at < all.length; at += 1) {
      const backend = all[at]!
      if (isPause(at)) yield
      if (former[at] !== backend) for (const section of ofBackend.get(backend.name) ?? []) servers.set(section, serversOfBackend(backend))
    }
    const names = former.length === 0 ? undefined : new Set(all.map(({ name }) => name))
    for (const { name } of names === undefined ? [] : former)
      if (!names!.has(name)) for (const section of ofBackend.get(name) ?? []) servers.set(section, noServers)
    before = { all, sections, servers }
    return servers
  }
}

function serversOfBackend(backend: Backend): ReadonlyMap<string, Server> {
  const known = knownServers.get(backend)
  if (known !== undefined) return known
  const { protocol, endpoints } = backend
  const servers = new Map(
    endpoints.map(({ address, port, state }) => [
      serverName({ address, port }),
      { address, port, protocol, isDraining: state === 'draining' },
    ]),
  )
  knownServers.set(backend, servers)
  return servers
}

const knownServers = new WeakMap<Backend, ReadonlyMap<string, Server>>()
const noServers: ReadonlyMap<string, Server> = new Map()

/** An endpoint's name among the servers of its section. */
export const serverName = ({ address, port }: { readonly address: string; readonly port: number }): string => `${address}-${port}`
