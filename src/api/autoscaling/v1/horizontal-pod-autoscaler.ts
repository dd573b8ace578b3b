import { withoutRoundTripAnnotations } from '#api/autoscaling/round-trip.ts'
import { fromV2, toV2 } from '#api/autoscaling/v1/convert-autoscaler.ts'
import * as types from '#api/autoscaling/v1/types.ts'
import { HorizontalPodAutoscaler as Stored } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { validateAutoscaler, validateAutoscalerStatus } from '#api/autoscaling/v2/validate-autoscaler.ts'
import { kind } from '#api/kind.ts'
import { statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

/** The older form of autoscaling/v2's: one metric in fields, the others, and all else that came later, in annotations. */
export const HorizontalPodAutoscaler = kind(
  types.HorizontalPodAutoscaler,
  {
    group: 'autoscaling',
    version: 'v1',
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    singular: 'horizontalpodautoscaler',
    shortNames: ['hpa'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: (Stored.columns ?? []).map(({ cell, ...rest }) => ({
      ...rest,
      cell: (autoscaler: types.HorizontalPodAutoscaler, now) => cell(toV2(autoscaler) as never, now),
    })),
    storedAs: { kind: () => Stored, toStored: toV2, fromStored: fromV2 },
    partialMetadata: withoutRoundTripAnnotations,
    subresources: {
      status: statusOf<types.HorizontalPodAutoscaler>({
        // Part of the spec stands in the metadata.
        take: (previous, body) => fromV2({ ...toV2(body), spec: toV2(previous).spec }),
        validateUpdate: (autoscaler) => validateAutoscalerStatus(toV2(autoscaler)),
      }),
    },
  },
  {
    // Annotations say the same as the fields, and what they say of nothing is dropped.
    defaults: (autoscaler) => (autoscaler.spec === undefined ? autoscaler : made(autoscaler, toV2(autoscaler))),
    prepareCreate: (autoscaler) => made(autoscaler, { ...toV2(autoscaler), status: { desiredReplicas: 0, currentMetrics: [] } }),
    prepareUpdate: (next, previous) => made(next, { ...toV2(next), status: toV2(previous).status }),
    validate: (autoscaler) => validateAutoscaler(toV2(autoscaler)),
    validateUpdate: (next, previous) => validateAutoscaler(toV2(next), toV2(previous)),
  },
)
export type HorizontalPodAutoscaler = Of<typeof HorizontalPodAutoscaler>

const made = <A extends types.HorizontalPodAutoscaler>(like: A, stored: ReturnType<typeof toV2>): A => ({ ...like, ...fromV2(stored) }) as A
