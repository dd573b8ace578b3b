/** The types of scheduling/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, message, string } from '#schema/schema.ts'

export const PriorityClass = message('k8s.io.api.scheduling.v1.PriorityClass', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  value: field(2, int32(), { always: true }),
  globalDefault: field(3, bool()),
  description: field(4, string()),
  preemptionPolicy: field(5, core.PreemptionPolicy, { pointer: true }),
})
export type PriorityClass = Of<typeof PriorityClass>
