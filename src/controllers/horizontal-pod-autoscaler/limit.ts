import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { HPAScalingRules } from '#api/autoscaling/v2/types.ts'
import type { Instant } from '#lib/clock.ts'
import type { AutoscalerConfig } from './config.ts'
import { type Advice, type History, type Step, windowsMs } from './history.ts'

export interface LimitQuestion {
  readonly now: Instant
  readonly config: AutoscalerConfig
  readonly autoscaler: HorizontalPodAutoscaler
  readonly minReplicas: number
  readonly current: number
  /** What the metrics ask for. */
  readonly desired: number
  readonly history: History
}

/** What is left of a wish; `stabilized` and `limited` say for conditions whether, and why, it is another. */
export interface Limited {
  readonly replicas: number
  readonly stabilized?: Said
  readonly isLimited: boolean
  readonly limit: Said
}

interface Said {
  readonly reason: string
  readonly message: string
}

/** Holds the wish of the metrics to past advice, to the pace that is allowed, and to the bounds. */
export function limit(question: LimitQuestion): Limited {
  const { autoscaler, desired } = question
  const hasRules = autoscaler.spec.behavior !== undefined
  const stable = hasRules ? stabilizeByRules(question) : stabilize(question)
  const { replicas, ...said } = hasRules ? paceByRules(question, stable) : pace(question, stable)
  return {
    replicas,
    ...(stable === desired ? {} : { stabilized: desired >= question.current && hasRules ? upStabilized : downStabilized }),
    isLimited: replicas !== stable,
    limit: said,
  }
}

const upStabilized: Said = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
}
const downStabilized: Said = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
}

type Paced = Said & { readonly replicas: number }
const within: Said = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' }
const tooFew: Said = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' }
const tooMany: Said = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' }
const upLimit: Said = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' }
const downLimit: Said = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' }

/** Without rules: the highest advice of the last minutes. */
function stabilize({ now, config, desired, history }: LimitQuestion): number {
  const recent = history.advice.filter(({ at }) => at >= now - config.downscaleStabilizationMs)
  return Math.max(desired, ...recent.map(({ replicas }) => replicas))
}

/** Not above the lowest advice that counts for going up, not below the highest that counts for going down. */
function stabilizeByRules({ now, config, autoscaler, current, desired, history }: LimitQuestion): number {
  const { up, down } = windowsMs(autoscaler, config)
  const since = (ms: number) => history.advice.filter(({ at }: Advice) => at > now - ms).map(({ replicas }) => replicas)
  const lowest = Math.min(desired, ...since(up))
  const highest = Math.max(desired, ...since(down))
  return Math.min(Math.max(current, lowest), highest)
}

// A wrong report of use may not multiply the pods (the reference's own limit before there were rules).
const paceFactor = 2
const paceMin = 4

function pace({ current, minReplicas, autoscaler }: LimitQuestion, stable: number): Paced {
  const { maxReplicas } = autoscaler.spec
  const fastest = Math.max(paceFactor * current, paceMin)
  const highest = Math.min(maxReplicas, fastest)
  if (stable < minReplicas) return { replicas: minReplicas, ...tooFew }
  if (stable > highest) return { replicas: highest, ...(maxReplicas > fastest ? upLimit : tooMany) }
  return { replicas: stable, ...within }
}

function paceByRules({ now, current, minReplicas, autoscaler, history }: LimitQuestion, stable: number): Paced {
  const { maxReplicas, behavior } = autoscaler.spec
  if (stable > current) {
    const fastest = Math.max(current, paceUp(behavior?.scaleUp ?? {}, current, history, now))
    const highest = Math.min(maxReplicas, fastest)
    if (stable > highest) return { replicas: highest, ...(maxReplicas > fastest ? upLimit : tooMany) }
  } else if (stable < current) {
    const fastest = Math.min(current, paceDown(behavior?.scaleDown ?? {}, current, history, now))
    const lowest = Math.max(minReplicas, fastest)
    if (stable < lowest) return { replicas: lowest, ...(minReplicas < fastest ? downLimit : tooFew) }
  }
  return { replicas: stable, ...within }
}

function paceUp({ selectPolicy, policies = [] }: HPAScalingRules, current: number, history: History, now: Instant): number {
  if (selectPolicy === 'Disabled') return current
  const proposed = policies.map(({ type, value, periodSeconds }) => {
    const before = atStart(current, history, periodSeconds, now)
    // Rounded up, as a small share of few pods would never be one.
    return type === 'Pods' ? before + value : Math.ceil(before * (1 + value / 100))
  })
  return selectPolicy === 'Min' ? Math.min(...proposed) : Math.max(...proposed)
}

function paceDown({ selectPolicy, policies = [] }: HPAScalingRules, current: number, history: History, now: Instant): number {
  if (selectPolicy === 'Disabled') return current
  const proposed = policies.map(({ type, value, periodSeconds }) => {
    const before = atStart(current, history, periodSeconds, now)
    return type === 'Pods' ? before - value : Math.trunc(before * (1 - value / 100))
  })
  // The smallest change leaves most.
  return selectPolicy === 'Min' ? Math.max(...proposed) : Math.min(...proposed)
}

/** How many there were when the period began. */
function atStart(current: number, { ups, downs }: History, periodSeconds: number, now: Instant): number {
  const since = (steps: readonly Step[]) => steps.filter(({ at }) => at > now - periodSeconds * 1000).reduce((sum, { by }) => sum + by, 0)
  return current - since(ups) + since(downs)
}
