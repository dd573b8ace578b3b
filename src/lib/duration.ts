/**
 * Durations in the text form of Go's time package (`1h30m`, `1.5s`, `100ms`), which the Kubernetes API uses. Both functions work in
 * nanoseconds as a bigint, so that a text survives reading and writing; milliseconds are what most callers want.
 */
export function parseDuration(text: string): bigint {
  // Each digit can belong to one place only, so that a long row of them is read once.
  const match = /^([+-]?)(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text)
  if (match === null) throw new RangeError(reasonOf(text))
  let nanoseconds = 0n
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const unitNs = units[unit]!
    nanoseconds += BigInt(whole === '' ? 0 : whole) * unitNs
    if (fraction !== '') nanoseconds += (BigInt(fraction) * unitNs) / 10n ** BigInt(fraction.length)
  }
  const signed = match[1] === '-' ? -nanoseconds : nanoseconds
  if (signed > MAX || signed < -MAX - 1n) throw new RangeError(`time: invalid duration ${quote(text)}`)
  return signed
}

/** Whole and fractional milliseconds. */
export const durationMs = (text: string): number => Number(parseDuration(text)) / 1e6

/** `1h0m0s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const sign = nanoseconds < 0n ? '-' : ''
  const rest = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (rest < 1_000n) return `${sign}${rest}ns`
  if (rest < 1_000_000n) return `${sign}${decimal(rest, 1_000n)}µs`
  if (rest < SECOND) return `${sign}${decimal(rest, 1_000_000n)}ms`
  const minutes = rest / (60n * SECOND)
  const seconds = `${decimal(rest % (60n * SECOND), SECOND)}s`
  if (minutes === 0n) return `${sign}${seconds}`
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** Milliseconds as text. */
export const formatDurationMs = (ms: number): string => formatDuration(BigInt(Math.round(ms * 1e6)))

const SECOND = 1_000_000_000n
const MAX = (1n << 63n) - 1n
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3600n * SECOND,
}

function decimal(value: bigint, unit: bigint): string {
  const digits = String(unit).length - 1
  const fraction = String(value % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '')
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`
}

/** Go's words for the three ways of being no duration. */
function reasonOf(text: string): string {
  const quoted = quote(text)
  const rest = text.replace(/^[+-]/, '').replace(/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*/, '')
  const number = /^(?:\d+(?:\.\d*)?|\.\d+)/.exec(rest)?.[0]
  if (number === undefined) return `time: invalid duration ${quoted}`
  const unit = /^[^\d.]*/.exec(rest.slice(number.length))?.[0] ?? ''
  return unit === '' ? `time: missing unit in duration ${quoted}` : `time: unknown unit ${quote(unit)} in duration ${quoted}`
}

const quote = (text: string): string => JSON.stringify(text)
