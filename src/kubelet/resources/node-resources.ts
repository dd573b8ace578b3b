import type { MachineFacts } from '../interfaces.ts'
import type { ResourceConfig } from './resource-config.ts'

/** What of the machine the limits of a container depend on. */
export interface NodeResources {
  readonly memoryBytes: number
  readonly swapBytes?: number
  /** Sizes of huge pages that the kernel knows, as the API writes them: `2Mi`, `1Gi`. */
  readonly hugePageSizes?: readonly string[]
  readonly traits?: CgroupTraits
  readonly config?: ResourceConfig
}

/** What the machine's cgroups can do. */
export interface CgroupTraits {
  /** Version 2 alone, one tree for all controllers. */
  readonly isUnified: boolean
  /** Swap is counted, so that it can be limited. */
  readonly hasSwap: boolean
  readonly hasHugePages: boolean
  /** Processor time can be limited, not only weighed. */
  readonly hasCpuQuota: boolean
}

/** Of a machine, its cgroups and what is set for it. */
export const nodeResources = (
  { memoryBytes, swapBytes, hugepages }: Pick<MachineFacts, 'memoryBytes' | 'swapBytes' | 'hugepages'>,
  traits: CgroupTraits | undefined,
  config: ResourceConfig | undefined,
): NodeResources => ({
  memoryBytes,
  swapBytes,
  hugePageSizes: Object.keys(hugepages),
  ...(traits && { traits }),
  ...(config && { config }),
})
