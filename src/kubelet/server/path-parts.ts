import { WherryError } from '#lib/errors.ts'

/** The parts of a path between its slashes, unescaped. Throws `BadRequest` for an escape that is none. */
export function pathParts({ pathname }: Pick<URL, 'pathname'>): readonly string[] {
  try {
    return pathname
      .split('/')
      .slice(1)
      .map((part) => decodeURIComponent(part))
  } catch (cause) {
    throw new WherryError('BadRequest', `the path ${pathname} has a broken escape`, { cause })
  }
}
