import { secondsOf } from './conversions.ts'
import type { Functions, Implementation } from './environment.ts'
import { type DurationValue, fault, type TimestampValue, type Value } from './values.ts'

/** What the accessors read: a moment's parts in a zone, months and days of the week from 0. */
interface Parts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly weekday: number
  readonly yearDay: number
}

/** The parts at seconds since 1970, read as UTC. */
function partsOf(seconds: number): Parts {
  const date = new Date(seconds * 1000)
  const start = new Date(0)
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
    yearDay: Math.floor((date.getTime() - start.getTime()) / 86_400_000),
  }
}

/** Seconds that a zone is ahead of UTC at a moment: `+02:00` or a name of the zone database. */
function zoneOffset(zone: string, seconds: number): number | undefined {
  if (zone === '' || zone === 'UTC') return 0
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (fixed !== null) return (Number(fixed[2]) * 3600 + Number(fixed[3]) * 60) * (fixed[1] === '-' ? -1 : 1)
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' })
    const name = format.formatToParts(new Date(seconds * 1000)).find((each) => each.type === 'timeZoneName')?.value ?? 'GMT'
    const found = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?/.exec(name)
    const ahead = Number(found?.[2] ?? 0) * 3600 + Number(found?.[3] ?? 0) * 60 + Number(found?.[4] ?? 0)
    return found?.[1] === '-' ? -ahead : ahead
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const reading =
  (read: (parts: Parts) => number): Implementation =>
  (moment, zone) => {
    const seconds = Number(secondsOf(moment as TimestampValue))
    if (zone === undefined) return BigInt(read(partsOf(seconds)))
    const offset = zoneOffset(zone as string, seconds)
    return offset === undefined ? fault(zoneError(zone as string)) : BigInt(read(partsOf(seconds + offset)))
  }
const zoneError = (zone: string): string =>
  zone.includes(':') ? `strconv.Atoi: parsing "${zone.slice(0, zone.indexOf(':'))}": invalid syntax` : `unknown time zone ${zone}`

const accessor = (
  name: string,
  read: (parts: Parts) => number,
  zoned = `${name}_with_tz`,
): Record<string, readonly [string, Implementation]> => ({
  [name]: ['timestamp.() -> int', reading(read)],
  [zoned]: ['timestamp.(string) -> int', reading(read)],
})

const unitNanos = { hours: 3_600_000_000_000n, minutes: 60_000_000_000n, seconds: 1_000_000_000n, milliseconds: 1_000_000n }
const spanIn = (unit: keyof typeof unitNanos): Record<string, readonly [string, Implementation]> => ({
  [`duration_to_${unit}`]: ['duration.() -> int', (span: Value) => (span as DurationValue).nanos / unitNanos[unit]],
})
const milliseconds: Implementation = (moment) => {
  const nanos = (moment as TimestampValue).nanos % 1_000_000_000n
  return (nanos < 0n ? nanos + 1_000_000_000n : nanos) / 1_000_000n
}

/** Accessors of timestamps (in UTC, or in a zone given) and of durations (the whole span in a unit). */
export const timeFunctions: Functions = {
  getDate: accessor('timestamp_to_day_of_month_1_based', ({ day }) => day),
  getDayOfMonth: accessor('timestamp_to_day_of_month', ({ day }) => day - 1),
  getDayOfWeek: accessor('timestamp_to_day_of_week', ({ weekday }) => weekday),
  getDayOfYear: accessor('timestamp_to_day_of_year', ({ yearDay }) => yearDay),
  getFullYear: accessor('timestamp_to_year', ({ year }) => year),
  getMonth: accessor('timestamp_to_month', ({ month }) => month),
  getHours: { ...accessor('timestamp_to_hours', ({ hour }) => hour), ...spanIn('hours') },
  getMinutes: { ...accessor('timestamp_to_minutes', ({ minute }) => minute), ...spanIn('minutes') },
  getSeconds: { ...accessor('timestamp_to_seconds', ({ second }) => second, 'timestamp_to_seconds_tz'), ...spanIn('seconds') },
  getMilliseconds: {
    timestamp_to_milliseconds: ['timestamp.() -> int', milliseconds],
    timestamp_to_milliseconds_with_tz: ['timestamp.(string) -> int', milliseconds],
    duration_to_milliseconds: ['duration.() -> int', (span) => (span as DurationValue).nanos / unitNanos.milliseconds],
  },
}
