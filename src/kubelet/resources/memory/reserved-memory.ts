import { isHugePages } from '#api/core/v1/resources.ts'
import { WherryError } from '#lib/errors.ts'
import { addQuantity, compareQuantity, formatQuantity, parseQuantity, type Quantity } from '#lib/quantity.ts'
import type { NumaNode } from '../machine-topology.ts'

/**
 * What is kept back on the NUMA nodes has to be what the node keeps back in all: `kept` by resource, of systemReserved, kubeReserved and the hard
 * eviction threshold. Throws `Invalid` otherwise, for then pods would be promised memory that is not there.
 */
export function checkReservedMemory(
  reserved: readonly { readonly numaNode: number; readonly limits: Readonly<Record<string, string>> }[],
  nodes: readonly NumaNode[],
  kept: Readonly<Record<string, string>>,
): void {
  const sums = new Map<string, Quantity>()
  for (const { numaNode, limits } of reserved) {
    if (!nodes.some(({ id }) => id === numaNode))
      throw new WherryError('Invalid', `reservedMemory: this machine has no NUMA node ${numaNode}`)
    for (const [name, amount] of Object.entries(limits)) sums.set(name, addQuantity(sums.get(name) ?? parseQuantity('0'), amount))
  }
  const names = new Set([...sums.keys(), ...Object.keys(kept).filter((name) => name === 'memory' || isHugePages(name))])
  for (const name of names) {
    const [sum, wanted] = [sums.get(name) ?? parseQuantity('0'), kept[name] ?? '0']
    if (compareQuantity(sum, wanted) !== 0)
      throw new WherryError(
        'Invalid',
        `reservedMemory: ${name} is ${formatQuantity(sum)} in all and has to be ${wanted}: systemReserved and kubeReserved together with the hard eviction threshold`,
      )
  }
}
