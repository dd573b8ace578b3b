import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import { no, type Verdict, yes } from './conditions.ts'
import type { RouteSources } from './gateway-view.ts'
import { intersection } from './hostnames.ts'
import { gatewayGroup } from './names.ts'
import type { GRPCRoute, HTTPRoute, Listener, ParentRef, RouteKind, TLSRoute } from './types.ts'

/** A Gateway as far as its routes have to know it: other conditions, certificates and the like make no difference to them. */
export interface AttachableGateway {
  readonly name: string
  readonly namespace: string
  readonly listeners: readonly AttachableListener[]
}

export interface AttachableListener {
  /** As in the model: `gateway/<namespace>/<gateway>/<listener>`. */
  readonly key: string
  readonly name: string
  readonly port: number
  /** Lower case; '': every host. */
  readonly hostname: string
  readonly supportedKinds: readonly RouteKind[]
  readonly allowedRoutes: Listener['allowedRoutes'] | undefined
}

/** Where one reference of a route to a Gateway leads. */
export interface Attachment {
  /** Whether the Gateway lets the route in. */
  readonly verdict: Verdict
  /** Listeners that take it, with the hosts that both mean: none unless the verdict is True. */
  readonly listeners: readonly { readonly listener: AttachableListener; readonly hostnames: readonly SharedHostname[] }[]
}

/** A host name that route and listener both mean, and how much wider the route's own name for it is: 0 where it is the same. */
export interface SharedHostname {
  readonly hostname: string
  readonly width: number
}

/**
 * Whether a route may attach to the listeners of a Gateway that it names: those of that name and port (`NoMatchingParent`), that allow its kind and
 * namespace (`NotAllowedByListeners`), and have a host in common with it (`NoMatchingListenerHostname`). Whether the listener itself is fine makes
 * no difference (API docs, ListenerStatus.attachedRoutes).
 */
export function attach(
  kind: string,
  route: HTTPRoute | GRPCRoute | TLSRoute,
  { sectionName, port }: ParentRef,
  gateway: AttachableGateway,
  view: Pick<RouteSources, 'namespaceLabels'>,
): Attachment {
  const refuse = (reason: string, message: string): Attachment => ({ verdict: no('Accepted', reason, message), listeners: [] })
  const named = gateway.listeners.filter(
    (listener) => (sectionName === undefined || listener.name === sectionName) && (port === undefined || listener.port === port),
  )
  if (named.length === 0)
    return refuse(
      'NoMatchingParent',
      `Gateway ${gateway.name} has no listener${sectionName === undefined ? '' : ` ${sectionName}`}${port === undefined ? '' : ` with port ${port}`}`,
    )
  const open = named.filter((one) => allows(one, kind, route.metadata.namespace, gateway.namespace, view))
  if (open.length === 0)
    return refuse('NotAllowedByListeners', `No listener allows a ${kind} of namespace ${route.metadata.namespace}: see allowedRoutes`)
  const shared = open
    .map((listener) => ({ listener, hostnames: sharedHostnames(route.spec.hostnames, listener.hostname) }))
    .filter(({ hostnames }) => hostnames.length > 0)
  if (shared.length === 0)
    return refuse('NoMatchingListenerHostname', `No listener has a host in common with ${(route.spec.hostnames ?? []).join(', ')}`)
  return { verdict: yes('Accepted'), listeners: shared }
}

function allows(
  { supportedKinds, allowedRoutes }: AttachableListener,
  kind: string,
  namespace: string,
  gatewayNamespace: string,
  view: Pick<RouteSources, 'namespaceLabels'>,
): boolean {
  if (!supportedKinds.some((one) => one.group === gatewayGroup && one.kind === kind)) return false
  const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {}
  if (from === 'All') return true
  if (from === 'Same') return namespace === gatewayNamespace
  const labels = view.namespaceLabels(namespace)
  return labels !== undefined && isSelected(selector, labels)
}

/** An operator that nobody knows selects nothing: the definitions take any text for it. */
function isSelected(selector: Parameters<typeof matchesLabelSelector>[0], labels: Readonly<Record<string, string>>): boolean {
  const isKnown = (selector?.matchExpressions ?? []).every(({ operator }) => ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator))
  return isKnown && matchesLabelSelector(selector, labels)
}

/**
 * Hosts that route and listener both mean, each once; a route without hosts takes those of the listener. Of routes for the same host, the one that
 * named it more precisely comes first (API docs, HTTPRouteSpec.hostnames: by the original hostnames, not by what is left of them).
 */
export function sharedHostnames(hostnames: readonly string[] | undefined, listener: string): readonly SharedHostname[] {
  const shared = new Map<string, number>()
  for (const own of hostnames === undefined || hostnames.length === 0 ? [''] : hostnames) {
    const hostname = intersection(own.toLowerCase(), listener)
    if (hostname === undefined) continue
    const width = hostname === own.toLowerCase() ? 0 : 1 + hostname.length - own.length
    shared.set(hostname, Math.min(width, shared.get(hostname) ?? width))
  }
  return [...shared].map(([hostname, width]) => ({ hostname, width }))
}
