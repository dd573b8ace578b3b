import type { TopologyHint } from '../interfaces.ts'

export interface HintRequest {
  readonly requested: number
  /** NUMA nodes of every device of the resource, healthy or not. */
  readonly devices: ReadonlyMap<string, readonly number[]>
  readonly available: ReadonlySet<string>
  /** Held by init containers of the pod that will have ended. */
  readonly reusable: ReadonlySet<string>
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
  let least = nodes.length
  const found: bigint[] = []
  for (const mask of subsets(nodes)) {
    if ([...devices.keys()].filter((id) => isIn(id, mask)).length >= requested) least = Math.min(least, size(mask))
    const placed = [...reusable].filter((id) => (devices.get(id)?.length ?? 0) > 0)
    // What an init container holds has to stay inside.
    if (placed.some((id) => !isIn(id, mask))) continue
    const matching = placed.length + [...available].filter((id) => isIn(id, mask)).length
    if (matching >= requested) found.push(mask)
  }
  return found.map((mask) => ({ nodes: mask, preferred: size(mask) === least }))
}

export const maskOf = (nodes: readonly number[]): bigint => nodes.reduce((mask, node) => mask | (1n << BigInt(node)), 0n)

function size(mask: bigint): number {
  let count = 0
  for (let rest = mask; rest !== 0n; rest &= rest - 1n) count += 1
  return count
}

/** All sets but the empty one. The topology manager refuses machines with more than eight nodes, so they are few. */
function* subsets(nodes: readonly number[]): Generator<bigint> {
  for (let choice = 1; choice < 2 ** nodes.length; choice += 1)
    yield maskOf(nodes.filter((_, index) => Math.floor(choice / 2 ** index) % 2 === 1))
}
