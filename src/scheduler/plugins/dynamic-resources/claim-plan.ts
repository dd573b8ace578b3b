import { DeviceClass } from '#api/resource/v1/device-class.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { DeviceRequest, DeviceSubRequest, DeviceToleration, ExactDeviceRequest } from '#api/resource/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { World } from '../../world/world.ts'
import type { CapacityRequests } from './capacity.ts'
import { createDeviceSelectors, type DeviceTest } from './device-selectors.ts'

/** A claim that is to be allocated, with all that does not hang on the node. */
export interface ClaimPlan {
  readonly claim: ResourceClaim
  readonly requests: readonly RequestPlan[]
}

/** One request of a claim, or one of its alternatives, ready to be searched for. */
export interface RequestPlan {
  readonly name: string
  /** What will do, best first; a request for one sort of device has one. */
  readonly alternatives: readonly Alternative[]
  readonly hasChoice: boolean
}

/** One sort of device for a request. */
export interface Alternative {
  /** Name of the request. */
  readonly request: string
  /** Name of the subrequest, '' where there is no choice. */
  readonly name: string
  /** `request` or `request/name`. */
  readonly reference: string
  readonly deviceClass: DeviceClass
  /** Every device that fits, instead of `count` of them. */
  readonly isAll: boolean
  readonly count: number
  /** For monitoring: it also gets what others hold. */
  readonly isAdmin: boolean
  /** Of the class, then of the request. */
  readonly tests: readonly DeviceTest[]
  readonly tolerations: readonly DeviceToleration[]
  readonly capacity: CapacityRequests
  readonly asksCapacity: boolean
}

/** `namespace/name`, as errors tell of a claim. */
export const claimText = ({ metadata: { namespace, name } }: ResourceClaim): string => `${namespace}/${name}`

/** Throws a `WherryError` for a claim that cannot be understood. */
export function planClaim(claim: ResourceClaim, world: World): ClaimPlan {
  const requests = (claim.spec.devices.requests ?? []).map((request) => planRequest(request, claim, world))
  return { claim, requests }
}

function planRequest(request: DeviceRequest, claim: ResourceClaim, world: World): RequestPlan {
  const { name, exactly, firstAvailable = [] } = request
  if (firstAvailable.length > 0)
    return {
      name,
      hasChoice: true,
      alternatives: firstAvailable.map((wanted) =>
        planAlternative({ request: name, name: wanted.name, wanted, isAdmin: false }, claim, world),
      ),
    }
  if (exactly === undefined) throw fault(claim, name, 'missing device class name (unsupported request type?)')
  const isAdmin = exactly.adminAccess === true
  return { name, hasChoice: false, alternatives: [planAlternative({ request: name, name: '', wanted: exactly, isAdmin }, claim, world)] }
}

interface Wanted {
  readonly request: string
  readonly name: string
  readonly wanted: ExactDeviceRequest | DeviceSubRequest
  readonly isAdmin: boolean
}

function planAlternative({ request, name, wanted, isAdmin }: Wanted, claim: ResourceClaim, world: World): Alternative {
  const said = name === '' ? request : name
  const { deviceClassName, selectors = [], allocationMode: mode, count = 0, tolerations = [], capacity } = wanted
  const bare = selectors.findIndex(({ cel }) => cel === undefined)
  if (bare !== -1) throw fault(claim, said, `selector #${bare}: CEL expression empty (unsupported selector type?)`, ', ')
  if (!deviceClassName) throw fault(claim, said, 'missing device class name (unsupported request type?)')
  const deviceClass = world.lookups.of(DeviceClass).get(deviceClassName)
  if (deviceClass === undefined)
    throw fault(
      claim,
      said,
      `could not retrieve device class ${deviceClassName}: deviceclass.resource.k8s.io ${JSON.stringify(deviceClassName)} not found`,
    )
  if (mode !== 'All' && mode !== 'ExactCount') throw fault(claim, said, `unsupported count mode ${mode}`)
  const testsOf = world.kept(createDeviceSelectors)
  return {
    request,
    name,
    reference: name === '' ? request : `${request}/${name}`,
    deviceClass,
    isAll: mode === 'All',
    count,
    isAdmin,
    tests: [...testsOf(deviceClass.spec.selectors, `class ${deviceClassName}`), ...testsOf(selectors, `claim ${claimText(claim)}`)],
    tolerations,
    capacity: capacity?.requests ?? {},
    asksCapacity: Object.keys(capacity?.requests ?? {}).length > 0,
  }
}

const fault = (claim: ResourceClaim, request: string, why: string, joint = ': '): WherryError =>
  new WherryError('InternalError', `claim ${claimText(claim)}, request ${request}${joint}${why}`)
