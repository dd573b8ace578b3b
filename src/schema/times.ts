/**
 * RFC 3339 in the API's two forms; in memory and in JSON a time is always in UTC. What is no time is a `RangeError` in the words of Go's
 * time package.
 */

/** `2024-01-02T03:04:05Z`; fractions are cut off. */
export function normalizeTime(text: string): string {
  return isPlain(text, 20) ? text : formatTime(parseTime(text).seconds)
}

/** `2024-01-02T03:04:05.000000Z`. Exactly six digits have to be given. */
export function normalizeMicroTime(text: string): string {
  if (isPlain(text, 27) && text.charCodeAt(19) === 0x2e) return text
  const { seconds, nanos } = parseTime(text, 'microTime')
  return formatMicroTime(seconds, nanos)
}

/** A moment in UTC. `nanos`: 0 to 999,999,999. */
export interface Timestamp {
  /** Since the epoch; may be negative. */
  readonly seconds: number
  readonly nanos: number
}

/** Reads RFC 3339; `microTime` wants exactly six digits of a second. Throws a `RangeError` in the words of Go's `time.Parse`. */
export function parseTime(text: string, kind: 'time' | 'microTime' = 'time'): Timestamp {
  const parts: string[] = []
  let rest = text
  for (const [pattern, element] of kind === 'time' ? layout : microLayout) {
    const found = pattern.exec(rest)
    if (found === null) throw notATime(text, kind, rest, element)
    parts.push(found[0])
    rest = rest.slice(found[0].length)
  }
  if (rest !== '') throw new RangeError(`parsing time ${quote(text)}: extra text: ${quote(rest)}`)
  const [year, , month, , day, , hour, , minute, , second, fraction, zone] = parts
  const wrong = outOfRange(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
  if (wrong !== undefined) throw new RangeError(`parsing time ${quote(text)}: ${wrong} out of range`)
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return { seconds: ms / 1000 - offsetSeconds(zone!), nanos: Number(fraction!.slice(1, 10).padEnd(9, '0')) }
}

/** `2024-01-02T03:04:05Z`. */
export const formatTime = (seconds: number): string => `${isoSeconds(seconds)}Z`
/** `2024-01-02T03:04:05.000000Z`; what is below a microsecond is cut off. */
export const formatMicroTime = (seconds: number, nanos: number): string =>
  `${isoSeconds(seconds)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`

const isoSeconds = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 19)

const layoutTexts = { time: '2006-01-02T15:04:05Z07:00', microTime: '2006-01-02T15:04:05.000000Z07:00' }

type Layout = readonly (readonly [pattern: RegExp, element: string])[]
const dateAndTime: Layout = [
  [/^\d{4}/, '2006'],
  [/^-/, '-'],
  [/^\d\d/, '01'],
  [/^-/, '-'],
  [/^\d\d/, '02'],
  [/^T/, 'T'],
  [/^\d\d?/, '15'],
  [/^:/, ':'],
  [/^\d\d/, '04'],
  [/^:/, ':'],
  [/^\d\d/, '05'],
]
const zone = [/^(?:Z|[+-]\d\d:\d\d)/, 'Z07:00'] as const
const layout: Layout = [...dateAndTime, [/^(?:[.,]\d+)?/, ''], zone]
const microLayout: Layout = [...dateAndTime, [/^[.,]\d{6}(?!\d)/, '.000000'], zone]

const notATime = (text: string, kind: 'time' | 'microTime', rest: string, element: string): RangeError =>
  new RangeError(`parsing time ${quote(text)} as ${quote(layoutTexts[kind])}: cannot parse ${quote(rest)} as ${quote(element)}`)

/** How Go's time package quotes what it cannot read: byte by byte, without the short escapes of the language. */
const quote = (text: string): string =>
  `"${text
    .replace(/["\\]/g, '\\$&')
    .replace(/[^\x20-\x7f]/gu, (character) => Buffer.from(character).toString('hex').replace(/../g, '\\x$&'))}"`

function outOfRange(year: number, month: number, day: number, hour: number, minute: number, second: number): string | undefined {
  if (month < 1 || month > 12) return 'month'
  if (day < 1 || day > daysIn(year, month)) return 'day'
  if (hour > 23) return 'hour'
  if (minute > 59) return 'minute'
  return second > 59 ? 'second' : undefined
}

const daysIn = (year: number, month: number): number => {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function offsetSeconds(text: string): number {
  if (text === 'Z') return 0
  const seconds = Number(text.slice(1, 3)) * 3600 + Number(text.slice(4, 6)) * 60
  return text.startsWith('-') ? -seconds : seconds
}

const plain = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{6})?Z$/

/** Of the usual form, and a day that there is. */
function isPlain(text: string, length: number): boolean {
  if (text.length !== length) return false
  const found = plain.exec(text)
  if (found === null) return false
  const [, year, month, day] = found
  if (month! < '01' || month! > '12' || day! < '01') return false
  return day! <= '28' || Number(day) <= daysIn(Number(year), Number(month))
}
