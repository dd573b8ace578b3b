import type { RouterView } from '../router-part.ts'
import type { AttachableGateway } from './attach.ts'
import type { Gateway, GatewayClass, GRPCRoute, HTTPRoute, ReferenceGrant, TLSRoute } from './types.ts'

/** Everything that Gateways and their routes are judged and translated by. */
export interface GatewayView extends RouterView {
  readonly classes: readonly GatewayClass[]
  readonly gateways: readonly Gateway[]
  readonly httpRoutes: readonly HTTPRoute[]
  readonly grpcRoutes: readonly GRPCRoute[]
  readonly tlsRoutes: readonly TLSRoute[]
  readonly grants: readonly ReferenceGrant[]
  /** Undefined: there is no such namespace. */
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined
  /** `bundle-version` of each definition of the group that is there; '' where it has none. */
  readonly bundleVersions: readonly string[]
}

/** What a route's judgement is worked out from: everything else of the view makes no difference to it. A type, so that its members are known to be all. */
export type RouteSources = {
  /** A Gateway of ours, as far as routes have to know it. */
  gateway(name: string, namespace: string): AttachableGateway | undefined
  service: RouterView['service']
  namespaceLabels: GatewayView['namespaceLabels']
  grants(): readonly ReferenceGrant[]
}
