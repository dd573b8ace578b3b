/** The types of node/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, list, map, message, string } from '#schema/schema.ts'

export const Overhead = message('k8s.io.api.node.v1.Overhead', {
  podFixed: field(1, core.ResourceList),
})
export type Overhead = Of<typeof Overhead>

export const Scheduling = message('k8s.io.api.node.v1.Scheduling', {
  nodeSelector: field(1, map(string(), 'atomic')),
  tolerations: field(2, list(core.Toleration)),
})
export type Scheduling = Of<typeof Scheduling>

export const RuntimeClass = message('k8s.io.api.node.v1.RuntimeClass', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  handler: field(2, string(), { required: true }),
  overhead: field(3, Overhead, { pointer: true }),
  scheduling: field(4, Scheduling, { pointer: true }),
})
export type RuntimeClass = Of<typeof RuntimeClass>
