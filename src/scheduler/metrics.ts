import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { SchedulingQueue } from './queue/queue.ts'
import type { World } from './world/world.ts'

/** How a try ended. */
export type TryResult = 'scheduled' | 'unschedulable' | 'error'

/** What a scheduler tells of itself. All times are in milliseconds. */
export interface SchedulerMetrics {
  /** From now on queue and cache are read here. Returns how to let go of them. */
  observe(queue: SchedulingQueue, world: World): () => void
  decided(tookMs: number): void
  tried(result: TryResult, profile: string, tookMs: number): void
  /** A pod has its node, after so many tries and so long after it was first seen. */
  scheduled(attempts: number, waitedMs: number): void
  preempted(victims: number): void
}

/** Registers the scheduler's metrics once a process, by the reference's names (kube-scheduler metrics/metrics.go, what is stable or beta). */
export function createSchedulerMetrics(registry: Registry): SchedulerMetrics {
  const attempts = registry.counter({
    name: 'scheduler_schedule_attempts_total',
    help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
    stability: 'STABLE',
    labels: ['profile', 'result'],
  })
  const attemptSeconds = registry.histogram({
    name: 'scheduler_scheduling_attempt_duration_seconds',
    help: 'Scheduling attempt latency in seconds (scheduling algorithm + binding)',
    stability: 'STABLE',
    labels: ['profile', 'result'],
    buckets: exponentialBuckets(0.001, 2, 15),
  })
  const algorithmSeconds = registry
    .histogram({
      name: 'scheduler_scheduling_algorithm_duration_seconds',
      help: 'Scheduling algorithm latency in seconds',
      stability: 'ALPHA',
      buckets: exponentialBuckets(0.001, 2, 15),
    })
    .of()
  const podSeconds = registry.histogram({
    name: 'scheduler_pod_scheduling_sli_duration_seconds',
    help: 'E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
    stability: 'BETA',
    labels: ['attempts'],
    buckets: exponentialBuckets(0.01, 2, 20),
  })
  const podAttempts = registry
    .histogram({
      name: 'scheduler_pod_scheduling_attempts',
      help: 'Number of attempts to successfully schedule a pod.',
      stability: 'STABLE',
      buckets: exponentialBuckets(1, 2, 5),
    })
    .of()
  const preemptions = registry
    .counter({
      name: 'scheduler_preemption_attempts_total',
      help: 'Total preemption attempts in the cluster till now',
      stability: 'STABLE',
    })
    .of()
  const victims = registry
    .histogram({
      name: 'scheduler_preemption_victims',
      help: 'Number of selected preemption victims',
      stability: 'STABLE',
      buckets: exponentialBuckets(1, 2, 7),
    })
    .of()
  let seen: { readonly queue: SchedulingQueue; readonly world: World } | undefined
  registry.observed(
    {
      type: 'gauge',
      name: 'scheduler_pending_pods',
      help: "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
      stability: 'STABLE',
      labels: ['queue'],
    },
    () =>
      seen === undefined
        ? []
        : (['active', 'backoff', 'gated', 'unschedulable'] as const).map((name) => ({ labels: [name], value: seen!.queue.sizes[name] })),
  )
  registry.observed(
    {
      type: 'gauge',
      name: 'scheduler_unschedulable_pods',
      help: 'The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.',
      stability: 'BETA',
      labels: ['plugin', 'profile'],
    },
    () => seen?.queue.refusers() ?? [],
  )
  registry.observed(
    {
      type: 'gauge',
      name: 'scheduler_cache_size',
      help: 'Number of nodes, pods, and assumed (bound) pods in the scheduler cache.',
      stability: 'ALPHA',
      labels: ['type'],
    },
    () => (seen === undefined ? [] : Object.entries(seen.world.sizes).map(([type, value]) => ({ labels: [type], value }))),
  )
  return {
    observe(queue, world) {
      const own = { queue, world }
      seen = own
      return () => {
        // A later one may have begun already.
        if (seen === own) seen = undefined
      }
    },
    decided: (tookMs) => algorithmSeconds.observe(tookMs / 1000),
    tried(result, profile, tookMs) {
      attempts.of(profile, result).inc()
      attemptSeconds.of(profile, result).observe(tookMs / 1000)
    },
    scheduled(count, waitedMs) {
      podAttempts.observe(count)
      podSeconds.of(count >= 15 ? '15+' : String(count)).observe(waitedMs / 1000)
    },
    preempted(count) {
      preemptions.inc()
      if (count > 0) victims.observe(count)
    },
  }
}
