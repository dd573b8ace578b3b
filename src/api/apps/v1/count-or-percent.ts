import type { Cause } from '#lib/errors.ts'
import { checkPercent, invalid, invalidEach, notNegative, percentOf } from '#schema/validate.ts'

/** A count that is not negative, or a percentage. */
export const validateCountOrPercent = (value: number | string, path: string): Cause[] =>
  typeof value === 'number' ? notNegative(path, value) : invalidEach(path, value, checkPercent(value))

/** A percentage of at most everything; a count, and text that is no percentage, are looked at elsewhere. */
export function notOver100Percent(value: number | string, path: string): Cause[] {
  const percent = typeof value === 'string' ? percentOf(value) : undefined
  return percent !== undefined && percent > 100 ? [invalid(path, value, 'must not be greater than 100%')] : []
}

/** The number itself, or that of the percentage; 0 where it is neither. */
export const amountOf = (value: number | string): number => {
  if (typeof value === 'number') return value
  return percentOf(value) ?? (/^[+-]?\d+$/.test(value) ? Number(value) : 0)
}
