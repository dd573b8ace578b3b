import type { Namespace } from '#api/core/v1/namespace.ts'

/** Whether something may be made in the namespace. */
export const isActive = (namespace: Namespace | undefined): boolean =>
  namespace !== undefined && namespace.metadata.deletionTimestamp === undefined && namespace.status.phase !== 'Terminating'
