import type { CronSchedule } from '#api/batch/v1/cron-schedule.ts'
import type { Instant } from '#lib/clock.ts'
import { type ZoneOffset, zoneOffset } from './zone-offset.ts'

/**
 * The first time after `after` at which the schedule is due, on a whole second; undefined when there is none within five years.
 *
 * It takes the steps of the reference's library, because where clocks are changed the steps decide: an hour that a zone leaves out has no run,
 * one that comes twice has two, and where it is midnight that is left out, days are passed over as they are there.
 */
export function nextRun(schedule: CronSchedule, after: Instant): Instant | undefined {
  const second = Math.floor(after / 1000)
  if ('everyNs' in schedule) return (second + Math.max(1, Number(schedule.everyNs / 1_000_000_000n))) * 1000
  const found = search(schedule, zoneOffset(schedule.timeZone ?? 'UTC'), second + 1)
  return found === undefined ? undefined : found * 1000
}

/** Further than this nobody waits: 31 February never comes. */
const yearsMax = 5
/** A day after the month's last is the first: a search for days that takes longer goes round in circles. */
const daysMax = 62

type Calendar = Exclude<CronSchedule, { readonly everyNs: bigint }>

function search(schedule: Calendar, offset: ZoneOffset, from: number): number | undefined {
  const local = (at: number): Date => new Date((at + offset(at)) * 1000)
  let at = from
  // What is smaller than the field that is searched becomes its least value, once: from then on all of it stays so.
  let isRounded = false
  const yearLast = local(at).getUTCFullYear() + yearsMax

  function findMonth(): boolean {
    for (let now = local(at); !schedule.months.has(now.getUTCMonth() + 1); now = local(at)) {
      if (!isRounded) {
        isRounded = true
        at = instantOf(offset, now.getUTCFullYear(), now.getUTCMonth(), 1)
      }
      at = later(1, 0)
      if (local(at).getUTCMonth() === 0) return false
    }
    return true
  }

  function findDay(): boolean {
    let days = 0
    for (let now = local(at); !isDay(schedule, now); now = local(at)) {
      days += 1
      if (!isRounded) {
        isRounded = true
        at = instantOf(offset, now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate())
      }
      // Where a zone left a whole day out (Apia, 30 December 2011), the step to it leads back to the day before: there the library never ends.
      at = days > daysMax ? at + 2 * 86_400 : later(0, 1)
      // Where this midnight is left out, the nearest one is taken.
      const hour = local(at).getUTCHours()
      if (hour > 12) at += (24 - hour) * 3600
      else at -= hour * 3600
      if (local(at).getUTCDate() === 1) return false
    }
    return true
  }

  function findHour(): boolean {
    for (let now = local(at); !schedule.hours.has(now.getUTCHours()); now = local(at)) {
      if (!isRounded) {
        isRounded = true
        at = instantOf(offset, now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), now.getUTCHours())
      }
      at += 3600
      if (local(at).getUTCHours() === 0) return false
    }
    return true
  }

  function findMinute(): boolean {
    for (let now = local(at); !schedule.minutes.has(now.getUTCMinutes()); now = local(at)) {
      if (!isRounded) {
        isRounded = true
        at -= at % 60
      }
      at += 60
      if (local(at).getUTCMinutes() === 0) return false
    }
    return true
  }

  function findSecond(): boolean {
    const past = local(at).getUTCSeconds()
    if (past === 0) return true
    isRounded = true
    at += 60 - past
    return false
  }

  /** The same time of day, so many months and days later. */
  function later(months: number, days: number): number {
    const now = local(at)
    const [hours, minutes, seconds] = [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()]
    return instantOf(offset, now.getUTCFullYear(), now.getUTCMonth() + months, now.getUTCDate() + days, hours, minutes, seconds)
  }

  // A field that ran over has changed the larger ones: they are looked at again.
  while (local(at).getUTCFullYear() <= yearLast) if (findMonth() && findDay() && findHour() && findMinute() && findSecond()) return at
  return undefined
}

/** Days of the month and of the week: one of them is enough, unless one of them is any. */
function isDay({ daysOfMonth, daysOfWeek, anyDayOfMonth, anyDayOfWeek }: Calendar, now: Date): boolean {
  const ofMonth = daysOfMonth.has(now.getUTCDate())
  const ofWeek = daysOfWeek.has(now.getUTCDay())
  return anyDayOfMonth || anyDayOfWeek ? ofMonth && ofWeek : ofMonth || ofWeek
}

/** When clocks show this. Of a time that comes twice or never, the one that Go's time package takes: by the offset that the first guess meets. */
function instantOf(offset: ZoneOffset, year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  const shown = Date.UTC(year, month, day, hour, minute, second) / 1000
  return shown - offset(shown - offset(shown))
}
