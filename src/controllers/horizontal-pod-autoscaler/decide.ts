import type { MetricSpec, MetricStatus } from '#api/autoscaling/v2/types.ts'
import { freshHistory, type History, withAdvice } from './history.ts'
import { limit } from './limit.ts'
import type { AutoscalerLook } from './plan.ts'
import { isUnknownType, type Proposal, propose, type Refusal } from './propose.ts'
import { type Conditions, type ConditionType, withCondition } from './status.ts'
import { selectorOfScale, type Target } from './target.ts'

/** What a look at an autoscaler comes to. */
export interface Decision {
  /** Undefined: nothing could be decided. */
  readonly replicas: number | undefined
  readonly reason: string
  readonly conditions: Conditions
  readonly metrics: readonly MetricStatus[]
  /** Reasons and messages of warnings. */
  readonly warnings: readonly (readonly [reason: string, message: string])[]
  readonly history: History
  /** What became of each metric that was looked at. */
  readonly computations: readonly Computation[]
  /** Something could not be had of what was asked for, whether or not it was decided without. */
  readonly isImpaired: boolean
}

export interface Computation {
  readonly type: string
  readonly tookMs: number
  /** What it asks for; or why it says nothing: for what the autoscaler wants, or for what is not there. */
  readonly result: number | 'spec' | 'internal'
}

/** How an autoscaler stands to the present number of replicas: whether the bounds alone decide, or the metrics. */
export function stanceOf({ autoscaler, config }: Pick<AutoscalerLook, 'autoscaler' | 'config'>, current: number) {
  const { maxReplicas } = autoscaler.spec
  const min = minReplicas(autoscaler)
  if (current === 0) return mayLeaveZero({ autoscaler, config }, min) ? 'by metrics' : 'disabled'
  if (current > maxReplicas) return 'above'
  return current < min ? 'below' : 'by metrics'
}

export const minReplicas = ({ spec }: AutoscalerLook['autoscaler']): number => spec.minReplicas ?? 1

/** Only what was scaled to zero here is scaled up again: who sets zero by hand means it. */
function mayLeaveZero({ autoscaler, config }: Pick<AutoscalerLook, 'autoscaler' | 'config'>, min: number): boolean {
  const condition = autoscaler.status.conditions?.find(({ type }) => type === 'ScaledToZero')
  return config.scaleToZero && condition?.status === 'True' && (min !== 0 || scalesByOthers(autoscaler))
}

/** By metrics that are there without pods. */
export const scalesByOthers = ({ spec }: AutoscalerLook['autoscaler']): boolean =>
  (spec.metrics ?? []).some(({ type }) => type === 'Object' || type === 'External')

const belowMin = 'Current number of replicas below Spec.MinReplicas'

/** How many replicas there should be, and what there is to say of it. */
export function decide(look: AutoscalerLook, target: Target): Decision {
  const { now, autoscaler, config } = look
  const current = target.scale.spec.replicas ?? 0
  const min = minReplicas(autoscaler)
  const history = look.history ?? freshHistory(current, now)
  let conditions: Conditions = autoscaler.status.conditions ?? []
  const set = (type: ConditionType, status: 'True' | 'False', reason: string, message: string): void => {
    conditions = withCondition(conditions, type, status, reason, message, now)
  }
  set('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale")
  const without = { metrics: [], warnings: [], history, computations: [], isImpaired: false }
  switch (stanceOf(look, current)) {
    case 'disabled':
      set('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero')
      if (!config.scaleToZero) conditions = conditions.filter(({ type }) => type !== 'ScaledToZero')
      return { replicas: 0, reason: '', conditions, ...without }
    case 'above':
      return { replicas: autoscaler.spec.maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas', conditions, ...without }
    case 'below':
      return { replicas: min, reason: belowMin, conditions, ...without }
  }

  const asked = askMetrics(look, target)
  const [type, status, reason, message] = asked.active
  set(type, status, reason, message)
  const found = { computations: asked.computations, isImpaired: asked.error !== '' }
  if (asked.best === undefined) {
    const warnings = [...asked.warnings, ['FailedComputeMetricsReplicas', asked.error] as const]
    return { replicas: undefined, reason: '', conditions, metrics: asked.metrics, warnings, history, ...found }
  }
  const desired = Math.max(0, asked.best.replicas)
  const limited = limit({ now, config, autoscaler, minReplicas: min, current, desired, history })
  const { stabilized } = limited
  set('AbleToScale', 'True', stabilized?.reason ?? 'ReadyForNewScale', stabilized?.message ?? 'recommended size matches current size')
  set('ScalingLimited', limited.isLimited ? 'True' : 'False', limited.limit.reason, limited.limit.message)
  const why = desired > current ? `${asked.best.name} above target` : desired < current ? 'All metrics below target' : ''
  const isRaised = current === 0 && limited.replicas < min
  return {
    replicas: isRaised ? min : limited.replicas,
    reason: why === '' && isRaised ? belowMin : why,
    conditions,
    metrics: asked.metrics,
    warnings: asked.warnings,
    history: withAdvice(history, autoscaler, config, { at: now, replicas: desired }),
    ...found,
  }
}

interface Asked {
  /** The metric that asks for most; undefined: they say too little to act on. */
  readonly best: Proposal | undefined
  readonly error: string
  readonly active: readonly [type: 'ScalingActive', status: 'True' | 'False', reason: string, message: string]
  readonly metrics: readonly MetricStatus[]
  readonly warnings: readonly (readonly [reason: string, message: string])[]
  readonly computations: readonly Computation[]
}

function askMetrics(look: AutoscalerLook, target: Target): Asked {
  const blind = selectorTrouble(look, target)
  if (blind !== undefined) return blind
  const { now, config, autoscaler, pods, answers } = look
  const { spec, status } = target.scale
  const specReplicas = spec.replicas ?? 0
  const question = { now, config, autoscaler, specReplicas, statusReplicas: status.replicas ?? 0, pods }
  const specs: readonly MetricSpec[] = autoscaler.spec.metrics ?? []
  const results = specs.map((metric, i) => propose(metric, answers[i] ?? { problem: 'nothing was asked' }, question))
  const computations = results.map((result, i): Computation => {
    const refused = isUnknownType(specs[i]!) ? 'spec' : 'internal'
    return { type: specs[i]!.type, tookMs: answers[i]?.tookMs ?? 0, result: 'replicas' in result ? result.replicas : refused }
  })
  const refusals = results.filter((result): result is Refusal => 'cause' in result)
  const proposals = results.filter((result): result is Proposal => 'replicas' in result)
  // The first of those that ask for most; zero is asked for by nobody while another is to come.
  const best = proposals.reduce<Proposal | undefined>(
    (most, one) => (most === undefined || most.replicas === 0 || one.replicas > most.replicas ? one : most),
    undefined,
  )
  const first = refusals[0]
  const error =
    first === undefined ? '' : `invalid metrics (${refusals.length} invalid out of ${specs.length}), first error is: ${first.error}`
  const metrics = results.map((result) => ('status' in result ? result.status : { type: '' }))
  const warnings = refusals.map(({ reason, cause }) => [reason, cause] as const)
  // A metric that says nothing might have asked for more: only steps up are taken without it.
  if (best === undefined || (first !== undefined && best.replicas < specReplicas)) {
    const message = `the HPA was unable to compute the replica count: ${first?.cause ?? ''}`
    return { best: undefined, error, active: ['ScalingActive', 'False', first?.reason ?? '', message], metrics, warnings, computations }
  }
  const message = `the HPA was able to successfully calculate a replica count from ${best.name}`
  return { best, error, active: ['ScalingActive', 'True', 'ValidMetricFound', message], metrics, warnings, computations }
}

/** What keeps the target's pods from being known, or from being this autoscaler's alone. */
function selectorTrouble({ rivals, autoscaler }: AutoscalerLook, { scale }: Target): Asked | undefined {
  const trouble = (event: string, error: string, reason: string, message: string): Asked => ({
    best: undefined,
    error,
    active: ['ScalingActive', 'False', reason, message],
    metrics: [],
    warnings: [[event, error]],
    computations: [],
  })
  const text = scale.status.selector ?? ''
  if (text === '')
    return trouble('SelectorRequired', 'selector is required', 'InvalidSelector', "the HPA target's scale is missing a selector")
  const selector = selectorOfScale(scale)
  if ('problem' in selector) {
    const error = `couldn't convert selector into a corresponding internal selector object: ${selector.problem}`
    return trouble('InvalidSelector', error, 'InvalidSelector', error)
  }
  if (rivals.length === 0) return undefined
  const { name, namespace } = autoscaler.metadata
  const all = [name, ...rivals].toSorted().map((one) => `{${one} ${namespace}}`)
  const error = `pods by selector ${text} are controlled by multiple HPAs: [${all.join(' ')}]`
  return trouble('AmbiguousSelector', error, 'AmbiguousSelector', error)
}
