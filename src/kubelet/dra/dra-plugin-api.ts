import type { Of } from '#schema/schema.ts'
import { field, int32, int64, list, map, message, string } from '#schema/schema.ts'

/**
 * The gRPC API of drivers for dynamic resource allocation (k8s.io/kubelet, pkg/apis/dra/{v1,v1beta1}/api.proto and pkg/apis/dra-health/
 * v1alpha1/api.proto). Versions differ by the name of their package only; v1 has one field more.
 */
const strings = () => list(string())

const Claim = message('dra.Claim', { namespace: field(1, string()), uid: field(2, string()), name: field(3, string()) })
/** A claim as drivers know it. */
export type DraClaim = Of<typeof Claim>

const Device = message('dra.Device', {
  requestNames: field(1, strings()),
  poolName: field(2, string()),
  deviceName: field(3, string()),
  cdiDeviceIds: field(4, strings()),
  shareId: field(5, string(), { pointer: true }),
})
const ClaimRequest = message('dra.ClaimRequest', { claims: field(1, list(Claim)) })
const PrepareResponse = message('dra.NodePrepareResourcesResponse', {
  claims: field(1, map(message('dra.NodePrepareResourceResponse', { devices: field(1, list(Device)), error: field(2, string()) }))),
})
const UnprepareResponse = message('dra.NodeUnprepareResourcesResponse', {
  claims: field(1, map(message('dra.NodeUnprepareResourceResponse', { error: field(1, string()) }))),
})

/** Methods of each version, newest first, by the name that a driver lists it under when it registers. */
export const draServices: ReadonlyMap<string, DraService> = new Map([service('v1'), service('v1beta1')])

/** One version of a driver's service. */
export type DraService = ReturnType<typeof service>[1]

function service(version: string) {
  const path = `/k8s.io.kubelet.pkg.apis.dra.${version}.DRAPlugin`
  const methods = {
    prepare: { path: `${path}/NodePrepareResources`, request: ClaimRequest, answer: PrepareResponse },
    unprepare: { path: `${path}/NodeUnprepareResources`, request: ClaimRequest, answer: UnprepareResponse },
  }
  return [`${version}.DRAPlugin` as string, methods] as const
}

const DeviceHealth = message('v1alpha1.DeviceHealth', {
  device: field(1, message('v1alpha1.DeviceIdentifier', { poolName: field(1, string()), deviceName: field(2, string()) })),
  /** 1: healthy, 2: unhealthy, all else unknown. */
  health: field(2, int32()),
  lastUpdatedTime: field(3, int64()),
  healthCheckTimeoutSeconds: field(4, int64()),
  message: field(5, string()),
})
export type DraDeviceHealth = Of<typeof DeviceHealth>

/** How the driver's devices are, whenever that changes. Optional: many drivers do not have it. */
export const watchHealth = {
  path: '/v1alpha1.DRAResourceHealth/NodeWatchResources',
  request: message('v1alpha1.NodeWatchResourcesRequest', {}),
  answer: message('v1alpha1.NodeWatchResourcesResponse', { devices: field(1, list(DeviceHealth)) }),
}
