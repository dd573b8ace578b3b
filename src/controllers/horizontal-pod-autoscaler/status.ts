import { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { HorizontalPodAutoscalerCondition, MetricStatus } from '#api/autoscaling/v2/types.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command } from '#loop/controller.ts'
import { countOf } from '../common/equal.ts'
import { mergePatch } from '../common/merge-patch.ts'

export type ConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited' | 'ScaledToZero'
export type Conditions = readonly HorizontalPodAutoscalerCondition[]

/** With the condition as it is now; its transition's time moves with its status only. */
export function withCondition(
  conditions: Conditions,
  type: ConditionType,
  status: 'True' | 'False',
  reason: string,
  message: string,
  now: Instant,
): Conditions {
  const present = conditions.find((one) => one.type === type)
  const lastTransitionTime = present?.status === status ? present.lastTransitionTime : rfc3339(now)
  const next = { type, status, lastTransitionTime, reason, message }
  return present === undefined ? [...conditions, next] : conditions.map((one) => (one === present ? next : one))
}

export interface Outcome {
  readonly currentReplicas: number
  readonly desiredReplicas: number
  readonly metrics: readonly MetricStatus[]
  readonly conditions: Conditions
  readonly lastScaleTime?: string | undefined
}

/** The write that brings the status up to date, or nothing where it is. */
export function statusCommands(autoscaler: HorizontalPodAutoscaler, outcome: Outcome): readonly Command[] {
  const { currentReplicas, desiredReplicas, metrics, conditions, lastScaleTime } = outcome
  const status = {
    lastScaleTime,
    currentReplicas: countOf(currentReplicas),
    desiredReplicas,
    currentMetrics: metrics,
    conditions,
  }
  if (mergePatch(autoscaler.status, status) === undefined) return []
  // No metrics are null, not an empty list, as the reference writes them.
  const written = { ...status, currentMetrics: metrics.length === 0 ? null : metrics }
  const object = { ...autoscaler, status: written } as unknown as HorizontalPodAutoscaler
  return [{ do: 'update', kind: HorizontalPodAutoscaler, object, subresource: 'status' }]
}
