import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { HPAScalingRules } from '#api/autoscaling/v2/types.ts'
import type { Instant } from '#lib/clock.ts'
import type { AutoscalerConfig } from './config.ts'

/** What was advised and done of late, oldest first: no longer than the rules look back. Lost with the process, as in the reference. */
export interface History {
  readonly advice: readonly Advice[]
  readonly ups: readonly Step[]
  readonly downs: readonly Step[]
}

/** How many replicas the metrics asked for, before all limits. */
export interface Advice {
  readonly at: Instant
  readonly replicas: number
}

/** By how many the number was changed. */
export interface Step {
  readonly at: Instant
  readonly by: number
}

/** Of an autoscaler that is seen for the first time: what is there is what is advised. */
export const freshHistory = (replicas: number, at: Instant): History => ({ advice: [{ at, replicas }], ups: [], downs: [] })

export function withAdvice(history: History, autoscaler: HorizontalPodAutoscaler, config: AutoscalerConfig, advice: Advice): History {
  const { up, down } = windowsMs(autoscaler, config)
  const kept = history.advice.filter(({ at }) => at >= advice.at - Math.max(up, down))
  return { ...history, advice: [...kept, advice] }
}

/** Only rules look back on steps. */
export function withStep(
  history: History,
  { spec: { behavior } }: HorizontalPodAutoscaler,
  from: number,
  to: number,
  at: Instant,
): History {
  if (behavior === undefined) return history
  const add = (steps: readonly Step[], rules: HPAScalingRules | undefined): readonly Step[] => [
    ...steps.filter((step) => step.at >= at - longestMs(rules)),
    { at, by: Math.abs(to - from) },
  ]
  return to > from ? { ...history, ups: add(history.ups, behavior.scaleUp) } : { ...history, downs: add(history.downs, behavior.scaleDown) }
}

/** For how long past advice counts, in either direction. */
export const windowsMs = ({ spec: { behavior } }: HorizontalPodAutoscaler, config: AutoscalerConfig) => ({
  up: (behavior?.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000,
  down:
    behavior?.scaleDown?.stabilizationWindowSeconds === undefined
      ? config.downscaleStabilizationMs
      : behavior.scaleDown.stabilizationWindowSeconds * 1000,
})

const longestMs = (rules: HPAScalingRules | undefined): number =>
  Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds * 1000))
