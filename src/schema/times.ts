/** RFC 3339 in the API's two forms. In memory and in JSON a time is always in UTC. */

/** `2024-01-02T03:04:05Z`. Throws a `RangeError` for what is no RFC 3339 time. */
export function normalizeTime(text: string): string {
  if (plainTime.test(text) && !Number.isNaN(Date.parse(text))) return text
  const { seconds } = parseTime(text)
  return formatTime(seconds)
}

/** `2024-01-02T03:04:05.000000Z`: six digits, finer ones cut off. */
export function normalizeMicroTime(text: string): string {
  if (plainMicroTime.test(text) && !Number.isNaN(Date.parse(text))) return text
  const { seconds, nanos } = parseTime(text)
  return formatMicroTime(seconds, nanos)
}

export interface Timestamp {
  /** Since the epoch; may be negative. */
  readonly seconds: number
  readonly nanos: number
}

export function parseTime(text: string): Timestamp {
  const match = rfc3339.exec(text)
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`)
  if (match === null || Number.isNaN(ms))
    throw new RangeError(`${JSON.stringify(text)} is not a time of the form "2006-01-02T15:04:05Z07:00"`)
  return { seconds: ms / 1000, nanos: Number((match[2] ?? '').slice(0, 9).padEnd(9, '0')) }
}

export const formatTime = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
export const formatMicroTime = (seconds: number, nanos: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`

const plainTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const plainMicroTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/
