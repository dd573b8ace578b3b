import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { HTTPIngressPath, IngressBackend } from '#api/networking/v1/types.ts'
import type { Action, Redirect } from '../model/action.ts'
import { prefixOf } from '../model/compare-routes.ts'
import type { PathMatch, Route } from '../model/route.ts'
import { routeProblem } from '../model/route-problem.ts'
import type { BackendSource } from '../model/service-backend.ts'
import type { RouterView } from '../router-part.ts'
import { ingressSettings } from './ingress-annotations.ts'
import { resolveBackend } from './ingress-backend.ts'
import { givesTls, type IngressTls, ingressTls } from './ingress-certificates.ts'
import { createdMs, nameOf } from './own-ingresses.ts'

/** What an Ingress comes to before others are looked at. */
export interface JudgedIngress {
  readonly ingress: Ingress
  /** Hosts that its rules name. */
  readonly hosts: readonly string[]
  readonly routes: readonly IngressRoute[]
  /** What its default backend does with the requests of a host. */
  readonly defaultAction: Action | undefined
  /** How clients are sent to TLS. */
  readonly redirect: Redirect
  /** What routes and the default backend lead to. */
  readonly sources: readonly BackendSource[]
  readonly tls: IngressTls
  /** Whether requests for a host are sent to TLS first. */
  isRedirected(host: string): boolean
  readonly said: readonly { readonly reason: string; readonly message: string }[]
  /** Said only where the default backend is used. */
  readonly saidOfDefault: readonly { readonly reason: string; readonly message: string }[]
}

export interface IngressRoute {
  /** Host and path: of two routes with the same one, the older Ingress' counts. */
  readonly key: string
  readonly route: Route
  /** What it does without TLS: the same, or it sends the client to TLS. */
  readonly plain: Route
}

/** Looks at one Ingress by itself, with the Services and Secrets that it names. `redirect`: how clients are sent to TLS. */
export function judgeIngress(ingress: Ingress, view: Pick<RouterView, 'service' | 'secret'>, redirect: Redirect): JudgedIngress {
  const { settings, problems } = ingressSettings(ingress)
  const tls = ingressTls(ingress, view)
  const said = [...tls.problems, ...problems.map((message) => ({ reason: 'InvalidAnnotation', message }))]
  const sources: BackendSource[] = []
  const routes: IngressRoute[] = []
  const isRedirected = (host: string): boolean => settings.redirectsToTls && givesTls(tls, host)
  const follow = (ref: IngressBackend): Action => {
    const { action, backend, problem } = resolveBackend(ref, ingress, settings, view)
    if (backend) sources.push(backend)
    if (problem) said.push(problem)
    return action
  }
  let index = 0
  for (const { host = '', http } of ingress.spec.rules ?? [])
    for (const one of http?.paths ?? []) {
      const hostname = host.toLowerCase()
      const path = pathMatch(one)
      const route: Route = {
        name: `ingress/${nameOf(ingress)}/${index}`,
        hostname,
        path,
        headers: [],
        queryParameters: [],
        age: { createdMs: createdMs(ingress), object: nameOf(ingress), index },
        action: follow(one.backend),
      }
      index += 1
      const problem = routeProblem(route)
      if (problem !== undefined)
        said.push({ reason: 'InvalidPath', message: `rule for host ${JSON.stringify(hostname)}: ${problem}; it is left out` })
      else
        routes.push({
          key: `${hostname} ${path.type} ${path.type === 'Prefix' ? prefixOf(path.value) : path.value}`,
          route,
          plain: isRedirected(hostname) ? { ...route, action: redirect } : route,
        })
    }
  const { defaultBackend, rules = [] } = ingress.spec
  // A new path would be the same for all paths of all hosts.
  const { rewrite: _, ...withoutRewrite } = settings
  const last = defaultBackend && resolveBackend(defaultBackend, ingress, withoutRewrite, view)
  return {
    ingress,
    hosts: [...new Set(rules.map(({ host = '' }) => host.toLowerCase()))],
    routes,
    defaultAction: last?.action,
    redirect,
    sources: last?.backend === undefined ? sources : [...sources, last.backend],
    tls,
    isRedirected,
    said,
    saidOfDefault: last?.problem === undefined ? [] : [last.problem],
  }
}

/** `ImplementationSpecific` is as `Prefix`; without a path it is every path. */
const pathMatch = ({ path = '', pathType }: HTTPIngressPath): PathMatch => ({
  type: pathType === 'Exact' ? 'Exact' : 'Prefix',
  value: path === '' ? '/' : path,
})
