import type { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodAvailable, isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command } from '#loop/controller.ts'
import { byAge, targetNode } from './daemon-pod.ts'
import { type Placement, placementOf } from './placement.ts'

/** What the parts of the plan decide on. */
export interface Cluster {
  readonly now: Instant
  readonly daemonSet: DaemonSet
  /** Label of the pods that come from the present template. */
  readonly hash: string
  /** All nodes that there are, in their order. */
  readonly places: ReadonlyMap<string, Placement>
  /**
   * The set's pods by the node that they run on or are meant for, the oldest first. Only nodes that have one; also nodes that are gone. A pod
   * that has ended and is being deleted is none any more, whatever holds it.
   */
  readonly podsOn: ReadonlyMap<string, readonly Pod[]>
}

/** What is to be made and deleted in one go. */
export interface Change {
  /** Nodes that get a pod. */
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
  readonly events: readonly Command[]
}

export function clusterOf(daemonSet: DaemonSet, nodes: readonly Node[], claimed: readonly Pod[], hash: string, now: Instant): Cluster {
  const placement = placementOf(daemonSet)
  const podsOn = new Map<string, Pod[]>()
  for (const pod of claimed) {
    const nodeName = isPodTerminal(pod) && isLeaving(pod) ? undefined : targetNode(pod)
    if (nodeName === undefined) continue
    const others = podsOn.get(nodeName)
    if (others === undefined) podsOn.set(nodeName, [pod])
    else others.push(pod)
  }
  for (const pods of podsOn.values()) pods.sort(byAge)
  return { now, daemonSet, hash, places: new Map(nodes.map((node) => [node.metadata.name, placement(node)])), podsOn }
}

export const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined

export const isAvailable = ({ daemonSet, now }: Cluster, pod: Pod): boolean => isPodAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, now)
