import type { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import { parseTime } from '../common/time.ts'
import type { AutoscalerConfig } from './config.ts'
import type { Sample } from './metrics-reader.ts'
import type { Problem } from './target.ts'
import { isWithin, type Tolerances } from './tolerances.ts'

/** Values by pod, in thousandths. */
export type Values = ReadonlyMap<string, bigint>

export interface Measure {
  /** How the values compare to what is wanted, 1 being just right. */
  readonly of: (values: Values) => Measured | Problem
  /** What a pod of which nothing is known is taken to use where that may only keep pods. */
  readonly whenMissing: (pod: string) => bigint
}

export interface Measured {
  readonly ratio: number
  /** The average. */
  readonly milli: bigint
  /** As a share of what is asked for, in percent. */
  readonly percent?: number
}

export interface PodQuestion {
  readonly now: Instant
  readonly config: AutoscalerConfig
  readonly tolerances: Tolerances
  /** Present number of replicas. */
  readonly current: number
  /** Those that the scale selects. */
  readonly pods: readonly Pod[]
  readonly samples: ReadonlyMap<string, Sample>
  /** Whose samples these are; absent: no resource's. */
  readonly resource?: string
  /** Asked when there are samples to be measured. */
  readonly measure: () => Measure | Problem
}

/**
 * How many replicas would bring a metric of pods to its target. What is not known is taken for the worse: a pod without a sample uses nothing
 * when there might be more pods, and all it may when there might be fewer; a pod that is not ready uses nothing when there might be more.
 */
export function replicasByPods(question: PodQuestion): { readonly replicas: number; readonly measured: Measured } | Problem {
  const { current, pods, samples, tolerances } = question
  if (pods.length === 0) return { problem: noPods }
  const { readyCount, unready, missing, ignored } = groupPods(question)
  const values = new Map([...samples].filter(([pod]) => !unready.has(pod) && !ignored.has(pod)).map(([pod, { milli }]) => [pod, milli]))
  if (values.size === 0) return { problem: 'did not receive metrics for targeted pods (pods might be unready)' }
  const measure = question.measure()
  if ('problem' in measure) return measure
  const measured = measure.of(values)
  if ('problem' in measured) return measured

  const { ratio } = measured
  const unreadyMatter = unready.size > 0 && ratio > 1
  if (!unreadyMatter && missing.size === 0)
    return { replicas: isWithin(tolerances, ratio) ? current : Math.ceil(ratio * readyCount), measured }
  if (ratio !== 1) for (const pod of missing) values.set(pod, ratio < 1 ? measure.whenMissing(pod) : 0n)
  if (unreadyMatter) for (const pod of unready) values.set(pod, 0n)

  const again = measure.of(values)
  if ('problem' in again) return again
  const hold = { replicas: current, measured }
  // What is only assumed may keep from a step, but not turn it round.
  if (isWithin(tolerances, again.ratio) || (ratio < 1 && again.ratio > 1) || (ratio > 1 && again.ratio < 1)) return hold
  const replicas = Math.ceil(again.ratio * values.size)
  if ((again.ratio < 1 && replicas > current) || (again.ratio > 1 && replicas < current)) return hold
  return { replicas, measured }
}

export const noPods = 'no pods returned by selector while calculating replica count'

function groupPods({ pods, samples, resource, now, config }: PodQuestion) {
  const unready = new Set<string>()
  const missing = new Set<string>()
  const ignored = new Set<string>()
  let readyCount = 0
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata
    const sample = samples.get(name)
    if (deletionTimestamp !== undefined || pod.status.phase === 'Failed') ignored.add(name)
    else if (pod.status.phase === 'Pending') unready.add(name)
    else if (sample === undefined) missing.add(name)
    else if (resource === 'cpu' && isStarting(pod, sample, now, config)) unready.add(name)
    else readyCount += 1
  }
  return { readyCount, unready, missing, ignored }
}

/** Whether its use of the processor says more of its start than of its work. */
function isStarting(pod: Pod, { at, windowMs }: Sample, now: Instant, config: AutoscalerConfig): boolean {
  const ready = podCondition(pod, 'Ready')
  const startedAt = parseTime(pod.status.startTime)
  if (ready === undefined || startedAt === undefined) return true
  const isUnready = ready.status === 'False'
  const changedAt = parseTime(ready.lastTransitionTime) ?? -Infinity
  // A sample counts when all of it was taken since the pod became what it is.
  if (startedAt + config.cpuInitializationMs > now) return isUnready || at < changedAt + windowMs
  return isUnready && startedAt + config.initialReadinessDelayMs > changedAt
}
