/** The types of policy/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, int64, intOrString, list, map, message, oneOf, string, time } from '#schema/schema.ts'

export const UnhealthyPodEvictionPolicyType = oneOf('IfHealthyBudget', 'AlwaysAllow')
export type UnhealthyPodEvictionPolicyType = Of<typeof UnhealthyPodEvictionPolicyType>

export const PodDisruptionBudgetSpec = message('k8s.io.api.policy.v1.PodDisruptionBudgetSpec', {
  minAvailable: field(1, intOrString(), { pointer: true }),
  selector: field(2, meta.LabelSelector, { pointer: true, replaced: true }),
  maxUnavailable: field(3, intOrString(), { pointer: true }),
  unhealthyPodEvictionPolicy: field(4, UnhealthyPodEvictionPolicyType, { pointer: true }),
})
export type PodDisruptionBudgetSpec = Of<typeof PodDisruptionBudgetSpec>

export const PodDisruptionBudgetStatus = message('k8s.io.api.policy.v1.PodDisruptionBudgetStatus', {
  observedGeneration: field(1, int64()),
  disruptedPods: field(2, map(time())),
  disruptionsAllowed: field(3, int32(), { always: true }),
  currentHealthy: field(4, int32(), { always: true }),
  desiredHealthy: field(5, int32(), { always: true }),
  expectedPods: field(6, int32(), { always: true }),
  conditions: field(7, list(meta.Condition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } })),
})
export type PodDisruptionBudgetStatus = Of<typeof PodDisruptionBudgetStatus>

export const PodDisruptionBudget = message('k8s.io.api.policy.v1.PodDisruptionBudget', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, PodDisruptionBudgetSpec, { always: true }),
  status: field(3, PodDisruptionBudgetStatus, { always: true }),
})
export type PodDisruptionBudget = Of<typeof PodDisruptionBudget>

export const Eviction = message('k8s.io.api.policy.v1.Eviction', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  deleteOptions: field(2, meta.DeleteOptions, { pointer: true }),
})
export type Eviction = Of<typeof Eviction>
