import type { Deployment } from '#api/apps/v1/deployment.ts'

/** A number as it is, a percentage of `total` rounded as asked. What validation would not let through counts as 0. */
export function scaledValue(value: number | string | undefined, total: number, round: 'up' | 'down'): number {
  if (typeof value !== 'string') return value ?? 0
  const percent = /^(\d+)%$/.exec(value)
  if (percent === null) return 0
  const exact = (Number(percent[1]) * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}

/** How many pods a rollout may have too many and too few. Both 0 would stop it for ever: then one may be missing. */
export function fenceposts({ spec }: Deployment): { readonly maxSurge: number; readonly maxUnavailable: number } {
  if (spec.strategy.type !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: 0 }
  const maxSurge = scaledValue(spec.strategy.rollingUpdate?.maxSurge, spec.replicas, 'up')
  const maxUnavailable = scaledValue(spec.strategy.rollingUpdate?.maxUnavailable, spec.replicas, 'down')
  const resolved = maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable
  return { maxSurge, maxUnavailable: Math.min(resolved, spec.replicas) }
}
