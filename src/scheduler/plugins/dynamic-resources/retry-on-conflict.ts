import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { BindMeans } from '../../framework/plugin.ts'

/** client-go retry.DefaultRetry: five tries, 10 ms between two. */
const triesMax = 5
const waitMs = 10

/** Does something with a claim, and once more with the claim as it is now when somebody else wrote it meanwhile. */
export async function retryOnConflict<T>(
  claim: ResourceClaim,
  { client, clock, signal }: BindMeans,
  act: (claim: ResourceClaim) => Promise<T>,
): Promise<T> {
  let present = claim
  for (let tries = 1; ; tries += 1) {
    try {
      return await act(present)
    } catch (error) {
      if (!isError(error, 'Conflict') || tries >= triesMax) throw error
    }
    await sleep(clock, waitMs, signal)
    present = await client.get(ResourceClaim, claim.metadata.name, claim.metadata.namespace)
  }
}
