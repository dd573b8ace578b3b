import type { Pod } from '#api/core/v1/pod.ts'
import type { PodCondition } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { conditionOf, withoutCondition } from './conditions.ts'

/** The pod's conditions with DisruptionTarget: it ends because of its surroundings, not by itself (KEP-3329). */
export function disruption({ status, metadata }: Pod, now: Instant, reason: string, message: string): PodCondition[] {
  const present = conditionOf(status.conditions, 'DisruptionTarget')
  const condition: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason,
    message,
    lastProbeTime: null,
    lastTransitionTime: present?.status === 'True' ? present.lastTransitionTime : rfc3339(now),
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
  }
  return [...withoutCondition(status.conditions, 'DisruptionTarget'), condition]
}
