import { same } from '#api/strategy.ts'
import type { Command } from '#loop/controller.ts'
import { createBackends } from '../backends.ts'
import { createMemory, type Memory, sameList } from '../memory.ts'
import type { Listener } from '../model/listener.ts'
import type { RouterModel } from '../model/router-model.ts'
import type { BackendSource } from '../model/service-backend.ts'
import type { Translation } from '../router-part.ts'
import { atOnce, isPause, type Steps } from '../turns.ts'
import type { AttachableGateway } from './attach.ts'
import type { GatewayView, RouteSources } from './gateway-view.ts'
import { grpcRules } from './grpc-rules.ts'
import { httpRules } from './http-rules.ts'
import { judgeClasses } from './judge-classes.ts'
import { type GatewayJudgement, judgeGateways, type ListenerJudgement } from './judge-gateways.ts'
import { judgeRoute, type RouteJudgement, refusedVerdicts } from './judge-routes.ts'
import { createListenerRoutes } from './listener-routes.ts'
import { isLiving, objectName } from './object-age.ts'
import type { Referrer } from './resolve-backend.ts'
import { classStatus, gatewayStatus, routeStatus } from './statuses.ts'
import { tlsRules } from './tls-rules.ts'
import type { RuleInput } from './translate-rules.ts'
import { GRPCRoute, HTTPRoute, TLSRoute } from './types.ts'

/**
 * What all Gateways of ours come to: what the router serves, and what is to be said of classes, Gateways and routes where it is not said already.
 * `now`: RFC 3339, whole seconds, for conditions that change. Each look remembers what it made of every route, so that the next one works on what
 * changed only.
 */
export function createGatewayTranslator(): (view: GatewayView, now: string) => Steps<Translation> {
  const httpRoutes = routeMemory(HTTPRoute, httpRules)
  const grpcRoutes = routeMemory(GRPCRoute, grpcRules)
  const tlsRoutes = routeMemory(TLSRoute, tlsRules)
  const listenerRoutes = createListenerRoutes()
  const backendsOf = createBackends()
  let attachable: ReadonlyMap<string, AttachableGateway> = new Map()
  let judged: readonly (RouteJudgement | undefined)[] | undefined
  let listeners: readonly Listener[] = []
  let sources: { readonly judged: unknown; readonly listeners: unknown; readonly all: readonly BackendSource[] } | undefined
  let last: RouterModel | undefined
  /** Routes of which nothing is to be said, in this state of theirs and with this judgement. */
  const settled = new WeakMap<object, RouteOutcome>()

  return function* (view, now) {
    const classes = judgeClasses(view.classes, view.bundleVersions)
    const accepted = new Set(classes.filter(({ isAccepted }) => isAccepted).map(({ class: { metadata } }) => metadata.name))
    const gateways = judgeGateways(
      view.gateways.filter((gateway) => accepted.has(gateway.spec.gatewayClassName) && isLiving(gateway)),
      view,
    )
    attachable = attachableGateways(gateways, attachable)
    const asked: RouteSources = {
      gateway: (name, namespace) => attachable.get(`${namespace}/${name}`),
      service: (name, namespace) => view.service(name, namespace),
      namespaceLabels: (name) => view.namespaceLabels(name),
      grants: () => view.grants,
    }
    const found = [
      ...(yield* judgeAll(HTTPRoute, httpRoutes, view.httpRoutes, asked)),
      ...(yield* judgeAll(GRPCRoute, grpcRoutes, view.grpcRoutes, asked)),
      ...(yield* judgeAll(TLSRoute, tlsRoutes, view.tlsRoutes, asked)),
    ]
    judged = sameList(
      judged,
      found.map((one) => one.judged),
    )
    const attached = yield* listenerRoutes(judged, view.refusals)

    const commands: (Command | undefined)[] = [
      ...classes.map((one) => classStatus(one, now)),
      ...gateways.map((one) => gatewayStatus(one, ({ key }) => attached.count(key), { now, isServing: view.isServing })),
    ]
    // Routes that have left all of our Gateways are told so too.
    for (const [index, { kind, route, judged }] of found.entries()) {
      if (isPause(index)) yield
      const refusal = judged && view.refusals.get(judged.object)
      const known = settled.get(route)
      if (known !== undefined && known.judged === judged && known.refusal === refusal) continue
      const command = routeStatus(kind, route, judged && withRefusal(judged, refusal), now)
      if (command === undefined) settled.set(route, { judged, refusal })
      else commands.push(command)
    }

    const served = gateways.flatMap(({ gateway, boundTo, listeners }) =>
      listeners.filter(({ isWanted }) => isWanted).map((listener) => listenerOf(gateway, boundTo, listener, attached.routes(listener.key))),
    )
    const former = new Map(listeners.map((one) => [one.name, one]))
    listeners = sameList(
      listeners,
      served.map((one) => sameListener(former.get(one.name), one)),
    )
    if (sources?.judged !== judged || sources.listeners !== listeners) sources = { judged, listeners, all: sourcesOf(judged, listeners) }
    const backends = yield* backendsOf(sources.all, view)
    const certificates = sameList(last?.certificates, certificatesOf(gateways))
    if (last?.listeners !== listeners || last.backends !== backends || last.certificates !== certificates)
      last = { listeners, backends, certificates }
    return { model: last, commands: commands.filter((command) => command !== undefined) }
  }
}

/** The same in one go, with nothing remembered. */
export const translateGateways = (view: GatewayView, now: string): Translation => atOnce(createGatewayTranslator()(view, now))

type AnyRoute = HTTPRoute | GRPCRoute | TLSRoute
type RouteKind = typeof HTTPRoute | typeof GRPCRoute | typeof TLSRoute

interface RouteOutcome {
  readonly judged: RouteJudgement | undefined
  readonly refusal: string | undefined
}

const routeMemory = <T extends AnyRoute>(kind: RouteKind, rulesOf: (route: T) => readonly RuleInput[]) =>
  createMemory<T, RouteSources, RouteJudgement | undefined>(
    (route, sources) => judgeRoute({ kind: kind.kind as Referrer['kind'], singular: kind.singular }, route, rulesOf(route), sources),
    // Statuses are written at every change of what is said; the age counts where two routes want the same.
    (before, now) => before.metadata.creationTimestamp === now.metadata.creationTimestamp && same(before.spec, now.spec),
  )

function* judgeAll<T extends AnyRoute>(
  kind: RouteKind,
  memory: Memory<T, RouteSources, RouteJudgement | undefined>,
  routes: readonly T[],
  sources: RouteSources,
): Steps<{ readonly kind: RouteKind; readonly route: T; readonly judged: RouteJudgement | undefined }[]> {
  const look = memory.look(sources)
  const found: { kind: RouteKind; route: T; judged: RouteJudgement | undefined }[] = []
  for (const route of routes) if (isLiving(route) && isPause(found.push({ kind, route, judged: look.of(route) }))) yield
  look.end()
  return found
}

/** By `namespace/name`. One that did not change for its routes is the same value. */
function attachableGateways(
  gateways: readonly GatewayJudgement[],
  former: ReadonlyMap<string, AttachableGateway>,
): ReadonlyMap<string, AttachableGateway> {
  return new Map(
    gateways.map(({ gateway, listeners }) => {
      const { namespace, name } = gateway.metadata
      const key = objectName(gateway)
      const now: AttachableGateway = {
        name,
        namespace,
        listeners: listeners.map(({ key, listener, hostname, supportedKinds }) => ({
          key,
          name: listener.name,
          port: listener.port,
          hostname,
          supportedKinds,
          allowedRoutes: listener.allowedRoutes,
        })),
      }
      const before = former.get(key)
      return [key, before !== undefined && same(before, now) ? before : now] as const
    }),
  )
}

const withRefusal = ({ parents }: RouteJudgement, refusal: string | undefined): Pick<RouteJudgement, 'parents'> => ({
  parents:
    refusal === undefined
      ? parents
      : parents.map(({ parentRef, verdicts }) => ({ parentRef, verdicts: refusedVerdicts(verdicts, refusal) })),
})

const listenerOf = (
  gateway: GatewayJudgement['gateway'],
  addresses: readonly string[] | undefined,
  { key, listener, protocol, hostname, certificates }: ListenerJudgement,
  routes: Listener['routes'],
): Listener => ({
  name: key,
  group: `gateway/${objectName(gateway)}`,
  port: listener.port,
  ...(addresses && { addresses }),
  protocol: protocol!,
  hostname,
  wildcards: 'many labels',
  hostsFallThrough: true,
  // The first certificate is for the listener's host; those beside it are for whatever other names they bear. Of a listener for every host each is
  // shown for its own names.
  certificates: certificates.map(({ name }, i) => ({ certificate: name, hostnames: hostname === '' || i > 0 ? [] : [hostname] })),
  routes,
})

function sameListener(before: Listener | undefined, now: Listener): Listener {
  if (before === undefined || before.routes !== now.routes) return now
  const { routes: _, ...one } = before
  const { routes: __, ...other } = now
  return same(one, other) ? before : now
}

/** Of routes that some listener serves. */
function sourcesOf(judged: readonly (RouteJudgement | undefined)[], listeners: readonly Listener[]): readonly BackendSource[] {
  const served = new Set(listeners.map(({ name }) => name))
  return judged.flatMap((one) => (one?.attached.keys().some((key) => served.has(key)) ? one.backends : []))
}

const certificatesOf = (gateways: readonly GatewayJudgement[]) => {
  const wanted = gateways.flatMap(({ listeners }) => listeners.filter(({ isWanted }) => isWanted))
  const all = new Map(wanted.flatMap(({ certificates }) => certificates.map((one) => [one.name, one])))
  return [...all.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
}
