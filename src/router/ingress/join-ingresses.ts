import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { Certificate } from '../model/certificate.ts'
import type { Listener } from '../model/listener.ts'
import type { Route } from '../model/route.ts'
import { isPause, type Steps } from '../turns.ts'
import { ingressCertificates } from './ingress-certificates.ts'
import type { IngressRoute, JudgedIngress } from './judge-ingress.ts'
import { createdMs, nameOf } from './own-ingresses.ts'
import type { IngressPorts, Said } from './translate-ingresses.ts'

/** What Ingresses come to together. */
export interface JoinedIngresses {
  readonly listeners: readonly Listener[]
  readonly certificates: readonly Certificate[]
  /** Each once. */
  readonly said: readonly Said[]
}

/** Joins Ingresses, the oldest first: which of two has a path, and whose default backend takes the rest. The same list again costs nothing. */
export function createIngressJoin(ports: IngressPorts): (judged: readonly JudgedIngress[]) => Steps<JoinedIngresses> {
  let before: { readonly judged: readonly JudgedIngress[]; readonly joined: JoinedIngresses } | undefined
  let defaults = new Map<string, DefaultRoute>()

  return function* (judged) {
    if (before?.judged === judged) return before.joined
    const certificates = ingressCertificates(judged.map(({ ingress, tls }) => ({ ingress, tls })))
    const said: Said[] = [...certificates.problems]
    const taken = new Map<string, Ingress>()
    const placed: IngressRoute[] = []
    for (const [index, { ingress, routes, said: own }] of judged.entries()) {
      for (const one of own) said.push({ ingress, ...one })
      for (const one of routes) {
        const older = taken.get(one.key)
        if (older === undefined) {
          taken.set(one.key, ingress)
          placed.push(one)
        } else if (older !== ingress) said.push(conflict(ingress, older, one.route))
      }
      if (isPause(index)) yield
    }
    const next: typeof defaults = new Map()
    for (const { host, ingress, from } of defaultBackends(judged, taken)) {
      for (const one of from.saidOfDefault) said.push({ ingress: from.ingress, ...one })
      const key = `${host} ${nameOf(from.ingress)}`
      const known = defaults.get(key)
      const route = known?.from === from && known.ingress === ingress ? known : defaultRoute(host, ingress, from)
      next.set(key, route)
      placed.push(route)
      yield
    }
    defaults = next
    const joined = {
      listeners: listenersOf(placed, certificates.uses, judged, ports),
      certificates: certificates.certificates,
      said: distinct(said),
    }
    before = { judged, joined }
    return joined
  }
}

function listenersOf(
  placed: readonly IngressRoute[],
  certificates: Listener['certificates'],
  judged: readonly JudgedIngress[],
  ports: IngressPorts,
): readonly Listener[] {
  const common = { group: 'ingress', hostname: '', wildcards: 'one label', hostsFallThrough: false } as const
  const plain: Listener = {
    ...common,
    name: 'ingress/http',
    port: ports.http,
    protocol: 'HTTP',
    certificates: [],
    routes: placed.map((one) => one.plain),
  }
  if (!judged.some(({ ingress }) => (ingress.spec.tls ?? []).length > 0)) return [plain]
  const routes = placed.map(({ route }) => route)
  return [plain, { ...common, name: 'ingress/https', port: ports.https, protocol: 'HTTPS', certificates, routes }]
}

const conflict = (ingress: Ingress, older: Ingress, { hostname, path }: Route): Said => ({
  ingress,
  reason: 'PathConflict',
  message: `Ingress ${nameOf(older)}, which is older, has path ${path.value} (${path.type}) of host ${hostname || '*'}; this one's is left out`,
})

interface DefaultRoute extends IngressRoute {
  readonly from: JudgedIngress
  readonly ingress: JudgedIngress
}

/** `ingress`: one that names the host, which says whether clients are sent to TLS first. */
function defaultRoute(host: string, ingress: JudgedIngress, from: JudgedIngress): DefaultRoute {
  const route: Route = {
    name: `ingress/${nameOf(from.ingress)}/default`,
    hostname: host,
    path: { type: 'Prefix', value: '/' },
    headers: [],
    queryParameters: [],
    age: { createdMs: createdMs(from.ingress), object: nameOf(from.ingress), index: Number.MAX_SAFE_INTEGER },
    action: from.defaultAction!,
  }
  return { key: host, route, plain: ingress.isRedirected(host) ? { ...route, action: from.redirect } : route, from, ingress }
}

/** Whose default backend takes what no path of a host takes, for every host that rules name and for all others (``), unless a path `/` takes it. */
function defaultBackends(
  judged: readonly JudgedIngress[],
  taken: ReadonlyMap<string, Ingress>,
): { readonly host: string; readonly ingress: JudgedIngress; readonly from: JudgedIngress }[] {
  const withDefault = judged.filter(({ defaultAction }) => defaultAction !== undefined)
  // One that has nothing else to say is meant for all that is left over.
  const general = withDefault.find(({ ingress: { spec } }) => (spec.rules ?? []).length === 0) ?? withDefault[0]
  if (general === undefined) return []
  const byHost = new Map<string, { readonly ingress: JudgedIngress; readonly from: JudgedIngress }>()
  for (const ingress of judged)
    for (const host of ingress.hosts) {
      const present = byHost.get(host)
      if (present === undefined) byHost.set(host, { ingress, from: ingress.defaultAction ? ingress : general })
      else if (present.from === general && ingress.defaultAction) byHost.set(host, { ...present, from: ingress })
    }
  if (!byHost.has('')) byHost.set('', { ingress: general, from: general })
  return [...byHost].filter(([host]) => !taken.has(`${host} Prefix `)).map(([host, whose]) => ({ host, ...whose }))
}

function distinct(said: readonly Said[]): readonly Said[] {
  const known = new Set<string>()
  return said.filter(({ ingress, reason, message }) => {
    const key = `${nameOf(ingress)} ${reason} ${message}`
    return !known.has(key) && known.add(key)
  })
}
