import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { WherryError } from '#lib/errors.ts'
import type { AnyContainer } from '../pod/containers.ts'

/** A claim of a pod by the name of its object, once that is there. */
export interface PodClaim {
  /** As the pod calls it; '' for the one that the scheduler made for extended resources. */
  readonly name: string
  readonly claimName: string
  /** It was made for this pod, and has to be its own. */
  readonly isOwned: boolean
}

/**
 * The claims that a pod needs. An entry for which none was made on purpose is left out; one that is still to be made is an error, to be tried
 * again.
 */
export function podClaims(pod: Pod): readonly PodClaim[] {
  const own = (pod.spec.resourceClaims ?? []).flatMap((entry): PodClaim[] => {
    if (entry.resourceClaimName !== undefined) return [{ name: entry.name, claimName: entry.resourceClaimName, isOwned: false }]
    const { namespace, name } = pod.metadata
    if (entry.resourceClaimTemplateName === undefined)
      throw new WherryError(
        'Invalid',
        `pod "${namespace}/${name}", spec.resourceClaim "${entry.name}": none of the supported fields are set`,
      )
    const made = pod.status?.resourceClaimStatuses?.find((one) => one.name === entry.name)
    if (made === undefined) throw new WherryError('NotFound', `pod "${namespace}/${name}": ResourceClaim not created yet`)
    return made.resourceClaimName === undefined ? [] : [{ name: entry.name, claimName: made.resourceClaimName, isOwned: true }]
  })
  const extended = pod.status?.extendedResourceClaimStatus
  return extended === undefined ? own : [...own, { name: '', claimName: extended.resourceClaimName, isOwned: false }]
}

/** Why this pod may not use the claim as it is; undefined: it may. */
export function refusalOfClaim(pod: Pod, { isOwned }: PodClaim, claim: ResourceClaim): string | undefined {
  const { name, namespace, uid } = claim.metadata
  const owner = claim.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (isOwned && owner?.uid !== pod.metadata.uid)
    return `ResourceClaim ${namespace}/${name} was not created for Pod ${pod.metadata.namespace}/${pod.metadata.name} (Pod is not owner)`
  if (!claim.status.reservedFor?.some((one) => one.uid === pod.metadata.uid))
    return `pod ${pod.metadata.name} (${pod.metadata.uid}) is not allowed to use ResourceClaim ${name} (${uid})`
  return claim.status.allocation === undefined ? `ResourceClaim ${name}: not allocated` : undefined
}

/** Which requests of which claims a container uses, by the names of their objects; '' stands for all requests of a claim. */
export function containerClaims(pod: Pod, container: AnyContainer): ReadonlyMap<string, readonly string[]> {
  const wanted = container.resources?.claims ?? []
  const extended = pod.status?.extendedResourceClaimStatus
  if (wanted.length === 0 && extended === undefined) return new Map()
  const found = new Map<string, string[]>()
  const add = (claimName: string, request: string) => found.set(claimName, [...(found.get(claimName) ?? []), request])
  for (const { name, claimName } of podClaims(pod))
    for (const one of wanted) if (name !== '' && one.name === name) add(claimName, one.request ?? '')
  for (const mapping of extended?.requestMappings ?? []) {
    const asked = container.resources?.requests?.[mapping.resourceName]
    if (mapping.containerName === container.name && asked !== undefined && asked !== '0')
      add(extended!.resourceClaimName, mapping.requestName)
  }
  return found
}
