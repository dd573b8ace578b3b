import { DeviceClass } from '#api/resource/v1/device-class.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { WherryError } from '#lib/errors.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import type { World } from '../../world/world.ts'
import { createAllocator } from './allocator.ts'
import { createClaimIndex } from './claim-index.ts'
import { claimText } from './claim-plan.ts'
import { createClassIndex, isDeviceResource } from './class-index.ts'
import type { DeviceState, DynamicResourcesTimes, NodeAllocator } from './device-state.ts'
import { extendedRequests, unwrittenClaim } from './extended-claim.ts'
import { claimsOfPod } from './pod-claims.ts'

/**
 * What a pod's claims need before nodes are looked at; undefined: nothing, it has none. A text says why no node can take the pod now, in the
 * reference's words. Throws a `WherryError` for a claim that cannot be understood.
 */
export function beginClaims(info: PodInfo, world: World, { filterTimeoutMs }: DynamicResourcesTimes): DeviceState | string | undefined {
  const { pod } = info
  const extended = extendedResourcesOf(info, world)
  if (extended.length === 0 && (pod.spec.resourceClaims?.length ?? 0) === 0) return undefined
  const own = claimsOfPod(pod, world)
  if (typeof own === 'string') return own
  const index = world.kept(createClaimIndex)
  const extendedClaim = extended.length === 0 ? undefined : (index.extendedClaimOf(pod.metadata.uid) ?? unwrittenClaim(pod))
  if (own.length === 0 && extendedClaim === undefined) return undefined
  for (const claim of [...own, ...(extendedClaim === undefined ? [] : [extendedClaim])]) {
    if (claim.status.allocation !== undefined) continue
    // Whoever wrote its users before its devices would be refused, so that others wait until the devices are written.
    if (index.isPending(claim.metadata.uid)) return `resource claim ${claimText(claim)} is in the process of being allocated`
    const problem = claim === extendedClaim ? undefined : missingClass(claim, world)
    if (problem !== undefined) return problem
  }
  const state: DeviceState = {
    claims: extendedClaim === undefined ? [...own] : [...own, extendedClaim],
    extendedAt: extendedClaim === undefined ? -1 : own.length,
    extended,
    allocators: new Map(),
    found: new Map(),
    unavailable: new Set(),
    reserved: new Map(),
    writing: undefined,
  }
  // Claims that cannot be understood are refused whatever the node.
  if (own.some(isUnallocated)) allocatorFor(state, info, [], world, filterTimeoutMs)
  return state
}

/** Whether devices are still to be found for the claim. */
export const isUnallocated = ({ status }: ResourceClaim): boolean => status.allocation === undefined

/** The allocator for a node that leaves these extended resources to devices; undefined: there is nothing to allocate there. */
export function allocatorFor(
  state: DeviceState,
  { pod }: Pick<PodInfo, 'pod'>,
  left: readonly string[],
  world: World,
  timeoutMs: number,
): NodeAllocator | undefined {
  const key = left.join()
  const known = state.allocators.get(key)
  if (known !== undefined) return known
  const own = state.claims.filter((claim, at) => at !== state.extendedAt && isUnallocated(claim))
  if (own.length === 0 && left.length === 0) return undefined
  const classes = world.kept(createClassIndex)
  const { requests, mappings } = extendedRequests(pod, left, (resource) => classes.classOf(resource)!.metadata.name)
  const base = state.claims[state.extendedAt]
  const extendedClaim = left.length === 0 ? undefined : { ...base!, spec: { devices: { requests } } }
  const made: NodeAllocator = {
    allocator: createAllocator(extendedClaim === undefined ? own : [...own, extendedClaim], world, timeoutMs),
    extendedClaim,
    mappings,
  }
  state.allocators.set(key, made)
  return made
}

/** What the pod asks for that could be devices, if a class stands for any of it. */
function extendedResourcesOf({ shape }: PodInfo, world: World): readonly string[] {
  const classes = world.kept(createClassIndex)
  if (!shape.requests.some(({ resource }) => classes.classOf(resource) !== undefined && isDeviceResource(resource))) return none
  return shape.requests.map(({ resource }) => resource).filter(isDeviceResource)
}

const none: readonly string[] = []

/** The reference's words for a claim that has to wait for a class. */
function missingClass({ spec, metadata }: ResourceClaim, world: World): string | undefined {
  const classes = world.lookups.of(DeviceClass)
  for (const { name, exactly, firstAvailable = [] } of spec.devices.requests ?? []) {
    if (exactly === undefined && firstAvailable.length === 0)
      return `resource claim ${metadata.namespace}/${metadata.name}, request ${name}: unknown request type`
    const wanted =
      exactly !== undefined
        ? [{ at: name, deviceClassName: exactly.deviceClassName }]
        : firstAvailable.map((each) => ({ at: `${name}/${each.name}`, deviceClassName: each.deviceClassName }))
    for (const { at, deviceClassName } of wanted) {
      if (!deviceClassName) throw new WherryError('InternalError', `request ${at}: unsupported request type`)
      if (classes.get(deviceClassName) === undefined) return `request ${at}: device class ${deviceClassName} does not exist`
    }
  }
  return undefined
}
