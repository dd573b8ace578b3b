import { WherryError } from '#lib/errors.ts'

/** A part of a path that comes from an object. The API server lets no other pass; a path is not the place to trust that. */
export function safe(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new WherryError('Invalid', `"${name}" cannot be part of a path`)
  return name
}
