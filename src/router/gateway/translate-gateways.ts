import type { Command } from '#loop/controller.ts'
import type { RouterModel } from '../model/router-model.ts'
import type { Translation } from '../router-part.ts'
import type { GatewayView } from './gateway-view.ts'
import { judgeClasses } from './judge-classes.ts'
import { judgeGateways, type ListenerJudgement } from './judge-gateways.ts'
import { judgeRoutes, type RouteJudgement } from './judge-routes.ts'
import { isLiving, objectName } from './object-age.ts'
import { classStatus, gatewayStatus, routeStatus } from './statuses.ts'

/**
 * What all Gateways of ours come to: what the router serves, and what is to be said of classes, Gateways and routes where it is not said already.
 * `now`: RFC 3339, whole seconds, for conditions that change.
 */
export function translateGateways(view: GatewayView, now: string): Translation {
  const classes = judgeClasses(view.classes, view.bundleVersions)
  const accepted = new Set(classes.filter(({ isAccepted }) => isAccepted).map(({ class: { metadata } }) => metadata.name))
  const gateways = judgeGateways(
    view.gateways.filter((gateway) => accepted.has(gateway.spec.gatewayClassName) && isLiving(gateway)),
    view,
  )
  const routes = judgeRoutes(gateways, view)
  const judged = new Map(routes.map((one) => [one.route, one]))
  const attached = Map.groupBy(
    routes.flatMap((route) => [...route.attached.keys()].map((listener) => ({ listener, route }))),
    ({ listener }) => listener,
  )
  const attachedTo = (listener: ListenerJudgement): readonly RouteJudgement[] => (attached.get(listener) ?? []).map(({ route }) => route)
  const commands: (Command | undefined)[] = [
    ...classes.map((one) => classStatus(one, now)),
    ...gateways.map((one) => gatewayStatus(one, (listener) => attachedTo(listener).length, { now, isServing: view.isServing })),
    // Routes that have left all of our Gateways are told so too.
    ...[...view.httpRoutes, ...view.grpcRoutes].filter(isLiving).map((route) => routeStatus(route, judged.get(route), now)),
  ]
  return { model: modelOf(gateways, routes, attachedTo), commands: commands.filter((command) => command !== undefined) }
}

function modelOf(
  gateways: ReturnType<typeof judgeGateways>,
  routes: readonly RouteJudgement[],
  attachedTo: (listener: ListenerJudgement) => readonly RouteJudgement[],
): RouterModel {
  const served = gateways.flatMap(({ gateway, listeners }) =>
    listeners.filter(({ isProgrammed }) => isProgrammed).map((judged) => ({ gateway, judged })),
  )
  const programmed = new Set(served.map(({ judged }) => judged))
  return {
    listeners: served.map(({ gateway, judged }) => ({
      name: `gateway/${objectName(gateway)}/${judged.listener.name}`,
      group: `gateway/${objectName(gateway)}`,
      port: judged.listener.port,
      protocol: judged.protocol!,
      hostname: judged.hostname,
      wildcards: 'many labels',
      hostsFallThrough: true,
      certificates: certificatesOf(judged),
      routes: attachedTo(judged)
        .flatMap(({ attached }) => attached.get(judged)!)
        .toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0)),
    })),
    backends: byName(
      routes
        .filter(({ attached }) => [...attached.keys()].some((listener) => programmed.has(listener)))
        .flatMap(({ backends }) => backends),
    ),
    certificates: byName([...programmed].flatMap(({ certificates }) => certificates)),
  }
}

/**
 * The first certificate is for the listener's host; those beside it are for whatever other names they bear. Of a listener for every host each is
 * shown for its own names.
 */
const certificatesOf = ({ certificates, hostname }: ListenerJudgement) =>
  certificates.map(({ name }, i) => ({ certificate: name, hostnames: hostname === '' || i > 0 ? [] : [hostname] }))

function byName<T extends { readonly name: string }>(values: readonly T[]): readonly T[] {
  const all = new Map(values.map((value) => [value.name, value]))
  return [...all.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
}
