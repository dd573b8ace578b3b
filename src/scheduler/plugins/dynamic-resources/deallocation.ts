import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { BindMeans, Failure, PostFilter } from '../../framework/plugin.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import { type DeviceState, dynamicResourcesName, isUnwritten } from './device-state.ts'
import { deleteExtendedClaim } from './extended-claim-writes.ts'

/**
 * Gives back the devices of a claim that nobody else uses, where some node could not use them: the pod may find others. Messages are the
 * reference's.
 */
export function planDeallocation({ pod }: PodInfo, { cycle, others }: Failure): PostFilter {
  // The reference knows nothing of a pod that was refused before it was asked, and says so.
  if (cycle === undefined && others?.plugin !== dynamicResourcesName) return { message: 'not found', ends: true }
  const state = cycle?.states.get(dynamicResourcesName) as DeviceState | undefined
  if (state === undefined) return { message: 'no new claims to deallocate' }
  for (const at of state.unavailable) {
    const claim = state.claims[at]!
    if (at === state.extendedAt) continue
    const { reservedFor = [] } = claim.status
    if (reservedFor.every(({ uid }) => uid === pod.metadata.uid) && reservedFor.length <= 1)
      return { message: 'deallocation of ResourceClaim completed', act: (means) => deallocate(claim, means) }
  }
  const extended = state.claims[state.extendedAt]
  if (extended !== undefined && !isUnwritten(extended))
    return { message: 'deletion of ResourceClaim completed', act: (means) => deleteExtendedClaim(extended, means) }
  return { message: 'still not schedulable' }
}

async function deallocate(claim: ResourceClaim, { client }: BindMeans): Promise<void> {
  const { allocation: _allocation, reservedFor: _reservedFor, devices: _devices, ...status } = claim.status
  await client.update(ResourceClaim, { ...claim, status }, { subresource: 'status' })
}
