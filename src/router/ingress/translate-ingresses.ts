import { Ingress } from '#api/networking/v1/ingress.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { HTTPIngressPath, IngressBackend } from '#api/networking/v1/types.ts'
import type { Command } from '#loop/controller.ts'
import type { Action, Redirect } from '../model/action.ts'
import type { Backend } from '../model/backend.ts'
import { prefixOf } from '../model/compare-routes.ts'
import type { Listener } from '../model/listener.ts'
import type { PathMatch, Route } from '../model/route.ts'
import { routeProblem } from '../model/route-problem.ts'
import { emptyModel } from '../model/router-model.ts'
import type { RouterView, Translation } from '../router-part.ts'
import { ingressSettings } from './ingress-annotations.ts'
import { resolveBackend } from './ingress-backend.ts'
import { ingressCertificates } from './ingress-certificates.ts'
import { createdMs, nameOf, ownIngresses } from './own-ingresses.ts'

/** All Ingresses and their classes, and on which ports they are served. */
export interface IngressView {
  readonly ingresses: readonly Ingress[]
  readonly classes: readonly IngressClass[]
  readonly ports: IngressPorts
  readonly router: RouterView
}

export interface IngressPorts {
  readonly http: number
  readonly https: number
}

/**
 * What Ingresses (networking.k8s.io/v1) ask for, as listeners of one port without and one with TLS. A host is chosen first, then its longest path, an
 * exact one before a prefix. Where two Ingresses say something of the same host and path, the older one's word counts and the younger is told. What
 * no path of a host takes goes to the default backend of an Ingress that names the host, then to any other default backend; else it is 404.
 */
export function translateIngresses({ ingresses, classes, ports, router }: IngressView): Translation {
  const own = ownIngresses(ingresses, classes)
  if (own.length === 0) return { model: emptyModel, commands: [] }
  const certificates = ingressCertificates(own, router)
  const said: Said[] = [...certificates.problems]
  const backends = new Map<string, Backend>()
  const taken = new Map<string, Ingress>()
  const placed: Placed[] = []
  const hostsOf = new Map<Ingress, Set<string>>()

  for (const ingress of own) {
    const hosts = new Set<string>()
    hostsOf.set(ingress, hosts)
    const { settings, problems } = ingressSettings(ingress)
    for (const message of problems) said.push({ ingress, reason: 'InvalidAnnotation', message })
    const follow = (ref: IngressBackend): Action => {
      const { action, backend, problem } = resolveBackend(ref, ingress, settings, router)
      if (backend) backends.set(backend.name, backend)
      if (problem) said.push({ ingress, ...problem })
      return action
    }
    const place = (host: string, path: PathMatch, index: number, action: Action): void => {
      const route: Route = {
        name: `ingress/${nameOf(ingress)}/${index}`,
        hostname: host,
        path,
        headers: [],
        queryParameters: [],
        age: { createdMs: createdMs(ingress), object: nameOf(ingress), index },
        action,
      }
      const problem = routeProblem(route)
      if (problem !== undefined) {
        said.push({ ingress, reason: 'InvalidPath', message: `rule for host ${JSON.stringify(host)}: ${problem}; it is left out` })
        return
      }
      const key = `${host} ${path.type} ${path.type === 'Prefix' ? prefixOf(path.value) : path.value}`
      const older = taken.get(key)
      if (older === undefined) {
        taken.set(key, ingress)
        placed.push({ ingress, route, isRedirected: settings.redirectsToTls && certificates.givesTls(ingress, host) })
      } else if (older !== ingress)
        said.push({
          ingress,
          reason: 'PathConflict',
          message: `Ingress ${nameOf(older)}, which is older, has path ${path.value} (${path.type}) of host ${host || '*'}; this one's is left out`,
        })
    }
    let index = 0
    for (const { host = '', http } of ingress.spec.rules ?? []) {
      const name = host.toLowerCase()
      hosts.add(name)
      for (const path of http?.paths ?? []) {
        place(name, pathMatch(path), index, follow(path.backend))
        index += 1
      }
    }
  }

  const defaults = defaultRoutes(own, hostsOf, taken)
  for (const { ingress, host, from } of defaults) {
    // A new path would be the same for all paths of all hosts.
    const { rewrite: _, ...settings } = ingressSettings(from).settings
    const { action, backend, problem } = resolveBackend(from.spec.defaultBackend!, from, settings, router)
    if (backend) backends.set(backend.name, backend)
    if (problem) said.push({ ingress: from, ...problem })
    placed.push({
      ingress,
      isRedirected: ingressSettings(ingress).settings.redirectsToTls && certificates.givesTls(ingress, host),
      route: {
        name: `ingress/${nameOf(from)}/default`,
        hostname: host,
        path: { type: 'Prefix', value: '/' },
        headers: [],
        queryParameters: [],
        age: { createdMs: createdMs(from), object: nameOf(from), index: Number.MAX_SAFE_INTEGER },
        action,
      },
    })
  }

  const hasTls = own.some(({ spec }) => (spec.tls ?? []).length > 0)
  const open = [ports.http, ...(hasTls ? [ports.https] : [])].filter((port) => router.portProblem(port) === undefined)
  const redirect: Redirect = { do: 'redirect', scheme: 'https', status: 308, ...(ports.https !== 443 && { port: ports.https }) }
  const common = { group: 'ingress', hostname: '', wildcards: 'one label', hostsFallThrough: false } as const
  const listeners: Listener[] = [
    {
      ...common,
      name: 'ingress/http',
      port: ports.http,
      protocol: 'HTTP',
      certificates: [],
      routes: placed.map(({ route, isRedirected }) => (isRedirected ? { ...route, action: redirect } : route)),
    },
    ...(hasTls
      ? [
          {
            ...common,
            name: 'ingress/https',
            port: ports.https,
            protocol: 'HTTPS' as const,
            certificates: certificates.uses,
            routes: placed.map(({ route }) => route),
          },
        ]
      : []),
  ]
  return {
    model: { listeners, backends: [...backends.values()], certificates: certificates.certificates },
    commands: [
      ...own.flatMap((ingress) => statusCommands(ingress, router, open)),
      ...own.flatMap((ingress) =>
        [ports.http, ...((ingress.spec.tls ?? []).length > 0 ? [ports.https] : [])].flatMap((port) => {
          const problem = router.portProblem(port)
          return problem === undefined
            ? []
            : [warning({ ingress, reason: 'PortUnavailable', message: `${problem}; it is tried again by itself` })]
        }),
      ),
      ...distinct(said).map(warning),
    ],
  }
}

interface Said {
  readonly ingress: Ingress
  readonly reason: string
  readonly message: string
}

interface Placed {
  readonly ingress: Ingress
  readonly route: Route
  /** Without TLS it is answered with where it is with TLS. */
  readonly isRedirected: boolean
}

/** `ImplementationSpecific` is as `Prefix`; without a path it is every path. */
const pathMatch = ({ path = '', pathType }: HTTPIngressPath): PathMatch => ({
  type: pathType === 'Exact' ? 'Exact' : 'Prefix',
  value: path === '' ? '/' : path,
})

/**
 * Whose default backend takes what no path of a host takes, for every host that rules name and for all others (``), unless a path `/` takes it.
 * `ingress`: one that names the host, which says whether clients are sent to TLS first.
 */
function defaultRoutes(
  own: readonly Ingress[],
  hostsOf: ReadonlyMap<Ingress, ReadonlySet<string>>,
  taken: ReadonlyMap<string, Ingress>,
): { readonly host: string; readonly ingress: Ingress; readonly from: Ingress }[] {
  const withDefault = own.filter(({ spec }) => spec.defaultBackend !== undefined)
  // One that has nothing else to say is meant for all that is left over.
  const general = withDefault.find(({ spec }) => (spec.rules ?? []).length === 0) ?? withDefault[0]
  if (general === undefined) return []
  const byHost = new Map<string, { readonly ingress: Ingress; readonly from: Ingress }>()
  for (const ingress of own)
    for (const host of hostsOf.get(ingress)!) {
      const present = byHost.get(host)
      if (present === undefined) byHost.set(host, { ingress, from: ingress.spec.defaultBackend ? ingress : general })
      else if (present.from === general && ingress.spec.defaultBackend) byHost.set(host, { ...present, from: ingress })
    }
  if (!byHost.has('')) byHost.set('', { ingress: general, from: general })
  return [...byHost].filter(([host]) => !taken.has(`${host} Prefix `)).map(([host, whose]) => ({ host, ...whose }))
}

/** Where clients reach it, once they do; nowhere, where no port of it can be listened to. */
function statusCommands(ingress: Ingress, router: RouterView, open: readonly number[]): readonly Command[] {
  if (!router.isServing) return []
  const wanted = open.length === 0 ? [] : router.addresses.map((ip) => ({ ip }))
  const present = ingress.status?.loadBalancer?.ingress ?? []
  const isSame = present.length === wanted.length && wanted.every(({ ip }, index) => present[index]!.ip === ip)
  if (isSame) return []
  const { name, namespace } = ingress.metadata
  return [
    {
      do: 'patch',
      kind: Ingress,
      name,
      ...(namespace !== undefined && { namespace }),
      body: { status: { loadBalancer: { ingress: wanted } } },
      subresource: 'status',
    },
  ]
}

const warning = ({ ingress, reason, message }: Said): Command => ({ do: 'event', regarding: ingress, type: 'Warning', reason, message })

function distinct(said: readonly Said[]): readonly Said[] {
  const known = new Set<string>()
  return said.filter(({ ingress, reason, message }) => {
    const key = `${nameOf(ingress)} ${reason} ${message}`
    return !known.has(key) && known.add(key)
  })
}
