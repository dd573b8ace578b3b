import { matchesNodeSelector } from '#api/core/v1/node-affinity.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { type Refusal, refuseForGood } from '../../framework/plugin.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import type { World } from '../../world/world.ts'
import { readinessOf, readyUntil } from './binding-conditions.ts'
import { isServedByDevices } from './class-index.ts'
import { type DeviceState, type DynamicResourcesTimes, isUnwritten } from './device-state.ts'
import { createPools } from './pools.ts'
import { allocatorFor, isUnallocated } from './pre-filter-claims.ts'

/** Whether the pod's claims can be had on the node; what was found there is noted in the state. */
export function filterClaims(
  pod: PodInfo,
  node: NodeInfo,
  state: DeviceState,
  world: World,
  { filterTimeoutMs, bindingTimeoutMs }: DynamicResourcesTimes,
): Refusal | undefined {
  const left = leftToDevices(node, state, world)
  if (typeof left === 'string') return refuseForGood(left)
  const unavailable = [...state.claims.keys()].filter((at) => {
    const claim = state.claims[at]!
    return !isUnallocated(claim) && !isUsable(claim, node, world, bindingTimeoutMs)
  })
  const by = allocatorFor(state, pod, left, world, filterTimeoutMs)
  if (by !== undefined) {
    const pools = world.kept(createPools)(node)
    const claims = by.allocator.allocate(node.name, pools)
    if (claims === undefined)
      return refuseForGood(
        pools.some((pool) => pool.state === 'invalid') ? 'invalid resource pools were encountered' : 'cannot allocate all claims',
      )
    if (unavailable.length === 0) state.found.set(node.name, { by, claims })
  }
  if (unavailable.length === 0) return undefined
  // Only where the other claims can be had would it help that these are given back.
  for (const at of unavailable) state.unavailable.add(at)
  return refuseForGood('resourceclaim not available on the node')
}

/** Extended resources that the node has none of, and devices may serve; a text says why it cannot have the pod. */
function leftToDevices(node: NodeInfo, { claims, extended, extendedAt }: DeviceState, world: World): readonly string[] | string {
  const claim = claims[extendedAt]
  if (claim === undefined) return none
  // Left from an earlier try: what it has may be out of date, so that it has to go first.
  if (!isUnwritten(claim)) return 'cannot schedule extended resource claim'
  const left: string[] = []
  for (const resource of extended) {
    if (isServedByDevices(world, resource, node)) left.push(resource)
    else if (node.node.status.allocatable?.[resource] === undefined) return 'cannot fit resource'
  }
  return left
}

const none: readonly string[] = []

function isUsable(claim: ResourceClaim, { node }: NodeInfo, { clock }: World, bindingTimeoutMs: number): boolean {
  const { nodeSelector } = claim.status.allocation!
  if (nodeSelector !== undefined && !matchesNodeSelector(nodeSelector, node)) return false
  const readiness = readinessOf(claim)
  if (readiness === 'ready') return true
  // Devices that failed, or that are not ready in time, are given back, and others are looked for.
  return readiness === 'waiting' && clock.now() <= readyUntil(claim, bindingTimeoutMs)
}
