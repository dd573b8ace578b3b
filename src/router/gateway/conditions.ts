import type { Condition } from '#api/meta/v1/types.ts'

/** What a condition says, without the time and the generation that it is said for. */
export interface Verdict {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

export interface ConditionContext {
  /** Types that are ours to set and to take away; all others belong to somebody else. */
  readonly owned: ReadonlySet<string>
  /** `metadata.generation` of the object that was judged. */
  readonly generation: number
  /** RFC 3339, whole seconds. */
  readonly now: string
}

/** A condition that holds, where nothing more is to be said. */
export const yes = (type: string, reason: string = type, message = ''): Verdict => ({ type, status: 'True', reason, message })
export const no = (type: string, reason: string, message: string): Verdict => ({ type, status: 'False', reason, message })

/**
 * Conditions as they are to be after these verdicts: those of others stay as and where they are, ours change in place, and one of ours that is not
 * said any more goes. `lastTransitionTime` moves only when `status` does (API conventions, "Typical status properties"), and what somebody said of a
 * later generation stands: our view is the older one then.
 */
export function mergeConditions(
  previous: readonly Condition[] | undefined,
  verdicts: readonly Verdict[],
  { owned, generation, now }: ConditionContext,
): readonly Condition[] {
  const left = new Map(verdicts.map((verdict) => [verdict.type, verdict]))
  const merged: Condition[] = []
  for (const condition of previous ?? []) {
    const verdict = left.get(condition.type)
    if (!owned.has(condition.type) || (condition.observedGeneration ?? 0) > generation) merged.push(condition)
    else if (verdict !== undefined)
      merged.push(conditionOf(verdict, generation, condition.status === verdict.status ? (condition.lastTransitionTime ?? now) : now))
    left.delete(condition.type)
  }
  for (const verdict of left.values()) merged.push(conditionOf(verdict, generation, now))
  return merged
}

const conditionOf = ({ type, status, reason, message }: Verdict, observedGeneration: number, lastTransitionTime: string): Condition => ({
  type,
  status,
  reason,
  message: message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message,
  observedGeneration,
  lastTransitionTime,
})

/** As the definitions have it (32768), and no reader wants more than a fraction. */
const longestMessage = 4_096
