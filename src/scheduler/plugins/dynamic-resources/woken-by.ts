import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { deepEqual } from '#schema/fields.ts'
import type { ClusterEvent, EventPattern } from '../../framework/cluster-event.ts'
import type { World } from '../../world/world.ts'
import { claimsOfPod } from './pod-claims.ts'

/** Changes after which a pod that lacked devices may get them. */
export const wokenBy: readonly EventPattern[] = [
  { resource: 'Node', actions: ['Add', 'UpdateNodeLabel', 'UpdateNodeAllocatable'] },
  { resource: 'resource.k8s.io/ResourceClaim', actions: ['Add', 'Update'], helps: helpsClaim },
  { resource: 'Pod', actions: ['UpdatePodGeneratedResourceClaim'], helps: helpsPod },
  { resource: 'resource.k8s.io/DeviceClass', actions: ['Add', 'Update'] },
  { resource: 'resource.k8s.io/ResourceSlice', actions: ['Add', 'Update'] },
]

/** Devices that were given back may help anybody; else only a change of one of the pod's own claims does. */
function helpsClaim(pod: Pod, { before, after }: ClusterEvent, world: World): boolean {
  const claims = claimsOfPod(pod, world)
  if (typeof claims === 'string') return false
  const [previous, claim] = [before as ResourceClaim | undefined, after as ResourceClaim]
  if (previous?.status.allocation !== undefined && claim.status.allocation === undefined) return true
  if (!claims.some(({ metadata }) => metadata.uid === claim.metadata.uid)) return false
  return previous === undefined || !deepEqual(previous.status, claim.status)
}

function helpsPod(pod: Pod, { after }: ClusterEvent, world: World): boolean {
  const changed = after as Pod
  return changed.metadata.uid === pod.metadata.uid && typeof claimsOfPod(changed, world) !== 'string'
}
