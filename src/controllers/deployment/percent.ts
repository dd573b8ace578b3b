import type { Deployment } from '#api/apps/v1/deployment.ts'
import { scaledValue } from '../common/scaled-value.ts'

/** How many pods a rollout may have too many and too few. Both 0 would stop it for ever: then one may be missing. */
export function fenceposts({ spec }: Deployment): { readonly maxSurge: number; readonly maxUnavailable: number } {
  if (spec.strategy.type !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: 0 }
  const maxSurge = scaledValue(spec.strategy.rollingUpdate?.maxSurge, spec.replicas, 'up')
  const maxUnavailable = scaledValue(spec.strategy.rollingUpdate?.maxUnavailable, spec.replicas, 'down')
  const resolved = maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable
  return { maxSurge, maxUnavailable: Math.min(resolved, spec.replicas) }
}
