import { Pod } from '#api/core/v1/pod.ts'
import type { ContainerExtendedResourceRequest } from '#api/core/v1/types.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { BindMeans } from '../../framework/plugin.ts'
import { claimText } from './claim-plan.ts'
import { retryOnConflict } from './retry-on-conflict.ts'

/** Keeps a claim until its devices are given back (API: Finalizer). */
export const claimFinalizer = 'resource.kubernetes.io/delete-protection'

/** Writes the claim for a pod's extended resources, which so far stands in our memory only. */
export async function createExtendedClaim(claim: ResourceClaim, { client }: BindMeans): Promise<ResourceClaim> {
  const { generateName, namespace, annotations, ownerReferences } = claim.metadata
  const metadata = { generateName, namespace, annotations, ownerReferences }
  try {
    return await client.create(ResourceClaim, { metadata, spec: claim.spec }, { namespace: namespace! })
  } catch (error) {
    throw wrapped(error, `create claim for extended resources ${claimText(claim)}`)
  }
}

/** Lets go of the claim and deletes it. */
export async function deleteExtendedClaim(claim: ResourceClaim, means: BindMeans): Promise<void> {
  const { client } = means
  const { name, namespace } = claim.metadata
  await retryOnConflict(claim, means, async (present) => {
    const finalizers = (present.metadata.finalizers ?? []).filter((each) => each !== claimFinalizer)
    if (finalizers.length === (present.metadata.finalizers ?? []).length) return
    await client.update(ResourceClaim, { ...present, metadata: { ...present.metadata, finalizers } })
  })
  try {
    await client.delete(ResourceClaim, name, { namespace: namespace!, preconditions: { uid: claim.metadata.uid } })
  } catch (error) {
    if (!isError(error, 'NotFound')) throw error
  }
}

/** Notes in the pod's status which claim its extended resources come from. */
export async function noteExtendedClaim(
  pod: Pod,
  claim: ResourceClaim,
  mappings: readonly ContainerExtendedResourceRequest[],
  { client }: BindMeans,
): Promise<void> {
  const { name, namespace } = pod.metadata
  const body = { status: { extendedResourceClaimStatus: { requestMappings: mappings, resourceClaimName: claim.metadata.name } } }
  try {
    await client.patch(Pod, name, { type: 'strategic', body }, { namespace: namespace!, subresource: 'status' })
  } catch (error) {
    throw wrapped(error, `update pod ${namespace}/${name} ExtendedResourceClaimStatus`)
  }
}

/** The same error, told of what it happened at. */
export const wrapped = (error: unknown, what: string): WherryError =>
  new WherryError(
    error instanceof WherryError ? error.code : 'InternalError',
    `${what}: ${error instanceof Error ? error.message : error}`,
    {
      cause: error,
    },
  )
