import { withoutRoundTripAnnotations } from '#api/autoscaling/round-trip.ts'
import { metricsCell } from '#api/autoscaling/v2/metrics-cell.ts'
import * as types from '#api/autoscaling/v2/types.ts'
import { validateAutoscaler, validateAutoscalerStatus } from '#api/autoscaling/v2/validate-autoscaler.ts'
import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import type { Of } from '#schema/schema.ts'

export const HorizontalPodAutoscaler = kind(
  types.HorizontalPodAutoscaler,
  {
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    singular: 'horizontalpodautoscaler',
    shortNames: ['hpa'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: [
      column<types.HorizontalPodAutoscaler>('Reference', ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`),
      column<types.HorizontalPodAutoscaler>('Targets', ({ spec, status }) => metricsCell(spec.metrics, status.currentMetrics)),
      column<types.HorizontalPodAutoscaler>('MinPods', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
      column<types.HorizontalPodAutoscaler>('MaxPods', ({ spec }) => spec.maxReplicas),
      column<types.HorizontalPodAutoscaler>('Replicas', ({ status }) => status.currentReplicas ?? 0),
      age,
    ],
    subresources: { status: statusOf<types.HorizontalPodAutoscaler>({ validateUpdate: validateAutoscalerStatus }) },
  },
  {
    defaults: defaultAutoscaler,
    prepareCreate: (autoscaler) => ({ ...autoscaler, status: { desiredReplicas: 0, currentMetrics: [] } }),
    prepareUpdate: keepStatus,
    validate: (autoscaler) => validateAutoscaler(autoscaler),
    validateUpdate: (next, previous) => validateAutoscaler(next, previous),
  },
)
export type HorizontalPodAutoscaler = Of<typeof HorizontalPodAutoscaler>

const DEFAULT_CPU_UTILIZATION = 80

/** What is scaled by where nothing is said: four fifths of the processor time that the pods ask for. */
export const defaultMetrics = (utilization = DEFAULT_CPU_UTILIZATION): types.MetricSpec[] => [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: utilization } } },
]

/** Also used for objects that came in as v1, whose annotations may hold a `behavior` that leaves things open. */
export function defaultAutoscaler<A extends Pick<types.HorizontalPodAutoscaler, 'metadata' | 'spec'>>(autoscaler: A): A {
  const { metadata, spec } = autoscaler
  if (spec === undefined) return autoscaler
  const { behavior, metrics = [] } = spec
  return {
    ...autoscaler,
    metadata: withoutRoundTripAnnotations(metadata),
    spec: {
      ...spec,
      minReplicas: spec.minReplicas ?? 1,
      metrics: metrics.length > 0 ? metrics : defaultMetrics(),
      ...(behavior && {
        behavior: {
          ...behavior,
          scaleUp: { ...defaultScaleUp, ...given(behavior.scaleUp) },
          scaleDown: { ...defaultScaleDown, ...given(behavior.scaleDown) },
        },
      }),
    },
  }
}

/** What the rules say; a list of policies that is given empty says that there are none, and is refused as such. */
const given = (rules: types.HPAScalingRules | undefined): types.HPAScalingRules => ({
  ...Object.fromEntries(Object.entries(rules ?? {}).filter(([, value]) => value !== undefined)),
  ...(shownAsGiven(rules, 'policies') !== null && { policies: rules?.policies ?? [] }),
})

// How the controller scaled before there were rules (KEP-853): up by four pods or twofold in 15 s, down at once to what is needed.
const defaultScaleUp: types.HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
}
const defaultScaleDown: types.HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
}
