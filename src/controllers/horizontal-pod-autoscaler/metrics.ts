import { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'
import type { Tally } from './plan.ts'

const looks = 'horizontal_pod_autoscaler_controller_reconciliations_total'
const lookDurations = 'horizontal_pod_autoscaler_controller_reconciliation_duration_seconds'
const computations = 'horizontal_pod_autoscaler_controller_metric_computation_total'
const computationDurations = 'horizontal_pod_autoscaler_controller_metric_computation_duration_seconds'
const all = 'horizontal_pod_autoscaler_controller_num_horizontal_pod_autoscalers'
const desired = 'horizontal_pod_autoscaler_controller_desired_replicas'
const ofLook = { stability: 'BETA', labels: ['action', 'error'] } as const
const ofMetric = { stability: 'BETA', labels: ['action', 'error', 'metric_type'] } as const
const buckets = exponentialBuckets(0.001, 2, 15)

/** The reference's. */
export const autoscalerMetrics: readonly ControllerMetric[] = [
  { type: 'counter', name: looks, help: 'Looks at autoscalers, by what they led to.', ...ofLook },
  { type: 'histogram', name: lookDurations, help: 'How long they took.', buckets, ...ofLook },
  { type: 'counter', name: computations, help: 'Metrics that were asked for, by what each proposed.', ...ofMetric },
  { type: 'histogram', name: computationDurations, help: 'How long that took.', buckets, ...ofMetric },
  {
    type: 'gauge',
    name: all,
    help: 'Autoscalers that there are.',
    stability: 'ALPHA',
    read: (cache) => [{ labels: [], value: cache.list(HorizontalPodAutoscaler).length }],
  },
  {
    type: 'gauge',
    name: desired,
    help: 'How many replicas each autoscaler wants.',
    stability: 'ALPHA',
    labels: ['namespace', 'hpa_name'],
    read: (cache) =>
      cache
        .list(HorizontalPodAutoscaler)
        .map(({ metadata: { namespace, name }, status }) => ({ labels: [namespace, name], value: status.desiredReplicas })),
  },
]

/** The plan of a look says what there is to count of it. */
export interface AutoscalerPlan extends Plan {
  readonly tally?: Tally
}

/** What a look and its metrics came to. One that could not be carried out scaled nothing. */
export function measureAutoscaler({ action, error, metrics }: Tally, { isDone, seconds }: MeasuredOutcome): readonly Measure[] {
  const labels = isDone ? [action, error] : ['none', error === 'none' ? 'internal' : error]
  return [
    { metric: looks, labels },
    { metric: lookDurations, labels, value: seconds },
    ...metrics.flatMap((one): Measure[] => {
      const labels = [one.action, one.error, one.type]
      return [
        { metric: computations, labels },
        { metric: computationDurations, labels, value: one.tookMs / 1000 },
      ]
    }),
  ]
}
