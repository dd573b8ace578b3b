/** The types of coordination/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, message, microTime, string } from '#schema/schema.ts'

export const LeaseSpec = message('k8s.io.api.coordination.v1.LeaseSpec', {
  holderIdentity: field(1, string(), { pointer: true }),
  leaseDurationSeconds: field(2, int32(), { pointer: true }),
  acquireTime: field(3, microTime(), { pointer: true }),
  renewTime: field(4, microTime(), { pointer: true }),
  leaseTransitions: field(5, int32(), { pointer: true }),
  strategy: field(6, string(), { pointer: true }),
  preferredHolder: field(7, string(), { pointer: true }),
})
export type LeaseSpec = Of<typeof LeaseSpec>

export const Lease = message('k8s.io.api.coordination.v1.Lease', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, LeaseSpec, { always: true }),
})
export type Lease = Of<typeof Lease>
