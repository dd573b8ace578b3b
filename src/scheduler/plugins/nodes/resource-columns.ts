import type { PodInfo } from '../../world/pod-info.ts'
import type { World } from '../../world/world.ts'

/** A resource and how much it weighs in a score (ResourceSpec of kubescheduler.config.k8s.io/v1). */
export interface ResourceWeight {
  readonly name: string
  readonly weight: number
}

/** What scores look at where nothing else is said. */
export const defaultResources: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]

/** One resource of all nodes, for one pod's score. */
export interface ScoredColumn {
  readonly weight: number
  readonly allocatable: Float64Array
  readonly requested: Float64Array
  /** What the pod adds to `requested`. */
  readonly amount: number
}

/**
 * The columns that count for a pod. With `withAssumed` containers that ask for no processor or memory count as if they asked for a little. An
 * extended resource counts only for pods that ask for it.
 */
export function scoredColumns(pod: PodInfo, world: World, resources: readonly ResourceWeight[], withAssumed: boolean): ScoredColumn[] {
  return resources.flatMap(({ name, weight }) => {
    const column = world.nodes.column(name)
    if (column === undefined) return []
    const isAssumed = withAssumed && (name === 'cpu' || name === 'memory')
    const amount = isAssumed ? pod.shape.scoredComing[name] : (pod.shape.requests.find(({ resource }) => resource === name)?.amount ?? 0)
    if (amount === 0 && !isBasic(name)) return []
    return [{ weight, allocatable: column.allocatable, requested: isAssumed ? world.nodes.scored[name] : column.requested, amount }]
  })
}

/** Resources that every node has of itself. */
export const isBasic = (name: string): boolean => name === 'cpu' || name === 'memory' || name === 'ephemeral-storage'
