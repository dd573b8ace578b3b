import type { DeviceRequest, ResourceClaimSpec } from '#api/resource/v1/types.ts'

/** One device, where a request says neither how many nor all. */
export function defaultClaim(spec: ResourceClaimSpec): ResourceClaimSpec {
  const { requests } = spec.devices
  if (!(requests ?? []).some(lacksCount)) return spec
  return { ...spec, devices: { ...spec.devices, requests: requests.map(withCount) } }
}

interface Counted {
  readonly allocationMode: string
  readonly count?: number | undefined
}
const isUncounted = ({ allocationMode, count }: Counted): boolean => allocationMode === 'ExactCount' && !count
const lacksCount = ({ exactly, firstAvailable = [] }: DeviceRequest): boolean =>
  (exactly !== undefined && isUncounted(exactly)) || firstAvailable.some(isUncounted)

function withCount(request: DeviceRequest): DeviceRequest {
  if (!lacksCount(request)) return request
  const counted = <T extends Counted>(one: T): T => (isUncounted(one) ? { ...one, count: 1 } : one)
  return {
    ...request,
    ...(request.exactly !== undefined && { exactly: counted(request.exactly) }),
    ...(request.firstAvailable !== undefined && { firstAvailable: request.firstAvailable.map(counted) }),
  }
}
