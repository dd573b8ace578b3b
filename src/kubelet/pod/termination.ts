import { MINIMUM_GRACE_SECONDS } from './plan-termination.ts'
import { DEFAULT_GRACE_SECONDS } from './steps.ts'
import type { PodView, Termination } from './view.ts'

/**
 * The end of the pod's grace, from what is asked now and what was asked before: a later, shorter grace counts from when it was asked for,
 * and a deadline never moves out again.
 */
export function terminationAfter(
  before: Termination | undefined,
  { pod, ending, now, isRemoved }: Pick<PodView, 'pod' | 'ending' | 'now' | 'isRemoved'>,
): Termination {
  // An object that went without a grace of its own was deleted by force.
  const given = pod.metadata.deletionGracePeriodSeconds ?? (isRemoved ? 0 : pod.spec.terminationGracePeriodSeconds)
  const asked = Number(ending?.graceSeconds ?? given ?? DEFAULT_GRACE_SECONDS)
  const graceSeconds = Math.max(asked, MINIMUM_GRACE_SECONDS)
  if (before === undefined) return { graceSeconds, deadlineAt: now + graceSeconds * 1000 }
  // Farther off than the whole grace it was put by a clock that has since been set back.
  const shortest = Math.min(graceSeconds, before.graceSeconds)
  return { graceSeconds: shortest, deadlineAt: Math.min(before.deadlineAt, now + shortest * 1000) }
}
