/** The types of node/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import type { Of } from '#schema/schema.ts'
import { field, list, map, message, string } from '#schema/schema.ts'

export const Overhead = message(
  'k8s.io.api.node.v1.Overhead',
  {
    podFixed: field(1, core.ResourceList, { about: 'Resources for each pod, added to its requests when it is placed and limited.' }),
  },
  { about: 'What it costs to run a pod, beyond its containers.' },
)
export type Overhead = Of<typeof Overhead>

export const Scheduling = message(
  'k8s.io.api.node.v1.Scheduling',
  {
    nodeSelector: field(1, map(string(), 'atomic'), {
      about: "Labels of the nodes that can run the class; the pod's own nodeSelector applies too.",
    }),
    tolerations: field(2, list(core.Toleration), { about: 'Tolerations that pods of the class get in addition to their own.' }),
  },
  { about: 'Which nodes can run a class.' },
)
export type Scheduling = Of<typeof Scheduling>

export const RuntimeClass = message(
  'k8s.io.api.node.v1.RuntimeClass',
  {
    ...objectFields,
    handler: field(2, string(), {
      required: true,
      about: "Name of the runtime's configuration, as the nodes' container runtime knows it. Cannot be changed.",
    }),
    overhead: field(3, Overhead, { pointer: true, about: 'What it costs to run a pod this way.' }),
    scheduling: field(4, Scheduling, { pointer: true, about: 'Which nodes can run it; without it all of them have to.' }),
  },
  { about: 'Way of running containers, such as inside a virtual machine, that pods choose with runtimeClassName.' },
)
export type RuntimeClass = Of<typeof RuntimeClass>
