/**
 * The kinds of the Gateway API as the router reads them. They are custom resources: the server validates them, fills in the defaults of their
 * definitions, and hands them out as they are, so a reader has plain JSON. What a definition gives a default is there.
 */
import { type Kind, kind, type NamespacedMeta, type Stored, type StoredMeta } from '#api/kind.ts'
import type { Condition, LabelSelector, ObjectMeta } from '#api/meta/v1/types.ts'
import { json, type Type } from '#schema/schema.ts'
import { gatewayGroup } from './names.ts'

/** Which program serves Gateways of the class. */
export interface GatewayClassType {
  readonly metadata: ObjectMeta
  readonly spec: { readonly controllerName: string; readonly parametersRef?: ParametersRef; readonly description?: string }
  readonly status?: { readonly conditions?: readonly Condition[]; readonly supportedFeatures?: readonly { readonly name: string }[] }
}

/** An object of some other kind. */
export interface ParametersRef {
  readonly group: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

/** Ports that are listened on, for which host names, and whose routes may attach. */
export interface GatewayType {
  readonly metadata: ObjectMeta
  readonly spec: GatewaySpec
  readonly status?: GatewayStatus
}

export interface GatewaySpec {
  readonly gatewayClassName: string
  readonly addresses?: readonly GatewayAddress[]
  readonly listeners: readonly Listener[]
  readonly infrastructure?: { readonly parametersRef?: ParametersRef }
  readonly tls?: GatewayTls
  /** Which ListenerSets may bring further listeners. */
  readonly allowedListeners?: { readonly namespaces?: { readonly from?: string } }
}

/** `type` is `IPAddress`, `Hostname` or a name with a domain. */
export interface GatewayAddress {
  readonly type: string
  readonly value?: string
}

/** TLS beside what listeners say: of clients (their certificates) and of backends. */
export interface GatewayTls {
  readonly backend?: { readonly clientCertificateRef?: ObjectRef }
  readonly frontend?: {
    readonly default?: { readonly validation?: unknown }
    readonly perPort?: readonly { readonly port: number; readonly tls?: { readonly validation?: unknown } }[]
  }
}

export interface Listener {
  readonly name: string
  readonly hostname?: string
  readonly port: number
  readonly protocol: string
  readonly tls?: ListenerTls
  readonly allowedRoutes: {
    readonly namespaces?: { readonly from: 'All' | 'Selector' | 'Same'; readonly selector?: LabelSelector }
    readonly kinds?: readonly RouteKind[]
  }
}

export interface ListenerTls {
  readonly mode: 'Terminate' | 'Passthrough'
  readonly certificateRefs?: readonly ObjectRef[]
  readonly options?: Readonly<Record<string, string>>
}

export interface RouteKind {
  readonly group: string
  readonly kind: string
}

/** An object in this namespace or, where a ReferenceGrant says so, in another. */
export interface ObjectRef {
  readonly group: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

export interface GatewayStatus {
  readonly addresses?: readonly GatewayAddress[]
  readonly conditions?: readonly Condition[]
  readonly listeners?: readonly ListenerStatus[]
}

export interface ListenerStatus {
  readonly name: string
  readonly supportedKinds?: readonly RouteKind[]
  readonly attachedRoutes: number
  readonly conditions: readonly Condition[]
}

/** What all kinds of routes share. */
export interface RouteType {
  readonly metadata: ObjectMeta
  readonly spec: { readonly parentRefs?: readonly ParentRef[]; readonly hostnames?: readonly string[] }
  readonly status?: RouteStatus
}

/** A Gateway, or the listeners of it that are called so or have that port. */
export interface ParentRef {
  readonly group: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly sectionName?: string
  readonly port?: number
}

export interface RouteStatus {
  readonly parents?: readonly RouteParentStatus[]
}

export interface RouteParentStatus {
  readonly parentRef: ParentRef
  readonly controllerName: string
  readonly conditions: readonly Condition[]
}

/** Which HTTP requests go where. */
export interface HTTPRouteType extends RouteType {
  readonly spec: RouteType['spec'] & { readonly rules?: readonly HTTPRouteRule[] }
}

export interface HTTPRouteRule {
  readonly name?: string
  readonly matches?: readonly HTTPRouteMatch[]
  readonly filters?: readonly HTTPRouteFilter[]
  readonly backendRefs?: readonly HTTPBackendRef[]
  /** Durations of GEP-2257 (`1h30m`, at most four parts). */
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string }
  readonly retry?: { readonly attempts?: number; readonly backoff?: string; readonly codes?: readonly number[] }
}

/** All that is there has to hold. */
export interface HTTPRouteMatch {
  readonly path?: { readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value: string }
  readonly headers?: readonly ValueMatch[]
  readonly queryParams?: readonly ValueMatch[]
  readonly method?: string
}

export interface ValueMatch {
  readonly type: 'Exact' | 'RegularExpression'
  readonly name: string
  readonly value: string
}

export interface HTTPRouteFilter {
  readonly type: string
  readonly requestHeaderModifier?: HeaderModifier
  readonly responseHeaderModifier?: HeaderModifier
  readonly requestRedirect?: RequestRedirect
  readonly urlRewrite?: UrlRewrite
  readonly requestMirror?: unknown
  readonly extensionRef?: ParametersRef
}

export interface HeaderModifier {
  readonly set?: readonly HeaderValue[]
  readonly add?: readonly HeaderValue[]
  readonly remove?: readonly string[]
}

export interface HeaderValue {
  readonly name: string
  readonly value: string
}

export interface RequestRedirect {
  readonly scheme?: string
  readonly hostname?: string
  readonly path?: PathModifier
  readonly port?: number
  readonly statusCode: number
}

export interface UrlRewrite {
  readonly hostname?: string
  readonly path?: PathModifier
}

export interface PathModifier {
  readonly type: 'ReplaceFullPath' | 'ReplacePrefixMatch'
  readonly replaceFullPath?: string
  readonly replacePrefixMatch?: string
}

export interface BackendRef extends ObjectRef {
  readonly port?: number
  readonly weight: number
}

export interface HTTPBackendRef extends BackendRef {
  readonly filters?: readonly HTTPRouteFilter[]
}

/** Which gRPC calls go where. */
export interface GRPCRouteType extends RouteType {
  readonly spec: RouteType['spec'] & { readonly rules?: readonly GRPCRouteRule[] }
}

export interface GRPCRouteRule {
  readonly name?: string
  readonly matches?: readonly GRPCRouteMatch[]
  readonly filters?: readonly HTTPRouteFilter[]
  readonly backendRefs?: readonly HTTPBackendRef[]
}

export interface GRPCRouteMatch {
  readonly method?: { readonly type: 'Exact' | 'RegularExpression'; readonly service?: string; readonly method?: string }
  readonly headers?: readonly ValueMatch[]
}

/** Which connections go where, by the name that clients ask for when TLS begins. */
export interface TLSRouteType extends RouteType {
  readonly spec: RouteType['spec'] & {
    readonly rules?: readonly { readonly name?: string; readonly backendRefs?: readonly BackendRef[] }[]
  }
}

/** Objects of other namespaces that may refer to objects of this one. */
export interface ReferenceGrantType {
  readonly metadata: ObjectMeta
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[]
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[]
  }
}

const group = gatewayGroup

export const GatewayClass: Kind<Stored<GatewayClassType, StoredMeta>, GatewayClassType> = kind(asGiven<GatewayClassType>(), {
  group,
  version: 'v1',
  kind: 'GatewayClass',
  plural: 'gatewayclasses',
  singular: 'gatewayclass',
  scope: 'Cluster',
})
export type GatewayClass = Stored<GatewayClassType, StoredMeta>

export const Gateway: Kind<Stored<GatewayType, NamespacedMeta>, GatewayType> = kind(asGiven<GatewayType>(), {
  group,
  version: 'v1',
  kind: 'Gateway',
  plural: 'gateways',
  singular: 'gateway',
  scope: 'Namespaced',
})
export type Gateway = Stored<GatewayType, NamespacedMeta>

export const HTTPRoute: Kind<Stored<HTTPRouteType, NamespacedMeta>, HTTPRouteType> = kind(asGiven<HTTPRouteType>(), {
  group,
  version: 'v1',
  kind: 'HTTPRoute',
  plural: 'httproutes',
  singular: 'httproute',
  scope: 'Namespaced',
})
export type HTTPRoute = Stored<HTTPRouteType, NamespacedMeta>

export const GRPCRoute: Kind<Stored<GRPCRouteType, NamespacedMeta>, GRPCRouteType> = kind(asGiven<GRPCRouteType>(), {
  group,
  version: 'v1',
  kind: 'GRPCRoute',
  plural: 'grpcroutes',
  singular: 'grpcroute',
  scope: 'Namespaced',
})
export type GRPCRoute = Stored<GRPCRouteType, NamespacedMeta>

export const TLSRoute: Kind<Stored<TLSRouteType, NamespacedMeta>, TLSRouteType> = kind(asGiven<TLSRouteType>(), {
  group,
  version: 'v1',
  kind: 'TLSRoute',
  plural: 'tlsroutes',
  singular: 'tlsroute',
  scope: 'Namespaced',
})
export type TLSRoute = Stored<TLSRouteType, NamespacedMeta>

/** Of v1beta1, which every release of the definitions serves; v1 is the same and came late. */
export const ReferenceGrant: Kind<Stored<ReferenceGrantType, NamespacedMeta>, ReferenceGrantType> = kind(asGiven<ReferenceGrantType>(), {
  group,
  version: 'v1beta1',
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  singular: 'referencegrant',
  scope: 'Namespaced',
})
export type ReferenceGrant = Stored<ReferenceGrantType, NamespacedMeta>

/** Whatever JSON the server hands out, of which its schema has made sure that it is a `T`. */
function asGiven<T>(): Type<T> {
  return json() as unknown as Type<T>
}
