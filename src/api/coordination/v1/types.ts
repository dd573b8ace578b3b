/** The types of coordination/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, message, microTime, string } from '#schema/schema.ts'

export const LeaseSpec = message(
  'k8s.io.api.coordination.v1.LeaseSpec',
  {
    holderIdentity: field(1, string(), { pointer: true, about: 'Name of the present holder; empty if nobody has it.' }),
    leaseDurationSeconds: field(2, int32(), {
      pointer: true,
      about: 'Seconds after renewTime for which others leave the lease to its holder; more than 0.',
    }),
    acquireTime: field(3, microTime(), { pointer: true, about: 'When the present holder took the lease.' }),
    renewTime: field(4, microTime(), { pointer: true, about: 'When the holder last renewed it.' }),
    leaseTransitions: field(5, int32(), { pointer: true, about: 'How often the lease has gone from one holder to another.' }),
    strategy: field(6, string(), {
      pointer: true,
      about: 'How the holder is chosen, such as OldestEmulationVersion; for coordinated leader election, which is off by default.',
    }),
    preferredHolder: field(7, string(), {
      pointer: true,
      about: 'Candidate that the holder should give the lease up to; only together with strategy.',
    }),
  },
  { about: 'Who holds a lease, and for how long without renewing it.' },
)
export type LeaseSpec = Of<typeof LeaseSpec>

export const Lease = message(
  'k8s.io.api.coordination.v1.Lease',
  {
    ...objectFields,
    spec: field(2, LeaseSpec, { always: true, about: 'Holder and times.' }),
  },
  { about: 'Lock with an expiry, for electing leaders and for heartbeats such as those of nodes.' },
)
export type Lease = Of<typeof Lease>
