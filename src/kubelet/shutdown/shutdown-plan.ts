import type { Pod } from '#api/core/v1/pod.ts'

/** Pods from this priority on (up to the next entry's) get so long to end. */
export interface ShutdownPeriod {
  readonly priority: number
  readonly seconds: number
}

/** As KubeletConfiguration has them, in milliseconds. */
export interface ShutdownSettings {
  readonly shutdownGracePeriodMs: number
  readonly shutdownGracePeriodCriticalPodsMs: number
  readonly shutdownGracePeriodByPodPriority: readonly { readonly priority: number; readonly shutdownGracePeriodSeconds: number }[]
}

const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000

/** The periods in the order in which they pass, low priorities first. Empty: a shutdown of the machine is not waited for. */
export function shutdownPeriods(settings: ShutdownSettings): ShutdownPeriod[] {
  const { shutdownGracePeriodMs: all, shutdownGracePeriodCriticalPodsMs: critical, shutdownGracePeriodByPodPriority: given } = settings
  if (given.length > 0)
    return given
      .map(({ priority, shutdownGracePeriodSeconds: seconds }) => ({ priority, seconds }))
      .toSorted((a, b) => a.priority - b.priority)
  if (all === 0 || all < critical) return []
  return [
    { priority: 0, seconds: Math.floor((all - critical) / 1000) },
    { priority: SYSTEM_CRITICAL_PRIORITY, seconds: Math.floor(critical / 1000) },
  ]
}

export const totalMs = (periods: readonly ShutdownPeriod[]): number => periods.reduce((sum, { seconds }) => sum + seconds, 0) * 1000

/** Pods that end together, and how long each gets. */
export interface ShutdownStep {
  readonly seconds: number
  readonly pods: readonly { readonly pod: Pod; readonly graceSeconds: number }[]
}

/** Who ends when: each pod with the highest entry that its priority reaches, those below all entries with the lowest. Empty steps are left out. */
export function planShutdown(periods: readonly ShutdownPeriod[], pods: readonly Pod[]): ShutdownStep[] {
  const steps = periods.map(({ priority, seconds }) => ({ priority, seconds, pods: [] as { pod: Pod; graceSeconds: number }[] }))
  for (const pod of pods) {
    const step = steps.findLast(({ priority }) => priority <= (pod.spec.priority ?? 0)) ?? steps[0]
    const own = pod.spec.terminationGracePeriodSeconds
    step?.pods.push({ pod, graceSeconds: Math.min(Number(own ?? Infinity), step.seconds) })
  }
  return steps.filter(({ pods: some }) => some.length > 0)
}
