import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command } from '#loop/controller.ts'
import { revisionLabel } from '../common/template-history.ts'
import { type Change, type Cluster, isAvailable, isLeaving } from './cluster.ts'
import { isScheduled } from './daemon-pod.ts'
import { allowsSurge } from './limits.ts'
import type { Placement } from './placement.ts'

/**
 * A pod on every node that wants one, none on those that want none, and none too many. Failed pods go when they are due (`failedDueAt`, by
 * uid); one that is not in there is not known yet to be the set's own, and the next look knows it.
 */
export function cover(cluster: Cluster, failedDueAt: ReadonlyMap<string, Instant>): Change {
  const create: string[] = []
  const remove: Pod[] = []
  const events: Command[] = []
  for (const [nodeName, place] of cluster.places) {
    const change = coverNode(cluster, nodeName, place, failedDueAt)
    if (change.isMissing) create.push(nodeName)
    remove.push(...change.remove)
    events.push(...change.events)
  }
  // Nobody will ever bind a pod that waits for a node which is gone, so nobody else collects it.
  for (const [nodeName, pods] of cluster.podsOn) if (!cluster.places.has(nodeName)) remove.push(...pods.filter(isWaitingForNode))
  return { create, remove, events }
}

const isWaitingForNode = (pod: Pod): boolean => !isScheduled(pod) && !isLeaving(pod)

interface NodeChange {
  readonly isMissing: boolean
  readonly remove: readonly Pod[]
  readonly events: readonly Command[]
}

function coverNode(
  cluster: Cluster,
  nodeName: string,
  { shouldRun, shouldContinue }: Placement,
  failedDueAt: ReadonlyMap<string, Instant>,
): NodeChange {
  const pods = cluster.podsOn.get(nodeName)
  if (pods === undefined) return { isMissing: shouldRun, remove: [], events: [] }
  const staying = pods.filter((pod) => !isLeaving(pod))
  if (!shouldContinue) return { isMissing: false, remove: staying, events: [] }

  const remove: Pod[] = []
  const events: Command[] = []
  const running: Pod[] = []
  for (const pod of staying) {
    const { phase } = pod.status
    if (phase !== 'Failed' && phase !== 'Succeeded') {
      running.push(pod)
      continue
    }
    if (phase === 'Failed' && (failedDueAt.get(pod.metadata.uid) ?? Infinity) > cluster.now) continue
    remove.push(pod)
    events.push(foundEnded(cluster, pod, nodeName))
  }
  if (!allowsSurge(cluster.daemonSet)) return { isMissing: false, remove: [...remove, ...running.slice(1)], events }
  // Where two are allowed, one that leaves is not waited for; a failed one is, until it is due, or new ones would fail without end.
  if (running.length === 0) return { isMissing: shouldRun && remove.length === staying.length, remove, events }
  return { isMissing: false, remove: [...remove, ...surplus(cluster, running)], events }
}

/**
 * Of each template's pods the oldest stays: that of the present one, and beside it an earlier one for as long as that is ready and its
 * successor is not available.
 */
function surplus(cluster: Cluster, running: readonly Pod[]): readonly Pod[] {
  const isNew = (pod: Pod): boolean => pod.metadata.labels?.[revisionLabel] === cluster.hash
  const [fresh, ...newer] = running.filter(isNew)
  const [old, ...older] = running.filter((pod) => !isNew(pod))
  const isReplaced = fresh !== undefined && old !== undefined && (!isPodReady(old) || isAvailable(cluster, fresh))
  return [...newer, ...older, ...(isReplaced ? [old] : [])]
}

function foundEnded({ daemonSet: regarding }: Cluster, { metadata, status }: Pod, nodeName: string): Command {
  const pod = `${metadata.namespace}/${metadata.name}`
  return status.phase === 'Failed'
    ? {
        do: 'event',
        regarding,
        type: 'Warning',
        reason: 'FailedDaemonPod',
        message: `Found failed daemon pod ${pod} on node ${nodeName}, will try to kill it`,
      }
    : {
        do: 'event',
        regarding,
        type: 'Normal',
        reason: 'SucceededDaemonPod',
        message: `Found succeeded daemon pod ${pod} on node ${nodeName}, will try to delete it`,
      }
}
