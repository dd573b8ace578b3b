/** The types of scheduling/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, message, string } from '#schema/schema.ts'

export const PriorityClass = message(
  'k8s.io.api.scheduling.v1.PriorityClass',
  {
    ...objectFields,
    value: field(2, int32(), {
      always: true,
      about: "The priority: higher goes first, up to 1000000000 unless the class is the system's. Cannot be changed.",
    }),
    globalDefault: field(3, bool(), {
      about: 'Whether pods that name no class get this one; at most one class should say so. False by default.',
    }),
    description: field(4, string(), { about: 'What the class is meant for, in words.' }),
    preemptionPolicy: field(5, core.PreemptionPolicy, {
      pointer: true,
      about: 'PreemptLowerPriority (the default) lets pods push out lesser ones, Never makes them wait. Cannot be changed.',
    }),
  },
  { about: 'Gives a name to a priority; pods choose it with priorityClassName.' },
)
export type PriorityClass = Of<typeof PriorityClass>
