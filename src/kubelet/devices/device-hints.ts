import type { TopologyHint } from '../interfaces.ts'
import { allMasks, countOf, maskOf } from '../resources/topology/numa-mask.ts'

export interface HintRequest {
  readonly requested: number
  /** NUMA nodes of every device of the resource, healthy or not. */
  readonly devices: ReadonlyMap<string, readonly number[]>
  readonly available: readonly string[]
  /** Held by init containers of the pod that will have ended. */
  readonly reusable: readonly string[]
  /** Of the machine. */
  readonly numaNodes: readonly number[]
}

/**
 * Every set of NUMA nodes that could serve the request now; preferred are those with as few nodes as could serve it were all devices free.
 * Only nodes that have devices of the resource are tried, so that machines with many nodes cost no more. An empty list: nowhere.
 */
export function deviceHints({ requested, devices, available, reusable, numaNodes }: HintRequest): TopologyHint[] {
  const withDevices = new Set([...devices.values()].flat())
  const known = numaNodes.filter((node) => withDevices.has(node))
  const nodes = known.length === 0 ? numaNodes : known
  const masks = new Map([...devices].map(([id, near]) => [id, maskOf(near)]))
  const isIn = (id: string, mask: bigint): boolean => ((masks.get(id) ?? 0n) & mask) !== 0n
  // What an init container holds has to stay inside; what is nowhere is in nobody's way.
  const placed = reusable.filter((id) => (devices.get(id)?.length ?? 0) > 0)
  let least = nodes.length
  const found: bigint[] = []
  for (const mask of allMasks(nodes)) {
    if ([...devices.keys()].filter((id) => isIn(id, mask)).length >= requested) least = Math.min(least, countOf(mask))
    if (placed.some((id) => !isIn(id, mask))) continue
    const matching = placed.length + available.filter((id) => isIn(id, mask)).length
    if (matching >= requested) found.push(mask)
  }
  return found.map((mask) => ({ nodes: mask, preferred: countOf(mask) === least }))
}
