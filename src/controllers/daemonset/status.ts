import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { DaemonSetStatus } from '#api/apps/v1/types.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import type { Command } from '#loop/controller.ts'
import { countOf } from '../common/equal.ts'
import { mergePatch } from '../common/merge-patch.ts'
import { type Cluster, isAvailable } from './cluster.ts'
import { isUpdated } from './daemon-pod.ts'

/** The write that brings status in line with nodes and pods. Undefined: it is right already. */
export function statusCommand(cluster: Cluster, collisionCount: number | undefined): Command | undefined {
  const { daemonSet } = cluster
  const status = nextStatus(cluster, collisionCount)
  if (mergePatch(daemonSet.status, status) === undefined) return undefined
  return withStatus(daemonSet, status)
}

export function withStatus(daemonSet: DaemonSet, status: DaemonSetStatus): Command {
  const object: DaemonSet = { ...daemonSet, status }
  return { do: 'update', kind: DaemonSet, object, subresource: 'status' }
}

/** Of a node's pods the oldest counts, also while it is being deleted. */
function nextStatus(cluster: Cluster, collisionCount: number | undefined): DaemonSetStatus {
  const { daemonSet, places, podsOn, hash } = cluster
  let desired = 0
  let current = 0
  let misscheduled = 0
  let ready = 0
  let available = 0
  let updated = 0
  for (const [nodeName, { shouldRun }] of places) {
    const oldest = podsOn.get(nodeName)?.[0]
    if (!shouldRun) {
      if (oldest !== undefined) misscheduled += 1
      continue
    }
    desired += 1
    if (oldest === undefined) continue
    current += 1
    if (isPodReady(oldest)) ready += 1
    if (isAvailable(cluster, oldest)) available += 1
    if (isUpdated(oldest, daemonSet, hash)) updated += 1
  }
  const { conditions } = daemonSet.status
  return {
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
    observedGeneration: daemonSet.metadata.generation,
    updatedNumberScheduled: countOf(updated),
    numberAvailable: countOf(available),
    numberUnavailable: countOf(desired - available),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  }
}
