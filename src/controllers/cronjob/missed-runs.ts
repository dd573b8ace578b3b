import type { CronSchedule } from '#api/batch/v1/cron-schedule.ts'
import type { Instant } from '#lib/clock.ts'
import { nextRun } from './next-run.ts'

export interface MissedRuns {
  /** The latest time that the schedule was due at, not after now. */
  readonly latest?: Instant
  readonly count: 'none' | 'few' | 'many'
}

/** More starts than this are not made up for in silence: more than an hourly one misses over a weekend, less than lots. */
const fewMax = 100

/**
 * What was due after `since`, up to now; undefined for a schedule that is never due. The number is estimated from the first two runs, as in
 * the reference: counting decades of minutes would take as long as they are many.
 */
export function missedRuns(schedule: CronSchedule, since: Instant, now: Instant): MissedRuns | undefined {
  const first = nextRun(schedule, since)
  if (first === undefined) return undefined
  if (now < first) return { count: 'none' }
  const second = nextRun(schedule, first)
  if (second === undefined) return undefined
  if (now < second) return { latest: first, count: 'none' }
  const number = Math.floor((now - first) / (second - first)) + 1
  const count = number > fewMax ? 'many' : 'few'
  // Whole intervals from the first one, so that a schedule without a calendar keeps its step; one less, for intervals that are not equal.
  let latest: Instant | undefined
  for (let at = nextRun(schedule, first + (number - 2) * (second - first)); at !== undefined && at <= now; at = nextRun(schedule, at))
    latest = at
  return { ...(latest === undefined ? {} : { latest }), count }
}

/** When the schedule is due next, counted from `since`; `Infinity`: never. `missed`: since then, where that is known. */
export function runAfterNow(schedule: CronSchedule, since: Instant, now: Instant, missed = missedRuns(schedule, since, now)): Instant {
  const from = missed?.latest ?? (missed?.count === 'none' ? since : now)
  return nextRun(schedule, from) ?? Infinity
}
