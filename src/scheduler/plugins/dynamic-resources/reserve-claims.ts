import { WherryError } from '#lib/errors.ts'
import { type Refusal, refuseForGood } from '../../framework/plugin.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { World } from '../../world/world.ts'
import { allocationResult } from './allocation-result.ts'
import { createClaimIndex } from './claim-index.ts'
import { claimText } from './claim-plan.ts'
import type { DeviceState } from './device-state.ts'
import { isUnallocated } from './pre-filter-claims.ts'

/** Takes the devices that were found on the node, so that nobody else is given them; `releaseClaims` gives them back. */
export function reserveClaims(node: NodeInfo, state: DeviceState, world: World): Refusal | undefined {
  const index = world.kept(createClaimIndex)
  const found = state.found.get(node.name)
  if (found === undefined) {
    if (state.claims.some((claim, at) => at !== state.extendedAt && isUnallocated(claim)))
      throw new WherryError('InternalError', 'claim allocation not found for node')
    return undefined
  }
  let next = 0
  for (const [at, claim] of state.claims.entries()) {
    if (!isUnallocated(claim) || (at === state.extendedAt && found.by.extendedClaim === undefined)) continue
    const { uid } = claim.metadata
    // Somebody else was faster while others were asked about nodes.
    if (index.isPending(uid)) return refuseForGood(`resource claim ${claimText(claim)} is in the process of being allocated`)
    const allocation = allocationResult(found.claims[next++]!, node.name)
    index.begin(uid, allocation)
    state.reserved.set(at, { uid, allocation })
  }
  return undefined
}
