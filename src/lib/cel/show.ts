import { kindOf, type Value } from './values.ts'

/** A value as messages show it. */
export function showKey(value: Value): string {
  switch (kindOf(value)) {
    case 'uint':
      return String((value as { value: bigint }).value)
    case 'null':
      return 'null'
    case 'number':
      return formatDouble(value as number, 21)
    case 'string':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      return kindOf(value)
  }
}

/**
 * A double with the least digits that mean it, as Go's `strconv` prints it with format `g`: from 10^6 on with an exponent. `plainBelow` 21
 * is what `%v` prints.
 */
export function formatDouble(value: number, plainBelow = 6): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [digits = '', exponentText = '0'] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < plainBelow) return plain(value)
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/** Without an exponent, whatever the size. */
function plain(value: number): string {
  const text = String(value)
  const found = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (found === null) return text
  const [, sign = '', whole = '', part = '', exponent = '0'] = found
  const shift = Number(exponent)
  const digits = whole + part
  return shift < 0 ? `${sign}0.${'0'.repeat(-shift - whole.length)}${digits}` : `${sign}${digits.padEnd(whole.length + shift, '0')}`
}
