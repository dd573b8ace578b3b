import { isDeepStrictEqual } from 'node:util'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { matches } from '#api/meta/v1/selector.ts'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import { podInfoOf } from '../../world/topology-pod-infos.ts'
import type { World } from '../../world/world.ts'
import type { Constraint, Constraints } from './constraints.ts'

type Helps = (pod: Pod, event: ClusterEvent, world: World) => boolean

/** Whether a change of a pod or node can help a pod that its hard constraints keep waiting, as kube-scheduler has it. */
export function createHints(constraintsOf: (pod: PodInfo, world: World) => Constraints): {
  readonly podMayHelp: Helps
  readonly nodeMayHelp: Helps
} {
  const hardOf = (pod: Pod, world: World): readonly Constraint[] => constraintsOf(podInfoOf(pod, world), world).hard
  return {
    podMayHelp(pod, { before, after }, world) {
      const original = before as Pod | undefined
      const modified = after as Pod | undefined
      if ((modified && !isInvolved(modified, pod)) || (original && !isInvolved(original, pod))) return false
      const hard = hardOf(pod, world)
      if (original === undefined || modified === undefined) {
        const { labels } = (modified ?? original ?? pod).metadata
        return hard.some(({ selector }) => matches(selector, labels))
      }
      if (
        pod.metadata.uid === modified.metadata.uid &&
        !isDeepStrictEqual(original.spec.tolerations, modified.spec.tolerations) &&
        hard.some(({ honorsTaints }) => honorsTaints)
      )
        return true
      return hard.some(({ selector }) => matches(selector, original.metadata.labels) !== matches(selector, modified.metadata.labels))
    },
    nodeMayHelp(pod, { before, after }, world) {
      const original = before as Node | undefined
      const modified = after as Node | undefined
      const hard = hardOf(pod, world)
      const had = original !== undefined && hasAll(original, hard)
      const has = modified !== undefined && hasAll(modified, hard)
      if (original === undefined || modified === undefined || had !== has) return had || has
      return (
        has &&
        (hard.some(({ topologyKey }) => original.metadata.labels?.[topologyKey] !== modified.metadata.labels?.[topologyKey]) ||
          !isDeepStrictEqual(original.spec.taints, modified.spec.taints))
      )
    },
  }
}

/** Pods without a place, and those of other namespaces, are not counted. */
const isInvolved = (other: Pod, pod: Pod): boolean =>
  other.metadata.uid === pod.metadata.uid ||
  ((other.spec.nodeName || other.status.nominatedNodeName || '') !== '' && other.metadata.namespace === pod.metadata.namespace)

const hasAll = ({ metadata: { labels = {} } }: Node, constraints: readonly Constraint[]): boolean =>
  constraints.every(({ topologyKey }) => Object.hasOwn(labels, topologyKey))
