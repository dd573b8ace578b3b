import type { Namespace } from '#api/core/v1/namespace.ts'
import type { WherryError } from '#lib/errors.ts'

/** The API server refused because the namespace is being deleted: nobody is to blame, and no event could be written there either. */
export const isNamespaceTerminating = (error: WherryError): boolean =>
  error.details.causes?.some((cause) => cause.reason === 'NamespaceTerminating') ?? false

/** Whether something may be made in the namespace. */
export const isActive = (namespace: Namespace | undefined): boolean =>
  namespace !== undefined && namespace.metadata.deletionTimestamp === undefined && namespace.status.phase !== 'Terminating'
