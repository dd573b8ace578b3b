/** The types of policy/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, int64, intOrString, list, map, message, oneOf, time } from '#schema/schema.ts'

export const UnhealthyPodEvictionPolicyType = oneOf('IfHealthyBudget', 'AlwaysAllow')
export type UnhealthyPodEvictionPolicyType = Of<typeof UnhealthyPodEvictionPolicyType>

export const PodDisruptionBudgetSpec = message(
  'k8s.io.api.policy.v1.PodDisruptionBudgetSpec',
  {
    minAvailable: field(1, intOrString(), {
      pointer: true,
      about: 'How many of the pods have to stay available through an eviction, as a number or a percentage rounded up.',
    }),
    selector: field(2, meta.LabelSelector, {
      pointer: true,
      replaced: true,
      about: 'Pods of the namespace that are protected; {} means all of them, and none if the selector is absent.',
    }),
    maxUnavailable: field(3, intOrString(), {
      pointer: true,
      about: 'How many of the pods an eviction may leave unavailable, as a number or a percentage rounded up; 0 forbids all.',
    }),
    unhealthyPodEvictionPolicy: field(4, UnhealthyPodEvictionPolicyType, {
      pointer: true,
      about: 'AlwaysAllow evicts unready pods in any case; IfHealthyBudget (the default) only while enough are healthy.',
    }),
  },
  { about: 'Which pods a budget protects, and how many of them have to stay; give either minAvailable or maxUnavailable.' },
)
export type PodDisruptionBudgetSpec = Of<typeof PodDisruptionBudgetSpec>

export const PodDisruptionBudgetStatus = message(
  'k8s.io.api.policy.v1.PodDisruptionBudgetStatus',
  {
    observedGeneration: field(1, int64(), {
      about: 'metadata.generation that this status was computed for; evictions are refused while it is out of date.',
    }),
    disruptedPods: field(2, map(time()), {
      about: 'Pods, with the time, whose eviction was granted and that the controller has not yet seen deleted.',
    }),
    disruptionsAllowed: field(3, int32(), { always: true, about: 'How many pods may be evicted right now.' }),
    currentHealthy: field(4, int32(), { always: true, about: 'How many of the pods are ready.' }),
    desiredHealthy: field(5, int32(), { always: true, about: 'How many of the pods have to stay ready.' }),
    expectedPods: field(6, int32(), { always: true, about: 'How many pods the budget counts in all.' }),
    conditions: field(7, list(meta.Condition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'DisruptionAllowed tells whether an eviction would be granted, and why not; one entry for each type.',
    }),
  },
  { about: 'How many evictions a budget has room for, as its controller last counted.' },
)
export type PodDisruptionBudgetStatus = Of<typeof PodDisruptionBudgetStatus>

export const PodDisruptionBudget = message(
  'k8s.io.api.policy.v1.PodDisruptionBudget',
  {
    ...objectFields,
    spec: field(2, PodDisruptionBudgetSpec, { always: true, about: 'Protected pods and how many have to stay.' }),
    status: field(3, PodDisruptionBudgetStatus, { always: true, about: 'Room left for evictions; written by the controller.' }),
  },
  { about: 'Limits how many pods of an application may be evicted at once, by draining nodes for example.' },
)
export type PodDisruptionBudget = Of<typeof PodDisruptionBudget>

export const Eviction = message(
  'k8s.io.api.policy.v1.Eviction',
  {
    ...objectFields,
    deleteOptions: field(2, meta.DeleteOptions, {
      pointer: true,
      about: 'Options for the deletion, such as grace period, preconditions or a dry run.',
    }),
  },
  { about: "Asks for the deletion of a pod as far as the disruption budgets allow; posted to the pod's eviction subresource." },
)
export type Eviction = Of<typeof Eviction>
