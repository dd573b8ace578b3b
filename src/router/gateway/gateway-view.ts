import type { RouterView } from '../router-part.ts'
import type { Gateway, GatewayClass, GRPCRoute, HTTPRoute, ReferenceGrant } from './types.ts'

/** Everything that Gateways and their routes are judged and translated by. */
export interface GatewayView extends RouterView {
  readonly classes: readonly GatewayClass[]
  readonly gateways: readonly Gateway[]
  readonly httpRoutes: readonly HTTPRoute[]
  readonly grpcRoutes: readonly GRPCRoute[]
  readonly grants: readonly ReferenceGrant[]
  /** Undefined: there is no such namespace. */
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined
  /** `bundle-version` of each definition of the group that is there; '' where it has none. */
  readonly bundleVersions: readonly string[]
}
