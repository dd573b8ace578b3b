import type { Plugin } from '../../framework/plugin.ts'
import { defaultResources, type ResourceWeight, type ScoredColumn, scoredColumns } from './resource-columns.ts'

/** NodeResourcesBalancedAllocationArgs (kubescheduler.config.k8s.io/v1). */
export interface BalancedAllocationArgs {
  readonly resources?: readonly ResourceWeight[]
}

/** Prefers the node whose use of its resources comes out most even, compared with how even it is now. */
export const balancedAllocation = ({
  resources = defaultResources,
}: BalancedAllocationArgs): Plugin<undefined, readonly ScoredColumn[]> => ({
  name: 'NodeResourcesBalancedAllocation',
  restsOn: 'node',
  // A pod that asks for nothing changes no balance.
  isUniform: ({ shape }) => shape.requests.every(({ resource }) => resources.every(({ name }) => name !== resource)),
  preScore(pod, _nodes, world) {
    const columns = scoredColumns(pod, world, resources, false)
    return columns.every(({ amount }) => amount === 0) ? undefined : columns
  },
  score: (_pod, { slot }, columns) =>
    Math.trunc(50 + Math.trunc((50 + evenness(columns, slot, true) - evenness(columns, slot, false)) / 2)),
})

/** 100 where all are used to the same fraction, less by their standard deviation. */
function evenness(columns: readonly ScoredColumn[], slot: number, withPod: boolean): number {
  let count = 0
  let sum = 0
  let first = 0
  let second = 0
  for (const column of columns) {
    const fraction = fractionOf(column, slot, withPod)
    if (fraction === undefined) continue
    count += 1
    sum += fraction
    if (count === 1) first = fraction
    else second = fraction
  }
  if (count < 2) return 100
  if (count === 2) return Math.trunc((1 - Math.abs((first - second) / 2)) * 100)
  const mean = sum / count
  let squares = 0
  for (const column of columns) {
    const fraction = fractionOf(column, slot, withPod)
    if (fraction !== undefined) squares += (fraction - mean) * (fraction - mean)
  }
  return Math.trunc((1 - Math.sqrt(squares / count)) * 100)
}

function fractionOf({ allocatable, requested, amount }: ScoredColumn, slot: number, withPod: boolean): number | undefined {
  const capacity = allocatable[slot]!
  if (capacity === 0) return undefined
  return Math.min(1, (requested[slot]! + (withPod ? amount : 0)) / capacity)
}
