import { WherryError } from '#lib/errors.ts'

/** A token by which a machine joins: the id names its Secret, and is no secret itself. */
export interface BootstrapToken {
  readonly id: string
  readonly secret: string
}

/** Reads `abcdef.0123456789abcdef` (API docs, "Authenticating with Bootstrap Tokens"). Throws `BadRequest`, without the text: it may be nearly one. */
export function parseToken(text: string): BootstrapToken {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text.trim())
  if (match === null)
    throw new WherryError(
      'BadRequest',
      'the token must be six lower-case letters or digits, a dot, and sixteen more, as "wherry token create" prints it',
    )
  return { id: match[1]!, secret: match[2]! }
}
