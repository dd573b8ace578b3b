import type { ObjectMeta } from '#api/meta/v1/types.ts'

/** Annotations in which autoscaling/v1 keeps what it has no fields for. They are never stored, and no other version shows them. */
export const roundTrip = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
} as const

const dropped = new Set<string>([
  ...Object.values(roundTrip),
  'autoscaling.alpha.kubernetes.io/scale-down-tolerance',
  'autoscaling.alpha.kubernetes.io/scale-up-tolerance',
])

/** The metadata without those annotations; the very same where it has none. */
export function withoutRoundTripAnnotations<M extends ObjectMeta>(metadata: M): M {
  const { annotations, ...rest } = metadata
  const keys = Object.keys(annotations ?? {})
  if (!keys.some((key) => dropped.has(key))) return metadata
  const kept = Object.entries(annotations!).filter(([key]) => !dropped.has(key))
  return (kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) }) as M
}
