import { combinations } from '../cpu/distribute-cpus.ts'

/** NUMA nodes as bits of a number. */

export const maskOf = (nodes: Iterable<number>): bigint => [...nodes].reduce((mask, node) => mask | (1n << BigInt(node)), 0n)

export function nodesOf(mask: bigint): readonly number[] {
  const nodes: number[] = []
  for (let node = 0, rest = mask; rest > 0n; node += 1, rest >>= 1n) if (rest & 1n) nodes.push(node)
  return nodes
}

export const countOf = (mask: bigint): number => nodesOf(mask).length

/** Of fewer nodes; of as many, those with lower numbers. */
export const isNarrower = (a: bigint, b: bigint): boolean => (countOf(a) === countOf(b) ? a < b : countOf(a) < countOf(b))

/** Every choice of nodes, small ones first. */
export function allMasks(nodes: readonly number[]): readonly bigint[] {
  const masks: bigint[] = []
  for (let size = 1; size <= nodes.length; size += 1) for (const chosen of combinations(nodes, size)) masks.push(maskOf(chosen))
  return masks
}
