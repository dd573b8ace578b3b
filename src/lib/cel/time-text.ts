/** Times and spans of time as text: RFC 3339, and Go's form of a duration. All in nanoseconds. */
const second = 1_000_000_000n
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/

/** Nanoseconds since 1970; `undefined` for text that is not RFC 3339. Digits beyond the ninth are dropped. */
export function parseTimestamp(text: string): bigint | undefined {
  const found = rfc3339.exec(text)
  if (found === null) return undefined
  const [, year, month, day, hour, minute, seconds, fraction = '', zone = 'Z'] = found
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, seconds].map(Number) as [number, number, number, number, number, number]
  if (mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 59) return undefined
  const offset = zone === 'Z' ? 0 : (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))) * (zone[0] === '-' ? -1 : 1)
  if (zone !== 'Z' && (Number(zone.slice(1, 3)) > 24 || Number(zone.slice(4, 6)) > 60)) return undefined
  const ms = utcMs(y, mo, d, h, mi, s)
  return BigInt(ms / 1000 - offset * 60) * second + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
}

function utcMs(year: number, month: number, day: number, hour: number, minute: number, seconds: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, seconds, 0)
  return date.getTime()
}
const daysIn = (year: number, month: number): number => {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** RFC 3339 in UTC, with as many digits of a second as are needed. */
export function formatTimestamp(nanos: bigint): string {
  const part = ((nanos % second) + second) % second
  const ms = Number((nanos - part) / 1_000_000n)
  const whole = new Date(ms).toISOString().replace(/\.\d+Z$/, '')
  return `${whole.replace(/^\+0*(\d{4})/, '$1')}${fraction(part)}Z`
}
const fraction = (part: bigint): string => (part === 0n ? '' : `.${String(part).padStart(9, '0').replace(/0+$/, '')}`)

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: second,
  m: 60n * second,
  h: 3600n * second,
}

/** Go's form: `1h30m`, `-1.5s`, `0`; `undefined` for other text and what 64 bits do not hold. */
export function parseDuration(text: string): bigint | undefined {
  const found = /^([+-]?)(.*)$/s.exec(text)
  const [, sign = '', rest = ''] = found ?? []
  if (rest === '0') return 0n
  if (rest === '') return undefined
  let total = 0n
  let at = 0
  const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y
  while (at < rest.length) {
    part.lastIndex = at
    const match = part.exec(rest)
    if (match === null) return undefined
    const [all, whole = '', decimals = '', unit = 's'] = match
    if (whole === '' && decimals === '') return undefined
    const factor = units[unit] as bigint
    total += BigInt(whole === '' ? '0' : whole) * factor
    if (decimals !== '') total += (BigInt(decimals) * factor) / 10n ** BigInt(decimals.length)
    at += all.length
  }
  if (total > 2n ** 63n - (sign === '-' ? 0n : 1n)) return undefined
  return sign === '-' ? -total : total
}

/** Seconds with as many digits as are needed: `5400s`, `0.001s`. */
export function formatDuration(nanos: bigint): string {
  return `${formatDouble(Number(nanos) / 1e9)}s`
}
const formatDouble = (value: number): string => {
  const text = value.toString()
  return text.includes('e') ? value.toFixed(9).replace(/0+$/, '').replace(/\.$/, '') : text
}
