import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CronSchedule, parseCronSchedule } from '#api/batch/v1/cron-schedule.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { missedRuns, runAfterNow } from './missed-runs.ts'
import { nextRun } from './next-run.ts'
import { zoneOffset } from './zone-offset.ts'

/** Zone, schedule, a time, and what the reference's library says is the next run after it. */
const runs: readonly (readonly [string, string, string, string])[] = [
  // Hours that are left out or come twice.
  ['America/New_York', '30 2 * * *', '2026-03-07T08:00:00Z', '2026-03-09T06:30:00Z'],
  ['America/New_York', '0 * * * *', '2026-03-08T06:30:00Z', '2026-03-08T07:00:00Z'],
  ['America/New_York', '30 1 * * *', '2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z'],
  ['America/New_York', '*/30 1 * * *', '2026-11-01T05:45:00Z', '2026-11-01T06:00:00Z'],
  ['America/New_York', '15 2 * * *', '2026-11-01T05:45:00Z', '2026-11-01T07:15:00Z'],
  ['Europe/Berlin', '30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-30T00:30:00Z'],
  ['Europe/Berlin', '30 2 * * *', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
  ['Europe/Berlin', '0 3 29 2 *', '2026-03-01T00:00:00Z', '2028-02-29T02:00:00Z'],
  ['Europe/Berlin', '0 0 1 1 0', '2026-06-01T00:00:00Z', '2026-12-31T23:00:00Z'],
  ['Asia/Beirut', '30 0 * * *', '2026-03-28T12:00:00Z', '2026-03-29T21:30:00Z'],
  ['Asia/Beirut', '0 5 29 3 *', '2026-03-20T00:00:00Z', '2027-03-29T02:00:00Z'],
  ['Asia/Beirut', '0 5 * * *', '2026-03-28T04:00:00Z', '2026-03-29T02:00:00Z'],
  ['America/Sao_Paulo', '30 0 4 11 *', '2018-10-20T00:00:00Z', '2019-11-04T03:30:00Z'],
  ['America/Sao_Paulo', '0 1 4 11 *', '2018-10-20T00:00:00Z', '2018-11-04T03:00:00Z'],
  ['Australia/Lord_Howe', '15 2 * * *', '2026-10-03T00:00:00Z', '2026-10-04T15:15:00Z'],
  ['Australia/Lord_Howe', '45 1 * * *', '2026-04-04T12:00:00Z', '2026-04-04T14:45:00Z'],
  ['Australia/Lord_Howe', '45 1 * * *', '2026-04-04T14:50:00Z', '2026-04-04T15:15:00Z'],
  ['America/Havana', '0 0 * * *', '2026-03-07T12:00:00Z', '2026-03-09T04:00:00Z'],
  ['America/Havana', '30 0 * * *', '2026-11-01T04:30:00Z', '2026-11-01T05:30:00Z'],
  ['Asia/Kolkata', '0 9 * * 1-5', '2026-01-02T03:30:00Z', '2026-01-05T03:30:00Z'],
  ['UTC', '59 23 31 2 *', '2026-01-01T00:00:00Z', 'never'],
  ['UTC', '0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['UTC', '0 12 13 * 5', '2026-02-01T00:00:00Z', '2026-02-06T12:00:00Z'],
  ['UTC', '0 12 */2 * 1', '2026-02-01T00:00:00Z', '2026-02-01T12:00:00Z'],
  ['UTC', '@every 90s', '2026-02-01T00:00:10Z', '2026-02-01T00:01:40Z'],
  ['UTC', '@weekly', '2026-02-01T00:00:00Z', '2026-02-08T00:00:00Z'],
  ['UTC', '*/7 * * * *', '2026-01-01T00:56:00Z', '2026-01-01T01:00:00Z'],
  ['Pacific/Chatham', '0 3 * * *', '2026-09-26T00:00:00Z', '2026-09-27T13:15:00Z'],
  ['Asia/Gaza', '0 12 * * *', '2026-03-27T11:00:00Z', '2026-03-28T09:00:00Z'],
  // Drawn at random, near changes of clocks.
  ['America/Sao_Paulo', '12 3 1 * *', '2016-02-21T04:09:27Z', '2016-03-01T06:12:00Z'],
  ['America/Sao_Paulo', '36 4,2 * * 5,2', '2027-12-13T05:19:39Z', '2027-12-14T05:36:00Z'],
  ['America/Sao_Paulo', '* 18,3 * 12 4-5', '2025-11-07T17:34:30Z', '2025-12-04T06:00:00Z'],
  ['America/Sao_Paulo', '*/39 9 * * 3-5', '2023-11-10T22:39:36Z', '2023-11-15T12:00:00Z'],
  ['America/Havana', '1 0 */2 3 *', '2020-12-12T11:55:56Z', '2021-03-01T05:01:00Z'],
  ['America/Havana', '47 0 * 10 *', '2025-11-02T03:12:29Z', '2026-10-01T04:47:00Z'],
  ['America/Havana', '33,1 18,13 * * *', '2022-02-24T16:22:55Z', '2022-02-24T18:01:00Z'],
  ['America/Havana', '26 3 31 * *', '2026-11-01T06:09:33Z', '2026-12-31T08:26:00Z'],
  ['America/Havana', '45,48 0 6 * */3', '2022-11-06T03:39:52Z', '2022-11-06T04:45:00Z'],
  ['Asia/Kolkata', '57 1 1 11 *', '2028-01-03T07:20:43Z', '2028-10-31T20:27:00Z'],
  ['Asia/Kolkata', '2 2 */2 11 *', '2019-03-06T05:18:03Z', '2019-10-31T20:32:00Z'],
  ['Africa/Cairo', '37-39 19,17 3,18 5 *', '2028-04-27T23:05:46Z', '2028-05-03T14:37:00Z'],
  ['Africa/Cairo', '40 2 1 4 *', '2025-01-01T23:29:35Z', '2025-04-01T00:40:00Z'],
  ['Africa/Cairo', '31 8 10 * 1', '2021-08-08T17:24:09Z', '2021-08-09T06:31:00Z'],
  ['Africa/Cairo', '59-59 0 28,17 * */6', '2011-04-18T19:33:09Z', '2011-04-22T22:59:00Z'],
  ['Africa/Cairo', '11 1 31 * *', '2025-04-24T22:33:39Z', '2025-05-30T22:11:00Z'],
  ['Africa/Cairo', '29 10,23 * */4 */3', '2024-04-25T21:35:05Z', '2024-05-01T07:29:00Z'],
  ['UTC', '24-59 */17 28 3 3,4', '2010-08-15T07:46:04Z', '2011-03-02T00:24:00Z'],
  ['UTC', '54-54 8-20 */30 * */4', '2017-09-09T19:36:04Z', '2017-09-10T08:54:00Z'],
  ['Pacific/Apia', '59-59 4-23 18 * *', '2015-09-26T11:56:34Z', '2015-10-17T14:59:00Z'],
  ['Pacific/Apia', '17-40 20,20 * * 0-2', '2012-09-29T13:47:48Z', '2012-09-30T06:17:00Z'],
  ['Pacific/Apia', '41 2 * 11 *', '2026-09-04T13:50:44Z', '2026-10-31T13:41:00Z'],
  ['Pacific/Apia', '24 1 */2 * *', '2010-09-26T10:54:21Z', '2010-09-26T11:24:00Z'],
  ['Pacific/Apia', '23 2 1 11 *', '2015-09-26T13:00:10Z', '2015-10-31T12:23:00Z'],
  ['Pacific/Apia', '* 7-23 28,10 7,10 *', '2013-09-28T11:38:47Z', '2013-10-09T17:00:00Z'],
  ['Australia/Lord_Howe', '* */12 * 9 0-4', '2020-07-11T10:15:20Z', '2020-08-31T13:30:00Z'],
  ['Australia/Lord_Howe', '54 2 1 11 *', '2025-02-06T22:33:50Z', '2025-10-31T15:54:00Z'],
  ['Australia/Lord_Howe', '34 2 * * *', '2022-06-22T06:37:14Z', '2022-06-22T16:04:00Z'],
  ['Australia/Lord_Howe', '12 0 1 * *', '2020-07-13T22:21:12Z', '2020-07-31T13:42:00Z'],
  ['Australia/Lord_Howe', '56 3 1 11 *', '2012-10-06T16:41:13Z', '2012-10-31T16:56:00Z'],
  ['Australia/Lord_Howe', '46-46 6,4 6 * *', '2024-06-09T04:49:34Z', '2024-07-05T18:16:00Z'],
  ['America/New_York', '55,17 22-22 */3 */10 */4', '2013-09-21T12:53:40Z', '2013-11-02T02:17:00Z'],
  ['America/New_York', '* */12 13 1-11 *', '2015-03-08T07:06:22Z', '2015-03-13T04:00:00Z'],
  ['America/New_York', '37-49 9-19 4 * 3', '2016-03-13T05:16:31Z', '2016-03-16T13:37:00Z'],
  ['America/New_York', '*/22 20 * * */2', '2012-11-04T03:16:08Z', '2012-11-05T01:00:00Z'],
  ['America/New_York', '*/35 10 * * *', '2024-05-15T18:23:30Z', '2024-05-16T14:00:00Z'],
  ['Asia/Gaza', '* 14,0 6 * 0', '2023-04-29T02:29:55Z', '2023-04-29T21:00:00Z'],
  ['Asia/Gaza', '* 10-18 * */7 3,2', '2027-10-29T20:26:03Z', '2028-01-04T08:00:00Z'],
  ['Asia/Gaza', '52 0 31 * *', '2016-07-19T09:58:05Z', '2016-07-30T21:52:00Z'],
  ['Asia/Gaza', '39 21,12 17 * 2', '2014-07-16T09:47:01Z', '2014-07-17T09:39:00Z'],
  ['Asia/Gaza', '*/33 0-13 * * 4-5', '2024-04-19T21:42:47Z', '2024-04-24T21:00:00Z'],
  ['Asia/Gaza', '57 2 */2 11 *', '2024-10-25T20:11:06Z', '2024-11-01T00:57:00Z'],
  ['Europe/Berlin', '* 3,13 * * */1', '2026-12-30T05:00:05Z', '2026-12-30T12:00:00Z'],
  ['Europe/Berlin', '0 3 * 11 *', '2024-03-30T22:24:23Z', '2024-11-01T02:00:00Z'],
  ['Europe/Berlin', '* 1,18 24-28 */7 2,6', '2024-10-27T00:24:13Z', '2025-01-04T00:00:00Z'],
  ['Europe/Berlin', '25,53 */20 * * *', '2019-10-27T03:24:20Z', '2019-10-27T19:25:00Z'],
  ['Europe/Berlin', '45 20-21 * * 5,2', '2013-03-30T22:18:23Z', '2013-04-02T18:45:00Z'],
  ['Europe/Berlin', '45 2 1 4 *', '2026-03-29T02:34:11Z', '2026-04-01T00:45:00Z'],
  ['Asia/Beirut', '17 5-8 17-19 * 3', '2020-03-28T20:28:26Z', '2020-04-01T02:17:00Z'],
  ['Asia/Beirut', '* 10 */23 11-12 *', '2024-10-26T19:26:24Z', '2024-11-01T08:00:00Z'],
  ['Asia/Beirut', '20-30 1 23 * 3-6', '2019-01-01T20:31:11Z', '2019-01-01T23:20:00Z'],
  ['Asia/Beirut', '* 14,12 10 1-7 0-2', '2011-05-21T21:24:44Z', '2011-05-22T09:00:00Z'],
  ['Asia/Beirut', '* 3 7-14 * 2-5', '2016-05-01T04:47:57Z', '2016-05-03T00:00:00Z'],
  ['Asia/Beirut', '2 1 31 3 *', '2025-03-29T21:38:23Z', '2025-03-30T22:02:00Z'],
]

test('the next run is that of the reference’s library', () => {
  for (const [zone, text, after, expected] of runs) {
    const found = nextRun(scheduleIn(zone, text), Date.parse(after))
    assert.equal(found === undefined ? 'never' : rfc3339(found), expected, `${text} in ${zone} after ${after}`)
  }
})

test('a zone that left a day out does not keep the search from ending', () => {
  const found = nextRun(scheduleIn('Pacific/Apia', '* * 24 * 6'), Date.parse('2011-12-30T07:52:37Z'))
  assert.ok(found !== undefined && found < Date.parse('2012-02-01T00:00:00Z'))
})

const field = (min: number, max: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min, max }).map(String),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map((pair) => pair.toSorted((a, b) => a - b).join('-')),
    fc.integer({ min: 1, max: max - min }).map((step) => `*/${step}`),
  )
const texts = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)).map((fields) => fields.join(' '))
// Their midnights are never left out: there the library counts days in a way of its own.
const zones = fc.constantFrom('UTC', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Sydney')

test('the next run is the first minute whose clock shows what the schedule asks for', () => {
  const from = Date.parse('2026-01-01T00:00:00Z') / 1000
  fc.assert(
    fc.property(texts, zones, fc.integer({ min: from, max: from + 366 * 86_400 }), (text, zone, after) => {
      const schedule = scheduleIn(zone, text)
      const daysMax = 12
      const expected = scan(schedule, zone, after, daysMax)
      const found = nextRun(schedule, after * 1000)
      if (expected !== undefined) assert.equal(found, expected * 1000)
      else assert.ok(found === undefined || found / 1000 > after + daysMax * 86_400 - 60)
    }),
    { numRuns: 150 },
  )
})

/** Minute by minute. */
function scan(schedule: CronSchedule, zone: string, after: number, daysMax: number): number | undefined {
  if ('everyNs' in schedule) return undefined
  const offset = zoneOffset(zone)
  for (let at = (Math.floor(after / 60) + 1) * 60; at < after + daysMax * 86_400; at += 60) {
    const clock = new Date((at + offset(at)) * 1000)
    if (!schedule.minutes.has(clock.getUTCMinutes()) || !schedule.hours.has(clock.getUTCHours())) continue
    if (!schedule.months.has(clock.getUTCMonth() + 1)) continue
    const days = [schedule.daysOfMonth.has(clock.getUTCDate()), schedule.daysOfWeek.has(clock.getUTCDay())]
    const all = schedule.anyDayOfMonth || schedule.anyDayOfWeek
    if (all ? days.every(Boolean) : days.some(Boolean)) return at
  }
  return undefined
}

test('offsets are those of the zone, to the second of a change', () => {
  const check = (zone: string, at: string, hours: number) =>
    assert.equal(zoneOffset(zone)(Date.parse(at) / 1000) / 3600, hours, `${zone} ${at}`)
  check('Europe/Berlin', '2026-03-29T00:59:59Z', 1)
  check('Europe/Berlin', '2026-03-29T01:00:00Z', 2)
  check('Europe/Berlin', '2026-10-25T00:59:59Z', 2)
  check('Europe/Berlin', '2026-10-25T01:00:00Z', 1)
  check('Australia/Lord_Howe', '2026-10-03T15:30:00Z', 11)
  check('America/St_Johns', '2026-01-01T00:00:00Z', -3.5)
  assert.throws(() => zoneOffset('Nowhere/Land'), RangeError)
})

test('missed runs are found without going through them', () => {
  const check = (text: string, since: string, now: string, latest: string | undefined, count: string, next: string) => {
    const schedule = scheduleIn('UTC', text)
    const [from, to] = [Date.parse(since), Date.parse(now)]
    const missed = missedRuns(schedule, from, to)
    assert.deepEqual([missed?.latest === undefined ? undefined : rfc3339(missed.latest), missed?.count], [latest, count], `${text} ${now}`)
    assert.equal(rfc3339(runAfterNow(schedule, from, to)), next, `${text} ${now}`)
  }
  check('0 * * * *', '2026-01-01T00:30:00Z', '2026-01-01T00:59:59Z', undefined, 'none', '2026-01-01T01:00:00Z')
  check('0 * * * *', '2026-01-01T00:30:00Z', '2026-01-01T01:00:00Z', '2026-01-01T01:00:00Z', 'none', '2026-01-01T02:00:00Z')
  check('0 * * * *', '2026-01-01T00:30:00Z', '2026-01-01T05:10:00Z', '2026-01-01T05:00:00Z', 'few', '2026-01-01T06:00:00Z')
  check('* * * * *', '2026-01-01T00:00:00Z', '2036-01-01T00:00:30Z', '2036-01-01T00:00:00Z', 'many', '2036-01-01T00:01:00Z')
  check('@every 7m', '2026-01-01T00:00:00Z', '2026-01-01T00:30:00Z', '2026-01-01T00:28:00Z', 'few', '2026-01-01T00:35:00Z')
  check('30 6-16/4 * * 1-5', '2026-01-02T15:00:00Z', '2026-01-05T07:00:00Z', '2026-01-05T06:30:00Z', 'none', '2026-01-05T10:30:00Z')
  assert.equal(missedRuns(scheduleIn('UTC', '59 23 31 2 *'), 0, 1), undefined)
  assert.equal(runAfterNow(scheduleIn('UTC', '59 23 31 2 *'), 0, 1), Infinity)
})

function scheduleIn(timeZone: string, text: string): CronSchedule {
  const schedule = parseCronSchedule(text)
  return 'everyNs' in schedule ? schedule : { ...schedule, timeZone }
}
