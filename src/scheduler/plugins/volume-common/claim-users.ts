import type { Pod } from '#api/core/v1/pod.ts'
import type { World } from '../../world/world.ts'
import { claimKey, claimNamesOf, hasClaims } from './claims.ts'

/** A pod that is counted on a node and uses a claim. */
export interface ClaimUser {
  readonly pod: Pod
  readonly nodeName: string
}

/** Who uses each claim, kept with the world. Pods on nodes that are not known use nothing, as nothing is counted of them. */
export interface ClaimUsers {
  /** By uid; `key`: `namespace/name` of the claim. */
  of(key: string): ReadonlyMap<string, ClaimUser>
}

/** To be asked of a world: `world.kept(createClaimUsers)`. */
export function createClaimUsers(world: World): ClaimUsers {
  const users = new Map<string, Map<string, ClaimUser>>()
  world.observe({
    podAdded({ pod }, { name: nodeName }) {
      if (!hasClaims(pod)) return
      for (const name of claimNamesOf(pod)) {
        const key = claimKey(pod.metadata.namespace, name)
        let ofClaim = users.get(key)
        if (ofClaim === undefined) users.set(key, (ofClaim = new Map()))
        ofClaim.set(pod.metadata.uid, { pod, nodeName })
      }
    },
    podRemoved({ pod }) {
      if (!hasClaims(pod)) return
      for (const name of claimNamesOf(pod)) {
        const key = claimKey(pod.metadata.namespace, name)
        const ofClaim = users.get(key)
        ofClaim?.delete(pod.metadata.uid)
        if (ofClaim?.size === 0) users.delete(key)
      }
    },
  })
  return { of: (key) => users.get(key) ?? nobody }
}

const nobody: ReadonlyMap<string, ClaimUser> = new Map()
