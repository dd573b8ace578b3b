import type { Cpu } from '../machine-topology.ts'
import { nodesByUse, takeCpus } from './take-cpus.ts'

/**
 * The option `distribute-cpus-across-numa` (KEP-2902): as many processors from each of as few NUMA nodes as possible, so that work that runs in
 * step on all of them is held up by none, and what is left on the nodes is as even as can be. `groupSize` stay together: threads of a core.
 */
export function distributeCpus(options: {
  readonly cpus: readonly Cpu[]
  readonly available: ReadonlySet<number>
  readonly count: number
  readonly groupSize: number
}): readonly number[] {
  const { cpus, available, count, groupSize } = options
  const free = new Map<number, Set<number>>()
  for (const { id, node } of cpus) if (available.has(id)) free.set(node, (free.get(node) ?? new Set()).add(id))
  const total = [...free.values()].reduce((sum, ids) => sum + ids.size, 0)
  if (count % groupSize !== 0 || count === 0 || total < count) return takeCpus(options)

  const groups = count / groupSize
  const nodeCount = new Set(cpus.map(({ node }) => node)).size
  const groupsPerNode = Math.ceil(Math.ceil(cpus.length / groupSize) / nodeCount)
  const nodes = nodesByUse({ cpus, available })
  for (let size = Math.ceil(groups / groupsPerNode); size <= Math.min(groups, nodes.length); size += 1) {
    const shares = bestShares(nodes, size, free, count, groupSize)
    if (shares === undefined) continue
    return takeShares(options, free, shares)
  }
  return takeCpus(options)
}

/** The even part of each node at once, then what is over group by group: a group may lie elsewhere than it would as a part of the whole. */
function takeShares(
  { cpus, groupSize }: { readonly cpus: readonly Cpu[]; readonly groupSize: number },
  free: ReadonlyMap<number, Set<number>>,
  { even, nodes, over }: Shares,
): readonly number[] {
  const taken: number[] = []
  const take = (node: number, count: number): void => {
    const ids = takeCpus({ cpus, available: free.get(node)!, count })
    for (const id of ids) free.get(node)!.delete(id)
    taken.push(...ids)
  }
  for (const node of nodes) take(node, even)
  for (const node of over) take(node, groupSize)
  return taken.toSorted((a, b) => a - b)
}

interface Shares {
  /** From each of `nodes`. */
  readonly even: number
  readonly nodes: readonly number[]
  /** Nodes that give a group more, each as often as it does. */
  readonly over: readonly number[]
}

/** How many from each of `size` nodes; undefined where no such nodes have enough. */
function bestShares(
  nodes: readonly number[],
  size: number,
  free: ReadonlyMap<number, ReadonlySet<number>>,
  count: number,
  groupSize: number,
): Shares | undefined {
  let best: { readonly balance: number; readonly shares: Shares } | undefined
  const even = Math.floor(count / size / groupSize) * groupSize
  for (const chosen of combinations(nodes, size)) {
    const room = (node: number) => Math.floor(free.get(node)!.size / groupSize) * groupSize
    if (chosen.reduce((sum, node) => sum + room(node), 0) < count || chosen.some((node) => free.get(node)!.size < even)) continue
    const left = new Map(nodes.map((node) => [node, free.get(node)!.size - (chosen.includes(node) ? even : 0)]))
    const remainder = count - even * size
    const receivers = chosen.filter((node) => left.get(node)! >= groupSize)
    const options = remainder === 0 ? [[]] : receivers.flatMap((_, less) => [...combinations(receivers, receivers.length - less)])
    for (const subset of options) {
      const spread = spreadOver(subset, left, remainder, groupSize)
      if (spread === undefined) continue
      const balance = deviation([...spread.left.values()])
      if (best !== undefined && balance >= best.balance) continue
      best = { balance, shares: { even, nodes: chosen, over: spread.over } }
    }
    if (best?.balance === 0) break
  }
  return best?.shares
}

/** Gives out what is over, a group to each in turn. */
function spreadOver(subset: readonly number[], before: ReadonlyMap<number, number>, remainder: number, groupSize: number) {
  const left = new Map(before)
  const over: number[] = []
  if (subset.reduce((sum, node) => sum + Math.floor(left.get(node)! / groupSize) * groupSize, 0) < remainder) return undefined
  for (let open = remainder; open > 0; ) {
    for (const node of subset) {
      if (open === 0) break
      if (left.get(node)! < groupSize) continue
      left.set(node, left.get(node)! - groupSize)
      over.push(node)
      open -= groupSize
    }
  }
  return { left, over }
}

/** Standard deviation to a thousandth: finer differences are none. */
function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return Math.round(Math.sqrt(variance) * 1000) / 1000
}

/** All choices of `size` of them, in their order. */
export function* combinations<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  if (size === 0) {
    yield []
    return
  }
  for (const [index, item] of items.entries()) for (const rest of combinations(items.slice(index + 1), size - 1)) yield [item, ...rest]
}
