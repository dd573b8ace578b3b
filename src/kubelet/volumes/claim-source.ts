import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Client } from '#client/client.ts'

/** Claims and what they are bound to, read one by one: a node may get those of its pods, not watch them (node authorization). */
export interface ClaimSource {
  /** Throws as the client does. */
  claim(name: string, namespace: string): Promise<PersistentVolumeClaim>
  volume(name: string): Promise<PersistentVolume>
  /** Writes a claim's status where it still is as it was read; throws `Conflict` where it is not. */
  updateStatus(claim: PersistentVolumeClaim, status: PersistentVolumeClaim['status']): Promise<PersistentVolumeClaim>
}

/** Claims of the API server. */
export function createClaimSource(client: Client): ClaimSource {
  return {
    claim: (name, namespace) => client.get(PersistentVolumeClaim, name, namespace),
    volume: (name) => client.get(PersistentVolume, name),
    updateStatus: (claim, status) => client.update(PersistentVolumeClaim, { ...claim, status }, { subresource: 'status' }),
  }
}
