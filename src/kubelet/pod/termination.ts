import type { Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#lib/clock.ts'
import { MINIMUM_GRACE_SECONDS } from './plan-termination.ts'
import { DEFAULT_GRACE_SECONDS } from './steps.ts'
import type { Ending, Termination } from './view.ts'

/**
 * The end of the pod's grace, from what is asked now and what was asked before: a later, shorter grace counts from when it was asked for,
 * and a deadline never moves out again.
 */
export function terminationAfter(
  before: Termination | undefined,
  { pod, ending, now }: { readonly pod: Pod; readonly ending: Ending | undefined; readonly now: Instant },
): Termination {
  const asked =
    ending?.graceSeconds ?? pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
  const graceSeconds = Math.max(asked, MINIMUM_GRACE_SECONDS)
  if (before === undefined) return { graceSeconds, deadlineAt: now + graceSeconds * 1000 }
  if (graceSeconds >= before.graceSeconds) return before
  return { graceSeconds, deadlineAt: Math.min(before.deadlineAt, now + graceSeconds * 1000) }
}
