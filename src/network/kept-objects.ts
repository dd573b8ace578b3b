import type { Node } from '#api/core/v1/node.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'

/**
 * Of a node of the cluster no more than its network: every node holds all of them, and the images alone that each tells of are some ten
 * thousand bytes.
 */
export const keptNode = ({ metadata, spec, status, ...type }: Node): Node =>
  ({
    ...type,
    metadata: {
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      labels: metadata.labels,
      ...(metadata.deletionTimestamp !== undefined && { deletionTimestamp: metadata.deletionTimestamp }),
    },
    spec: { podCIDR: spec?.podCIDR, podCIDRs: spec?.podCIDRs, taints: spec?.taints },
    status: { addresses: status?.addresses },
  }) as unknown as Node

/** Who wrote which field of an object is often half of it, and nothing to whom only reads. */
export function withoutManagers<T extends { readonly metadata: object }>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as ObjectMeta
  return { ...object, metadata }
}
