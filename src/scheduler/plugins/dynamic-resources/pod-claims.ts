import type { Pod } from '#api/core/v1/pod.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { World } from '../../world/world.ts'

/**
 * The claims that a pod uses, in the order of its `resourceClaims`; a text says why they cannot be used (yet), in the reference's words. An
 * entry for which its status says that no claim is needed has none.
 */
export function claimsOfPod({ metadata, spec, status }: Pod, world: World): readonly ResourceClaim[] | string {
  const lookup = world.lookups.of(ResourceClaim)
  const { name: podName, namespace } = metadata
  const claims: ResourceClaim[] = []
  for (const { name: entry, resourceClaimName, resourceClaimTemplateName } of spec.resourceClaims ?? []) {
    let name = resourceClaimName
    if (name === undefined) {
      if (resourceClaimTemplateName === undefined)
        return `pod "${namespace}/${podName}", spec.resourceClaim ${JSON.stringify(entry)}: none of the supported fields are set`
      const noted = status.resourceClaimStatuses?.find((each) => each.name === entry)
      if (noted === undefined) return `pod "${namespace}/${podName}": ResourceClaim not created yet`
      if (noted.resourceClaimName === undefined) continue
      name = noted.resourceClaimName
    }
    const claim = lookup.get(name, namespace)
    if (claim === undefined) return `could not find ResourceClaim "${namespace}/${name}"`
    if (claim.metadata.deletionTimestamp !== undefined) return `resourceclaim ${JSON.stringify(name)} is being deleted`
    if (resourceClaimName === undefined && !isControlledBy(claim, { metadata }))
      return `ResourceClaim ${namespace}/${name} was not created for Pod ${namespace}/${podName} (Pod is not owner)`
    // Two entries may name one claim.
    if (!claims.includes(claim)) claims.push(claim)
  }
  return claims
}

/** Whether the claim lists the pod among its users. */
export const isReservedFor = ({ status }: ResourceClaim, { metadata }: Pod): boolean =>
  (status.reservedFor ?? []).some(({ uid }) => uid === metadata.uid)
