import { Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#lib/clock.ts'
import type { ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240]
const stability = 'ALPHA'

/** What a controller tells of pods that it evicts; the reference's, under the controller's own name. */
export function evictionMetrics(subsystem: string) {
  const count = `${subsystem}_pod_deletions_total`
  const delay = `${subsystem}_pod_deletion_duration_seconds`
  const metrics: readonly ControllerMetric[] = [
    { type: 'counter', name: count, help: 'Pods that were evicted.', stability },
    { type: 'histogram', name: delay, help: 'How long after the time at which a pod was to go it was evicted.', stability, buckets },
  ]
  /** One look at a pod that was to go at `evictAt`, if that has come. */
  const measure = (plan: Plan, { became }: MeasuredOutcome, evictAt: Instant, now: Instant): readonly Measure[] => {
    const isDeleted = plan.commands.some((command) => command.do === 'delete' && command.kind === Pod && became(command) === 'done')
    if (!isDeleted) return []
    // Where nothing was tolerated, now is the time.
    const late = Number.isFinite(evictAt) ? Math.max(0, now - evictAt) : 0
    return [{ metric: count }, { metric: delay, value: late / 1000 }]
  }
  return { metrics, measure }
}
