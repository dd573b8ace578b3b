import type { Lease } from '#api/coordination/v1/lease.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339Micro } from '#lib/rfc3339.ts'
import { component } from './api-server-id.ts'

/** What the Lease of an API server says of it. */
export interface ApiServerFacts {
  /** Also the name of the Lease. */
  readonly id: string
  /** Of the process: another one after each start. */
  readonly holder: string
  readonly hostname: string
  /** Where other API servers find it: `10.0.0.1:6443`. */
  readonly address: string
}

export const leaseNamespace = 'kube-system'
const identityLabel = 'apiserver.kubernetes.io/identity'
/** Selects the Leases of API servers among all others, which elect leaders or tell of nodes. */
export const leaseSelector = `${identityLabel}=${component}`

/** So long an API server that was killed still counts as there: IdentityLeaseDurationSeconds of the reference. */
const durationSeconds = 3600

/** The Lease as it is now to be; labels and annotations that others put on it stay. */
export function identityLease({ id, holder, hostname, address }: ApiServerFacts, now: Instant, present?: Lease) {
  const metadata = present?.metadata
  return {
    ...present,
    metadata: {
      ...metadata,
      name: id,
      namespace: leaseNamespace,
      labels: { ...metadata?.labels, [identityLabel]: component, 'kubernetes.io/hostname': hostname },
      annotations: { ...metadata?.annotations, 'kubernetes.io/peer-advertise-address': address },
    },
    spec: { ...present?.spec, holderIdentity: holder, leaseDurationSeconds: durationSeconds, renewTime: rfc3339Micro(now) },
  }
}

/** An API server that has not said for so long that it is there is not; nor is one whose Lease says no time. */
export function isExpired({ spec }: Lease, now: Instant): boolean {
  const { renewTime, leaseDurationSeconds } = spec
  if (renewTime === undefined || leaseDurationSeconds === undefined) return true
  return Date.parse(renewTime) + leaseDurationSeconds * 1000 < now
}
