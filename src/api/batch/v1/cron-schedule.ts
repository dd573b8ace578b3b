import { parseDuration } from '#lib/duration.ts'
import { quote } from '#schema/go-text.ts'
import { isTimeZone } from './time-zone.ts'

/** When a CronJob is due: every so often, or at the minutes that all five sets hold (`crontab(5)`, as the robfig/cron library reads it). */
export type CronSchedule =
  | { readonly everyNs: bigint }
  | {
      readonly timeZone?: string
      readonly minutes: ReadonlySet<number>
      readonly hours: ReadonlySet<number>
      readonly daysOfMonth: ReadonlySet<number>
      readonly months: ReadonlySet<number>
      readonly daysOfWeek: ReadonlySet<number>
      /** Whether a day is asked for by its place in the month, or in the week: where both are, one of them is enough. */
      readonly anyDayOfMonth: boolean
      readonly anyDayOfWeek: boolean
    }

/** Throws a `RangeError` with the words of the reference's library. */
export function parseCronSchedule(text: string): CronSchedule {
  if (text === '') throw new RangeError('empty spec string')
  const zone = /^(?:CRON_)?TZ=/.exec(text)
  if (zone === null) return parseTimes(text)
  const end = text.indexOf(' ')
  // The library falls over here; the server tells how.
  if (end < 0) throw new RangeError('invalid schedule format: runtime error: slice bounds out of range [:-1]')
  const timeZone = text.slice(zone[0].length, end)
  if (timeZone !== '' && !isTimeZone(timeZone)) throw new RangeError(`provided bad location ${timeZone}: unknown time zone ${timeZone}`)
  const schedule = parseTimes(text.slice(end).trim())
  return 'everyNs' in schedule ? schedule : { ...schedule, timeZone: timeZone || 'UTC' }
}

function parseTimes(text: string): CronSchedule {
  if (text.startsWith('@')) return parseDescriptor(text)
  const fields = text.split(/\s+/).filter((field) => field !== '')
  if (fields.length !== 5) throw new RangeError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = bounds.map((bound, i) => parseField(fields[i]!, bound))
  return {
    minutes: minutes!.values,
    hours: hours!.values,
    daysOfMonth: daysOfMonth!.values,
    months: months!.values,
    daysOfWeek: daysOfWeek!.values,
    anyDayOfMonth: daysOfMonth!.isAny,
    anyDayOfWeek: daysOfWeek!.isAny,
  }
}

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

function parseDescriptor(text: string): CronSchedule {
  const times = Object.hasOwn(descriptors, text) ? descriptors[text] : undefined
  if (times !== undefined) return parseTimes(times)
  if (!text.startsWith('@every ')) throw new RangeError(`unrecognized descriptor: ${text}`)
  try {
    return { everyNs: parseDuration(text.slice('@every '.length)) }
  } catch (error) {
    throw new RangeError(`failed to parse duration ${text}: ${(error as Error).message}`, { cause: error })
  }
}

interface Bound {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

const bounds: readonly Bound[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
]

function parseField(field: string, bound: Bound): { readonly values: ReadonlySet<number>; readonly isAny: boolean } {
  const values = new Set<number>()
  let isAny = false
  for (const part of field.split(',').filter((one) => one !== '')) {
    const range = parseRange(part, bound)
    isAny ||= range.isAny
    for (let value = range.start; value <= range.end; value += range.step) values.add(value)
  }
  return { values, isAny }
}

/** `5`, `1-5`, `*`, `?`, each with a step: `1-5/2`. A single number with a step goes on to the end. */
function parseRange(text: string, { min, max, names }: Bound) {
  const [range, stepText, ...moreSteps] = text.split('/') as [string, ...string[]]
  const [low, high, ...moreHyphens] = range.split('-') as [string, ...string[]]
  const isStar = low === '*' || low === '?'
  let start = min
  let end = max
  if (!isStar) {
    start = parseNumber(low, names, min)
    if (moreHyphens.length > 0) throw new RangeError(`too many hyphens: ${text}`)
    end = high === undefined ? start : parseNumber(high, names, min)
  }
  if (moreSteps.length > 0) throw new RangeError(`too many slashes: ${text}`)
  let step = 1
  if (stepText !== undefined) {
    step = parseNumber(stepText, undefined, 0)
    if (range.split('-').length === 1) end = max
  }
  if (start < min) throw new RangeError(`beginning of range (${start}) below minimum (${min}): ${text}`)
  if (end > max) throw new RangeError(`end of range (${end}) above maximum (${max}): ${text}`)
  if (start > end) throw new RangeError(`beginning of range (${start}) beyond end of range (${end}): ${text}`)
  if (step === 0) throw new RangeError(`step of range should be a positive number: ${text}`)
  return { start, end, step, isAny: isStar && step === 1 }
}

function parseNumber(text: string, names: readonly string[] | undefined, first: number): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + first
  const fail = (reason: string) => new RangeError(`failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}: ${reason}`)
  if (!/^[+-]?\d+$/.test(text)) throw fail('invalid syntax')
  if (BigInt.asIntN(64, BigInt(text.replace('+', ''))) !== BigInt(text.replace('+', ''))) throw fail('value out of range')
  const value = Number(text)
  if (value < 0) throw new RangeError(`negative number (${value}) not allowed: ${text}`)
  return value
}
