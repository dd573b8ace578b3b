import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import type { Condition } from '#api/meta/v1/types.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { PodDisruptionBudgetStatus } from '#api/policy/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command } from '#loop/controller.ts'
import { conditionOf } from '../common/conditions.ts'
import { canonical } from '../common/equal.ts'
import { scaledValue } from '../common/scaled-value.ts'
import { parseTime } from '../common/time.ts'
import type { Expected } from './expected-pods.ts'

/** How long a pod whose eviction was granted counts as gone, though nothing deletes it. As the reference. */
export const deletionTimeoutMs = 120_000

/** How many pods have to be healthy, and of how many. */
export function wanted(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  expected: Expected,
): { expectedPods: number; desiredHealthy: number } {
  const { minAvailable, maxUnavailable } = spec
  if (maxUnavailable !== undefined) {
    const missing = scaledValue(maxUnavailable, expected.count, 'up')
    return { expectedPods: expected.count, desiredHealthy: Math.max(0, expected.count - missing) }
  }
  // A number needs nobody's scale: it is counted from the pods that there are.
  if (typeof minAvailable === 'number') return { expectedPods: pods.length, desiredHealthy: minAvailable }
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 }
  return { expectedPods: expected.count, desiredHealthy: scaledValue(minAvailable, expected.count, 'up') }
}

/** Whether the budget is counted from scales at all. */
export const needsScale = ({ spec }: PodDisruptionBudget): boolean =>
  spec.maxUnavailable !== undefined || (spec.minAvailable !== undefined && typeof spec.minAvailable !== 'number')

export interface Disrupted {
  /** Those that are still to be believed gone soon. */
  readonly pods: Readonly<Record<string, string>>
  /** Believed for long enough: they are there and stay. */
  readonly overdue: readonly Pod[]
  /** When the next one will have been. */
  readonly nextAt: Instant
}

/** What evictions left noted, without pods that went, are going, or were not deleted after all. */
export function disruptedOf({ status }: PodDisruptionBudget, pods: readonly Pod[], now: Instant): Disrupted {
  const kept: Record<string, string> = {}
  const overdue: Pod[] = []
  let nextAt = Infinity
  for (const pod of pods) {
    const noted = status.disruptedPods?.[pod.metadata.name]
    if (noted === undefined || noted === null || pod.metadata.deletionTimestamp !== undefined) continue
    const until = (parseTime(noted) ?? -Infinity) + deletionTimeoutMs
    if (until <= now) overdue.push(pod)
    else {
      kept[pod.metadata.name] = noted
      nextAt = Math.min(nextAt, until)
    }
  }
  return { pods: kept, overdue, nextAt }
}

/** Ready, not being deleted, and not granted to an eviction that is still to act. */
export const healthyCount = (pods: readonly Pod[], disrupted: Disrupted): number =>
  pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && disrupted.pods[pod.metadata.name] === undefined && isPodReady(pod))
    .length

/** The status as it should be. */
export function budgetStatus(
  budget: PodDisruptionBudget,
  counts: { readonly expectedPods: number; readonly desiredHealthy: number; readonly currentHealthy: number },
  disrupted: Disrupted,
  now: Instant,
): PodDisruptionBudgetStatus {
  const { expectedPods, desiredHealthy, currentHealthy } = counts
  // Pods may appear before this is told anew: where none are expected, none may go.
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy)
  const { generation } = budget.metadata
  return {
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed,
    ...(Object.keys(disrupted.pods).length > 0 && { disruptedPods: disrupted.pods }),
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: withCondition(
      budget,
      {
        status: disruptionsAllowed > 0 ? 'True' : 'False',
        reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
        message: '',
        ...(generation !== undefined && { observedGeneration: generation }),
      },
      now,
    ),
  }
}

/** Nobody knows how many may go, so none may; the other counts stay as they were last known. */
export function failedStatus(budget: PodDisruptionBudget, message: string, now: Instant): PodDisruptionBudgetStatus {
  const { observedGeneration } = budget.status
  return {
    ...budget.status,
    disruptionsAllowed: 0,
    conditions: withCondition(
      budget,
      { status: 'False', reason: 'SyncFailed', message, ...(observedGeneration !== undefined && { observedGeneration }) },
      now,
    ),
  }
}

/** The write, where something differs; it is refused if an eviction took from the budget meanwhile. */
export function writeStatus(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Command | undefined {
  if (canonical(budget.status) === canonical(status)) return undefined
  return { do: 'update', kind: PodDisruptionBudget, object: { ...budget, status } as PodDisruptionBudget, subresource: 'status' }
}

function withCondition(
  { status }: PodDisruptionBudget,
  content: Pick<Condition, 'status' | 'reason' | 'message' | 'observedGeneration'>,
  now: Instant,
): Condition[] {
  const type = 'DisruptionAllowed'
  const present = conditionOf(status.conditions, type)
  const lastTransitionTime = present?.status === content.status ? present.lastTransitionTime : rfc3339(now)
  const condition: Condition = { type, ...content, lastTransitionTime }
  const conditions = status.conditions ?? []
  return present === undefined ? [...conditions, condition] : conditions.map((one) => (one === present ? condition : one))
}
