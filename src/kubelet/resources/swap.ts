import type { Pod } from '#api/core/v1/pod.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import { isCriticalPod } from '../pod/admission/preemption.ts'
import type { AnyContainer } from '../pod/containers.ts'
import { qosClass } from '../pod/qos.ts'
import type { NodeResources } from './node-resources.ts'

/**
 * How much a container may swap (KEP-2400). Nothing, unless the node says LimitedSwap: then a Burstable container that asks for less memory
 * than it may use gets the share of the node's swap that its request is of the node's memory. Where swap is not counted nothing is said.
 */
export function swapLimits(
  pod: Pod,
  container: AnyContainer,
  memoryLimitBytes: number,
  node: NodeResources,
): { readonly unified?: { 'memory.swap.max': string }; readonly total?: { memorySwapLimitBytes: number } } {
  const { traits } = node
  if (traits?.hasSwap !== true) return {}
  // Version 1 counts both together: as much as the memory alone leaves no swap.
  if (!traits.isUnified) return memoryLimitBytes > 0 ? { total: { memorySwapLimitBytes: memoryLimitBytes } } : {}
  const bytes = maySwap(pod, container, node) ? swapShare(container, node) : 0
  return { unified: { 'memory.swap.max': String(bytes) } }
}

/** Whether the container swaps at all on this node; its memory can then not be resized as it runs. */
export function maySwap(pod: Pod, container: Pick<AnyContainer, 'resources'>, { config, traits }: NodeResources): boolean {
  if (config?.memorySwap?.swapBehavior !== 'LimitedSwap' || !traits?.hasSwap || !traits.isUnified) return false
  if (isCriticalPod(pod) || qosClass(pod) !== 'Burstable') return false
  const request = memory(container, 'requests')
  const limit = memory(container, 'limits')
  return !(request === 0 && limit === 0) && request !== limit
}

function swapShare(container: AnyContainer, { memoryBytes, swapBytes = 0 }: NodeResources): number {
  const request = memory(container, 'requests')
  // More than there is cannot have been admitted; whatever it is, it has no claim to swap.
  return memoryBytes <= 0 || request > memoryBytes ? 0 : Math.floor((request / memoryBytes) * swapBytes)
}

const memory = ({ resources }: Pick<AnyContainer, 'resources'>, list: 'requests' | 'limits'): number =>
  quantityToInteger(resources?.[list]?.['memory'] ?? '0')
