import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import type { StatefulSetStatus } from '#api/apps/v1/types.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodAvailable } from '#api/core/v1/pod-helpers.ts'
import type { Command } from '#loop/controller.ts'
import { countOf } from '../common/equal.ts'
import { mergePatch } from '../common/merge-patch.ts'
import { isRunningAndReady, isTerminating, type Rollout, revisionOf } from './rollout.ts'

/**
 * The write that brings status in line with the pods; undefined: it is right already. Those `replaced` are about to be deleted for their
 * revision: they are counted no more, since a set without a partition is built again by that count.
 */
export function statusCommand(rollout: Rollout, collisionCount: number | undefined, replaced: readonly Pod[]): Command | undefined {
  const { set } = rollout
  const status = nextStatus(rollout, collisionCount, replaced)
  if (mergePatch(set.status, status) === undefined) return undefined
  return { do: 'update', kind: StatefulSet, object: { ...set, status } as StatefulSet, subresource: 'status' }
}

function nextStatus(
  { view, set, current, update, pods }: Rollout,
  collisionCount: number | undefined,
  replaced: readonly Pod[],
): StatefulSetStatus {
  const { spec, metadata, status } = set
  const ready = pods.filter(isRunningAndReady)
  const ofRevision = (name: string) => pods.filter((pod) => !isTerminating(pod) && revisionOf(pod) === name)
  const updated = ofRevision(update.metadata.name)
  const isComplete = spec.updateStrategy.type === 'RollingUpdate' && [updated, ready, pods].every((some) => some.length === spec.replicas)
  const currentPods = isComplete ? updated : ofRevision(current.metadata.name).filter((pod) => !replaced.includes(pod))
  return {
    observedGeneration: metadata.generation,
    replicas: pods.length,
    readyReplicas: countOf(ready.length),
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, spec.minReadySeconds ?? 0, view.now)).length,
    currentReplicas: countOf(currentPods.length),
    updatedReplicas: countOf(updated.length),
    currentRevision: (isComplete ? update : current).metadata.name,
    updateRevision: update.metadata.name,
    collisionCount: collisionCount ?? status.collisionCount ?? 0,
    // Nobody here sets any; what others said stays.
    conditions: status.conditions,
  }
}
