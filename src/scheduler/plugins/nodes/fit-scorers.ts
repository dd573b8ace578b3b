import type { ResourceWeight, ScoredColumn } from './resource-columns.ts'

/** ScoringStrategy of NodeResourcesFitArgs (kubescheduler.config.k8s.io/v1). */
export interface ScoringStrategy {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio'
  readonly resources?: readonly ResourceWeight[]
  readonly requestedToCapacityRatio?: { readonly shape: readonly ShapePoint[] }
}

/** What score (0 to 10) a utilisation (0 to 100) is worth. */
export interface ShapePoint {
  readonly utilization: number
  readonly score: number
}

/** A node's score, 0 to 100, for the pod whose columns these are. */
export type Scorer = (columns: readonly ScoredColumn[], slot: number) => number

/** The strategy as a function; all divisions are those of whole numbers, as in the reference. */
export function scorerOf({ type, requestedToCapacityRatio }: ScoringStrategy): Scorer {
  switch (type) {
    case 'LeastAllocated':
      return weighted((requested, capacity) => (requested > capacity ? 0 : Math.trunc(((capacity - requested) * 100) / capacity)))
    case 'MostAllocated':
      return weighted((requested, capacity) => Math.trunc((Math.min(requested, capacity) * 100) / capacity))
    case 'RequestedToCapacityRatio':
      return byRatio(requestedToCapacityRatio?.shape ?? [])
  }
}

/** The weighted mean. With `isRatio` a resource that is worth nothing has no weight either, and the mean is rounded, not cut. */
function weighted(score: (requested: number, capacity: number) => number, isRatio = false): Scorer {
  return (columns, slot) => {
    let sum = 0
    let weights = 0
    for (const { allocatable, requested, amount, weight } of columns) {
      const capacity = allocatable[slot]!
      if (capacity === 0) continue
      const value = score(requested[slot]! + amount, capacity)
      if (isRatio && value <= 0) continue
      sum += weight * value
      weights += weight
    }
    if (weights === 0) return 0
    return isRatio ? Math.round(sum / weights) : Math.trunc(sum / weights)
  }
}

function byRatio(shape: readonly ShapePoint[]): Scorer {
  const value = brokenLine(shape.map(({ utilization, score }) => ({ utilization, score: score * 10 })))
  return weighted((requested, capacity) => value(requested > capacity ? 100 : Math.trunc((requested * 100) / capacity)), true)
}

/** Straight between the points, level before the first and after the last. */
function brokenLine(points: readonly ShapePoint[]): (utilization: number) => number {
  return (utilization) => {
    for (const [index, point] of points.entries()) {
      if (utilization > point.utilization) continue
      const before = points[index - 1]
      if (before === undefined) return point.score
      const rise = (point.score - before.score) * (utilization - before.utilization)
      return before.score + Math.trunc(rise / (point.utilization - before.utilization))
    }
    return points.at(-1)?.score ?? 0
  }
}
