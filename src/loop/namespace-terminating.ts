import { WherryError } from '#lib/errors.ts'

/** The API server refused because the namespace is being deleted: nobody is to blame, and no event could be written there either. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof WherryError && (error.details.causes?.some((cause) => cause.reason === 'NamespaceTerminating') ?? false)
