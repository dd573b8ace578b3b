import { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import { tolerates } from '#api/core/v1/taints.ts'
import type { Taint } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { patchSeen, targetOf } from '../common/commands.ts'
import { disruption } from '../common/disruption.ts'
import { keyOf } from '../common/key.ts'
import { parseTime } from '../common/time.ts'

export interface TaintEvictionView {
  readonly now: Instant
  readonly pod: Pod
  /** Those of its node that have the effect NoExecute. */
  readonly taints: readonly Taint[]
}

/** Deletes a pod when a taint that it does not tolerate, or no longer, came over its node. */
export function planTaintEviction({ now, pod, taints }: TaintEvictionView): Plan {
  if (pod.metadata.deletionTimestamp !== undefined) return settled
  const evictAt = evictionAt({ pod, taints })
  if (evictAt > now) return { commands: [], wakeAt: evictAt }
  const conditions = disruption(pod, now, 'DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint')
  return {
    commands: [
      tell(pod, `Marking for deletion Pod ${keyOf(pod)}`),
      patchSeen(Pod, pod, { status: { conditions } }, 'status'),
      { do: 'delete', ...targetOf(Pod, pod) },
    ],
    wakeAt: Infinity,
  }
}

/** When the first of the taints is tolerated no more; `-Infinity`: it never was. */
export const evictionAt = ({ pod, taints }: Pick<TaintEvictionView, 'pod' | 'taints'>): Instant =>
  Math.min(Infinity, ...taints.map((taint) => endOfToleration(pod, taint)))

/** The pod was to be evicted later, and is not any more. */
export const cancelled = (pod: Pod): Command => tell(pod, `Cancelling deletion of Pod ${keyOf(pod)}`)

const tell = (regarding: Pod, message: string): Command => ({
  do: 'event',
  regarding,
  type: 'Normal',
  reason: 'TaintManagerEviction',
  message,
})

/** Until when the pod bears the taint: counted from when both the taint and the pod were on the node. */
function endOfToleration(pod: Pod, taint: Taint): Instant {
  const covering = (pod.spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint))
  if (covering.length === 0) return -Infinity
  // As the reference takes the first that covers; one without seconds bears it for ever.
  const seconds = covering[0]!.tolerationSeconds
  if (seconds === undefined) return Infinity
  if (seconds <= 0) return -Infinity
  const added = parseTime(taint.timeAdded)
  // Set by hand without a time: the node lifecycle controller is about to note when it saw it first.
  if (added === undefined) return Infinity
  const bound = parseTime(podCondition(pod, 'PodScheduled')?.lastTransitionTime) ?? parseTime(pod.metadata.creationTimestamp) ?? added
  return Math.max(added, bound) + Number(seconds) * 1000
}
