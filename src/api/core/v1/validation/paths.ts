import type { Cause } from '#lib/errors.ts'
import { invalid } from '#schema/validate.ts'

/** Paths inside a volume: they must stay there. */

export const validateNoBacksteps = (path: string, field: string): Cause[] =>
  path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []

/** Such a path is relative too. */
export const validateDescendingPath = (path: string, field: string): Cause[] => [
  ...(path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : []),
  ...validateNoBacksteps(path, field),
]

/** Names that start with two dots belong to the atomic writer of volumes. */
export const validateNonReservedPath = (path: string, field: string): Cause[] => [
  ...validateDescendingPath(path, field),
  ...(path.startsWith('..') && !path.startsWith('../') ? [invalid(field, path, "must not start with '..'")] : []),
]

/** Permissions of a file: 0 to 0777; nothing special, such as setuid. */
export const validateFileMode = (mode: number | undefined, field: string): Cause[] =>
  mode !== undefined && (mode > 0o777 || mode < 0)
    ? [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : []
