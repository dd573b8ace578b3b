import type { ContainerExtendedResourceRequest } from '#api/core/v1/types.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { AllocationResult } from '#api/resource/v1/types.ts'
import type { BindMeans } from '../../framework/plugin.ts'
import type { Allocator, ClaimPicks } from './allocator.ts'
import { unwrittenName } from './extended-claim.ts'

/** Name of the plug-in, by which its state is found. */
export const dynamicResourcesName = 'DynamicResources'

/** Times in milliseconds, as `DynamicResourcesArgs` of the configuration gives them. */
export interface DynamicResourcesTimes {
  /** How long the search for devices on one node may take; 0: as long as it takes. */
  readonly filterTimeoutMs: number
  /** How long devices may take to become ready for a pod. */
  readonly bindingTimeoutMs: number
}

/** One pod's claims on their way to a node. */
export interface DeviceState {
  /** Those that the pod uses, and last the one for its extended resources. Replaced as they are written. */
  readonly claims: ResourceClaim[]
  /** Place of the claim for extended resources; -1: there is none. */
  readonly extendedAt: number
  /** Resources that devices may serve, with what the pod asks for. */
  readonly extended: readonly string[]
  /** Finds devices for all claims that have none; by the extended resources that the node leaves to devices, joined by commas. */
  readonly allocators: Map<string, NodeAllocator>
  /** Found by `filter`, by node name. */
  readonly found: Map<string, Found>
  /** Places of allocated claims that some node cannot use. */
  readonly unavailable: Set<number>
  /** Decided by `reserve`, by the claim's place. */
  readonly reserved: Map<number, Reserved>
  /** Begun by `preBind`: with what it writes, so that it can be taken back, how to stop it, and its end. */
  writing: { readonly means: BindMeans; readonly ended: Promise<void>; readonly stopping: AbortController } | undefined
}

/** Searches devices for a pod on one node after another. */
export interface NodeAllocator {
  readonly allocator: Allocator
  /** The claim for extended resources as this sort of node needs it; undefined: it needs none. */
  readonly extendedClaim: ResourceClaim | undefined
  readonly mappings: readonly ContainerExtendedResourceRequest[]
}

/** What was found for a pod on one node. */
export interface Found {
  readonly by: NodeAllocator
  /** Side by side with the claims that were to be allocated. */
  readonly claims: readonly ClaimPicks[]
}

/** What was taken of one claim. */
export interface Reserved {
  readonly uid: string
  readonly allocation: AllocationResult
}

/** Whether it stands only in our memory. */
export const isUnwritten = ({ metadata }: ResourceClaim): boolean => metadata.name === unwrittenName
