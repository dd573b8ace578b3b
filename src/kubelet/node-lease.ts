import { Lease } from '#api/coordination/v1/lease.ts'
import type { Client } from '#client/client.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { rfc3339Micro } from '#lib/rfc3339.ts'

/** The heartbeat of a node (KEP-589): small, so that it can come often. */
export const LEASE_NAMESPACE = 'kube-node-lease'
/** Renewed four times in its life: the reference's share. */
export const leasePeriodMs = (leaseSeconds: number): number => (leaseSeconds * 1000) / 4

/** Renews the node's Lease once, making it where there is none. */
export async function renewLease(
  client: Client,
  clock: Clock,
  node: { readonly name: string; readonly uid: string },
  leaseSeconds: number,
): Promise<void> {
  const renewTime = rfc3339Micro(clock.now())
  const body = { spec: { holderIdentity: node.name, leaseDurationSeconds: leaseSeconds, renewTime } }
  try {
    await client.patch(Lease, node.name, { type: 'merge', body }, { namespace: LEASE_NAMESPACE })
  } catch (error) {
    if (!isError(error, 'NotFound')) throw error
    const metadata = {
      name: node.name,
      namespace: LEASE_NAMESPACE,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid }],
    }
    await client.create(Lease, { metadata, ...body }, { namespace: LEASE_NAMESPACE })
  }
}
