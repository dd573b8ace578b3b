import { WherryError } from '#lib/errors.ts'

/** An option's value as a whole number from 1 on. Throws `BadRequest`. */
export function numberOf(given: unknown, name: string): number {
  if (typeof given !== 'string' || !/^[1-9]\d{0,4}$/.test(given))
    throw new WherryError('BadRequest', `${name} must be a number from 1 on, not "${given}"`)
  return Number(given)
}
