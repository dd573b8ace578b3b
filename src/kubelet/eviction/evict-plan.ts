import type { Pod } from '#api/core/v1/pod.ts'
import { isCriticalPod } from '../pod/admission/preemption.ts'
import type { PodStats } from '../stats/summary.ts'
import { type EvictionMessage, evictionMessage } from './message.ts'
import { type Disks, rankForEviction } from './rank.ts'
import type { Observations, Signal } from './signals.ts'
import { signals } from './signals.ts'
import type { Threshold } from './thresholds.ts'

/** One pod that is to go, and how. */
export interface EvictPlan extends EvictionMessage {
  readonly pod: Pod
  readonly graceSeconds: number
  readonly signal: Signal
}

export interface EvictPlanOptions {
  /** What has to be won back, the first of all that are met. */
  readonly threshold: Threshold
  readonly met: readonly Threshold[]
  readonly observations: Observations
  readonly disks: Disks
  /** Pods that have not ended. */
  readonly pods: readonly Pod[]
  readonly statsOf: (pod: Pod) => PodStats | undefined
  /** KubeletConfiguration.evictionMaxPodGracePeriod: the most that a soft threshold leaves a pod. */
  readonly maxPodGraceSeconds: number
}

/** At most one pod a look: what its end wins back shows only then. Undefined where every pod is one that the node needs. */
export function planEviction(options: EvictPlanOptions): EvictPlan | undefined {
  const { threshold, met, observations, disks, statsOf } = options
  const pod = rankForEviction(options.pods, threshold.signal, statsOf, disks).find((one) => !isCriticalPod(one))
  if (pod === undefined) return undefined
  const own = Number(pod.spec.terminationGracePeriodSeconds ?? Infinity)
  return {
    pod,
    graceSeconds: threshold.graceMs === 0 ? IMMEDIATE_GRACE_SECONDS : Math.min(options.maxPodGraceSeconds, own),
    signal: threshold.signal,
    ...evictionMessage(signals[threshold.signal].resource, pod, statsOf(pod), met, observations),
  }
}

/** Of hard thresholds and exceeded limits: the node cannot wait. */
export const IMMEDIATE_GRACE_SECONDS = 1

/** What can be won back without ending a pod, in this order: ended containers first, for images may be used by them alone. */
export function reclaimFor(signal: Signal, { hasImageFs, isSplit }: Disks): readonly ('containers' | 'images')[] {
  const { resource } = signals[signal]
  if (resource === 'memory' || resource === 'pids') return []
  if (!hasImageFs) return ['containers', 'images']
  if (isSplit) return signal.startsWith('imagefs.') ? ['images'] : ['containers']
  return signal.startsWith('nodefs.') ? [] : ['containers', 'images']
}
