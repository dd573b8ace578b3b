import type { Scale } from '#api/autoscaling/v1/scale.ts'
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command } from '#loop/controller.ts'
import type { AutoscalerConfig } from './config.ts'
import { type Computation, type Decision, decide, minReplicas, scalesByOthers } from './decide.ts'
import type { Answer } from './gather.ts'
import { type History, withStep } from './history.ts'
import { type Conditions, statusCommands, withCondition } from './status.ts'
import { groupOf, type Problem, type Target } from './target.ts'

/** One look at an autoscaler. */
export interface AutoscalerLook {
  readonly now: Instant
  readonly config: AutoscalerConfig
  readonly autoscaler: HorizontalPodAutoscaler
  readonly target: Target | Problem
  /** Those that the target's scale selects. */
  readonly pods: readonly Pod[]
  /** Names of other autoscalers whose targets select some of them too. */
  readonly rivals: readonly string[]
  /** One for each of the autoscaler's metrics, where they are needed. */
  readonly answers: readonly Answer[]
  /** Undefined: it is seen for the first time. */
  readonly history: History | undefined
}

export interface LookResult {
  readonly commands: readonly Command[]
  readonly history: History | undefined
  /** The look has its end only with the answer to the write of the scale. */
  readonly scales: boolean
  readonly tally: Tally
}

/** What there is to count of a look. */
export interface Tally {
  /** If all is done. */
  readonly action: Action
  readonly error: 'none' | 'spec' | 'internal'
  readonly metrics: readonly (Pick<Computation, 'type' | 'tookMs'> & { readonly action: Action; readonly error: Tally['error'] })[]
}
export type Action = 'none' | 'scale_up' | 'scale_down'

/** Sets the scale to what the metrics ask for, within bounds; or tells why not. */
export function planAutoscaler(look: AutoscalerLook): LookResult {
  const { autoscaler, target } = look
  if ('problem' in target) {
    const isSpec = groupOf(autoscaler.spec.scaleTargetRef.apiVersion ?? '') === undefined
    const tally: Tally = { action: 'none', error: isSpec ? 'spec' : 'internal', metrics: [] }
    return { commands: refuseTarget(look, target.problem), history: look.history, scales: false, tally }
  }
  const decision = decide(look, target)
  const { replicas, history } = decision
  const current = target.scale.spec.replicas ?? 0
  const warnings = decision.warnings.map(([reason, message]) => event(autoscaler, 'Warning', reason, message))
  const tally = tallyOf(autoscaler, decision, current)
  if (replicas !== undefined && replicas !== current) {
    const object = { ...target.scale, spec: { ...target.scale.spec, replicas } } as Scale as KubeObject
    return { commands: [...warnings, { do: 'update', kind: target.kind, object, subresource: 'scale' }], history, scales: true, tally }
  }
  const { status } = autoscaler
  const outcome = {
    currentReplicas: current,
    desiredReplicas: replicas ?? status.desiredReplicas,
    metrics: decision.metrics,
    conditions: decision.conditions,
    lastScaleTime: status.lastScaleTime,
  }
  // What failed is told after it is written down, as who reads the event looks at the status next.
  return { commands: [...statusCommands(autoscaler, outcome), ...warnings], history, scales: false, tally }
}

/** Metrics are held against the number that the status tells, as the reference does. */
function tallyOf({ status }: HorizontalPodAutoscaler, { replicas, computations, isImpaired }: Decision, current: number): Tally {
  const metrics = computations.map(({ type, tookMs, result }) =>
    typeof result === 'number'
      ? { type, tookMs, action: actionFor(result, status.currentReplicas ?? 0), error: 'none' as const }
      : { type, tookMs, action: 'none' as const, error: result },
  )
  return { action: actionFor(replicas ?? current, current), error: isImpaired ? 'internal' : 'none', metrics }
}

const actionFor = (wanted: number, current: number): Action => (wanted === current ? 'none' : wanted > current ? 'scale_up' : 'scale_down')

function refuseTarget({ now, autoscaler }: AutoscalerLook, problem: string): readonly Command[] {
  const { status } = autoscaler
  const message = `the HPA controller was unable to get the target's current scale: ${problem}`
  return [
    event(autoscaler, 'Warning', 'FailedGetScale', problem),
    ...statusCommands(autoscaler, {
      currentReplicas: status.currentReplicas ?? 0,
      desiredReplicas: status.desiredReplicas,
      metrics: status.currentMetrics,
      conditions: withCondition(status.conditions ?? [], 'AbleToScale', 'False', 'FailedGetScale', message, now),
      lastScaleTime: status.lastScaleTime,
    }),
  ]
}

/** What follows from the answer to the write of the scale. */
export function afterScale(look: AutoscalerLook, answer: KubeObject | WherryError): Pick<LookResult, 'commands' | 'history'> {
  const { now, autoscaler, target } = look
  if ('problem' in target) return { commands: [], history: look.history }
  const decision = decide(look, target)
  const from = target.scale.spec.replicas ?? 0
  const to = decision.replicas ?? from
  const { status } = autoscaler
  const known = { currentReplicas: from, metrics: decision.metrics }
  const size = `New size: ${to}; reason: ${decision.reason}`
  if (answer instanceof WherryError) {
    const message = `the HPA controller was unable to update the target scale: ${answer.message}`
    const conditions = withCondition(decision.conditions, 'AbleToScale', 'False', 'FailedUpdateScale', message, now)
    const outcome = { ...known, desiredReplicas: status.desiredReplicas, conditions, lastScaleTime: status.lastScaleTime }
    return {
      commands: [
        event(autoscaler, 'Warning', 'FailedRescale', `${size}; error: ${answer.message}`),
        ...statusCommands(autoscaler, outcome),
      ],
      history: decision.history,
    }
  }
  const message = `the HPA controller was able to update the target scale to ${to}`
  const scaled = withCondition(decision.conditions, 'AbleToScale', 'True', 'SucceededRescale', message, now)
  const outcome = { ...known, desiredReplicas: to, conditions: zeroed(look, scaled, from, to), lastScaleTime: rfc3339(now) }
  return {
    commands: [event(autoscaler, 'Normal', 'SuccessfulRescale', size), ...statusCommands(autoscaler, outcome)],
    history: withStep(decision.history, autoscaler, from, to, now),
  }
}

/** What follows from the answer to the write of the status: that it was refused is told by an event, as the status cannot tell it. */
export const afterStatus = ({ autoscaler }: AutoscalerLook, answer: KubeObject | WherryError): readonly Command[] =>
  answer instanceof WherryError ? [event(autoscaler, 'Warning', 'FailedUpdateStatus', answer.message)] : []

/** Whether none are left because it was so decided here. */
function zeroed({ now, autoscaler, config }: AutoscalerLook, conditions: Conditions, from: number, to: number) {
  if (!config.scaleToZero) return conditions.filter(({ type }) => type !== 'ScaledToZero')
  return from > 0 && to === 0 && minReplicas(autoscaler) === 0 && scalesByOthers(autoscaler)
    ? withCondition(conditions, 'ScaledToZero', 'True', 'ScaledToZero', 'the HPA controller scaled the workload to zero', now)
    : withCondition(conditions, 'ScaledToZero', 'False', 'NotScaledToZero', 'the HPA controller did not scale the workload to zero', now)
}

const event = (autoscaler: HorizontalPodAutoscaler, type: 'Normal' | 'Warning', reason: string, message: string): Command => ({
  do: 'event',
  regarding: autoscaler,
  type,
  reason,
  message,
})
