import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { controlledBy, namespace } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { cronJobController } from './controller.ts'

const key = `${namespace}/tick`
/** The world begins at 2026-01-01T00:00:00Z, minute 29453760 of Unix time. */
const start = Date.parse('2026-01-01T00:00:00Z')
const minute = start / 60_000
const at = (text: string): number => Date.parse(`2026-01-01T${text}Z`)

interface Case {
  readonly spec?: object
  readonly status?: object
  /** `name outcome`: `Running`, `Complete` or `Failed`, begun in this order; `+` in front: in `status.active`; `!`: somebody else's. */
  readonly jobs?: readonly string[]
  readonly now: string
  readonly meta?: object
}

/** What one look does, shortened; then nothing more until `wakes`. */
function check(what: string, given: Case, expected: readonly string[], wakes: string | undefined) {
  test(what, () => {
    const world = worldOf(given)
    const controller = cronJobController()
    const wakeAt = world.settle([controller])
    assert.deepEqual(world.history.map(shorten), expected)
    assert.equal(wakeAt === Infinity ? undefined : rfc3339(wakeAt).slice(11, 19), wakes)
  })
}

function worldOf({ spec, status = {}, jobs = [], now, meta }: Case): World {
  const world = new World()
  const template = { metadata: { labels: { app: 'x' } }, spec: { template: { spec: { containers: [] } } } }
  const defaults = {
    schedule: '*/10 * * * *',
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  }
  const active: object[] = []
  world.now = start
  const cronJob = {
    metadata: { name: 'tick', namespace, uid: 'cj', ...meta },
    spec: { ...defaults, jobTemplate: template, ...spec },
  }
  jobs.forEach((text, i) => {
    const [mark, name, outcome] = /^([+!]?)(\S+) (\S+)$/.exec(text)!.slice(1) as [string, string, string]
    const conditions = outcome === 'Running' ? [] : [{ type: outcome, status: 'True' }]
    const time = rfc3339(start + i * 1000)
    const job = world.put(Job, {
      metadata: { name, namespace, ownerReferences: mark === '!' ? [] : [controlledBy('CronJob', 'cj', 'tick')] },
      spec: {},
      status: { startTime: time, conditions, ...(outcome === 'Complete' && { completionTime: time }) },
    })
    if (mark === '+') active.push({ kind: 'Job', name, namespace, uid: job.metadata.uid })
  })
  world.put(CronJob, { ...cronJob, status: { ...(active.length > 0 && { active }), ...status } })
  world.now = at(now)
  return world
}

const shorten = (line: string): string =>
  line
    .replaceAll(/tick-(\d{8})\b/g, (_, n: string) => `tick-${Number(n) - minute}`)
    .replace('event Normal ', '')
    .replace('update cronjob tick/status', 'status')

const started = (run: number) => [`create job tick-${run}`, `SuccessfulCreate Created job tick-${run}`, 'status']

check('waits for the first run', { now: '00:05:00' }, [], '00:10:00')
check('starts a run when it is due', { now: '00:10:00' }, started(10), '00:20:00')
check('starts only the last of those it missed', { now: '00:45:00' }, started(40), '00:50:00')
check('starts no run twice', { now: '00:15:00', status: { lastScheduleTime: '2026-01-01T00:10:00Z' } }, [], '00:20:00')
check('starts nothing while suspended', { now: '00:45:00', spec: { suspend: true } }, [], undefined)
check('does not start what is past its deadline', { now: '00:13:00', spec: { startingDeadlineSeconds: 60 } }, [], '00:20:00')
check('starts what is not past it yet', { now: '00:10:40', spec: { startingDeadlineSeconds: 60 } }, started(10), '00:20:00')
check(
  'a deadline of no second leaves nothing to start',
  { now: '00:10:00', spec: { startingDeadlineSeconds: 0 }, status: { lastScheduleTime: '2025-12-31T23:00:00Z' } },
  [],
  '00:20:00',
)
check(
  'tells of very many missed runs, and starts one',
  { now: '23:00:30', spec: { schedule: '* * * * *' } },
  [
    'event Warning TooManyMissedTimes too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    ...started(1380),
  ],
  '23:01:00',
)
check(
  'Allow starts beside a running one',
  { now: '00:20:00', jobs: ['+tick-29453770 Running'], status: last('00:10:00') },
  started(20),
  '00:30:00',
)
check(
  'Forbid does not',
  { now: '00:20:00', spec: { concurrencyPolicy: 'Forbid' }, jobs: ['+tick-29453770 Running'], status: last('00:10:00') },
  ['JobAlreadyActive Not starting job because prior execution is running and concurrency policy is Forbid'],
  '00:30:00',
)
check(
  'Replace deletes the running one first',
  { now: '00:20:00', spec: { concurrencyPolicy: 'Replace' }, jobs: ['+tick-29453770 Running'], status: last('00:10:00') },
  ['delete job tick-10', 'SuccessfulDelete Deleted job tick-10', ...started(20)],
  '00:30:00',
)
check(
  'notes what has ended',
  { now: '00:15:00', jobs: ['+tick-29453770 Complete'], status: last('00:10:00') },
  ['SawCompletedJob Saw completed job: tick-10, condition: Complete', 'status'],
  '00:20:00',
)
check(
  'notes what has failed',
  { now: '00:15:00', jobs: ['+tick-29453770 Failed'], status: last('00:10:00') },
  ['SawCompletedJob Saw completed job: tick-10, condition: Failed', 'status'],
  '00:20:00',
)
check(
  'forgets what is gone',
  { now: '00:15:00', status: { ...last('00:10:00'), active: [{ kind: 'Job', name: 'tick-29453770', namespace, uid: 'gone' }] } },
  ['MissingJob Active job went missing: tick-10', 'status'],
  '00:20:00',
)
check(
  'keeps as much history as it should',
  {
    now: '00:15:00',
    status: { ...last('00:10:00'), lastSuccessfulTime: '2026-01-01T00:14:00Z' },
    jobs: ['a Complete', 'b Complete', 'c Failed', 'd Complete', 'e Failed', 'f Complete', 'g Complete'],
  },
  [
    'delete job a',
    'SuccessfulDelete Deleted job a',
    'delete job b',
    'SuccessfulDelete Deleted job b',
    'delete job c',
    'SuccessfulDelete Deleted job c',
  ],
  '00:20:00',
)
check(
  'without history, what has ended goes at once',
  {
    now: '00:15:00',
    spec: { successfulJobsHistoryLimit: 0 },
    status: { ...last('00:10:00'), lastSuccessfulTime: '2026-01-01T00:14:00Z' },
    jobs: ['+tick-29453770 Complete'],
  },
  ['status', 'delete job tick-10', 'SuccessfulDelete Deleted job tick-10'],
  '00:20:00',
)
check(
  'keeps all history without limits',
  {
    now: '00:15:00',
    spec: { successfulJobsHistoryLimit: undefined, failedJobsHistoryLimit: undefined },
    status: { ...last('00:10:00'), lastSuccessfulTime: '2026-01-01T00:14:00Z' },
    jobs: ['a Complete', 'b Complete', 'c Complete', 'd Complete', 'e Failed', 'f Failed'],
  },
  [],
  '00:20:00',
)
check(
  'warns once of a job that it does not know',
  { now: '00:15:00', status: last('00:10:00'), jobs: ['manual Running'] },
  ['event Warning UnexpectedJob Saw a job that the controller did not create or forgot: manual'],
  '00:20:00',
)
check(
  'takes up the run that it made before it could say so',
  { now: '00:15:00', jobs: ['tick-29453770 Running'] },
  ['event Warning UnexpectedJob Saw a job that the controller did not create or forgot: tick-10', 'status'],
  '00:20:00',
)
check('leaves a run to who took its name', { now: '00:15:00', jobs: ['!tick-29453770 Running'] }, [], '00:20:00')
check(
  'starts nothing in a zone that it does not know',
  { now: '00:15:00', spec: { timeZone: 'Moon/Base' } },
  ['event Warning UnknownTimeZone invalid timeZone: "Moon/Base": unknown time zone Moon/Base'],
  undefined,
)
check(
  'starts nothing by a schedule that it cannot read',
  { now: '00:15:00', spec: { schedule: '* *' } },
  ['event Warning UnparseableSchedule unparseable schedule: "* *" : expected exactly 5 fields, found 2: [* *]'],
  undefined,
)
check(
  'starts nothing by a schedule that is never due',
  { now: '00:15:00', spec: { schedule: '59 23 31 2 *' } },
  ['event Warning InvalidSchedule invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second'],
  undefined,
)
check(
  'a zone inside of the schedule works, with a warning',
  { now: '00:15:00', spec: { schedule: 'TZ=Asia/Kolkata 40 5 * * *' } },
  [
    'event Warning UnsupportedSchedule CRON_TZ or TZ used in schedule "TZ=Asia/Kolkata 40 5 * * *" is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
    ...started(10),
  ],
  '00:10:00',
)
check(
  'while it is being deleted it only keeps account',
  { now: '00:15:00', meta: { deletionTimestamp: '2026-01-01T00:11:00Z', finalizers: ['x'] }, jobs: ['+tick-29453760 Complete'] },
  ['SawCompletedJob Saw completed job: tick-0, condition: Complete', 'status'],
  undefined,
)

function last(time: string) {
  return { lastScheduleTime: `2026-01-01T${time}Z` }
}

test('what it starts says when it was due, in the zone of the schedule, and is noted', () => {
  const world = worldOf({ now: '00:45:00', spec: { timeZone: 'Asia/Kolkata', schedule: '0 6 * * *' } })
  world.settle([cronJobController()])
  const job = world.get(Job, `tick-${minute + 30}`, namespace)!
  assert.deepEqual(job.metadata.annotations, { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T06:00:00+05:30' })
  assert.deepEqual(job.metadata.labels, { app: 'x' })
  assert.equal(job.metadata.ownerReferences![0]!.uid, 'cj')
  const { metadata } = job
  assert.deepEqual(world.get(CronJob, 'tick', namespace)!.status, {
    active: [
      { kind: 'Job', namespace, name: metadata.name, uid: metadata.uid, apiVersion: 'batch/v1', resourceVersion: metadata.resourceVersion },
    ],
    lastScheduleTime: '2026-01-01T00:30:00Z',
    lastSuccessfulTime: undefined,
  })
})

test('a new schedule does not make up for what it would have started before', () => {
  const world = worldOf({ now: '00:05:00', spec: { schedule: '0 12 * * *' } })
  const controller = cronJobController()
  assert.equal(world.settle([controller]), at('12:00:00'))
  world.now = at('00:31:00')
  world.change(CronJob, 'tick', namespace, { spec: { schedule: '*/10 * * * *' } })
  assert.equal(world.settle([controller]), at('00:40:00'))
  assert.deepEqual(world.history, [])
  world.now = at('00:40:00')
  world.settle([controller])
  assert.deepEqual(world.history.map(shorten), started(40))
})

test('a job that cannot be made is told of, and tried again', () => {
  const world = worldOf({ now: '00:10:00' })
  world.refuse = (command) => (command.do === 'create' ? new WherryError('Forbidden', 'exceeded quota') : undefined)
  const controller = cronJobController()
  const { wakeAt } = world.pass(controller, key)
  assert.equal(wakeAt, world.now + 1000)
  assert.deepEqual(world.history, ['event Warning FailedCreate Error creating job: exceeded quota'])
  world.refuse = () => undefined
  world.settle([controller])
  assert.deepEqual(world.history.slice(1).map(shorten), started(10))
})

test('history that cannot be deleted keeps no other from going', () => {
  const world = worldOf({
    now: '00:15:00',
    spec: { successfulJobsHistoryLimit: 0 },
    jobs: ['a Complete', 'b Complete'],
    status: last('00:10:00'),
  })
  world.refuse = (command) => (command.do === 'delete' && command.name === 'a' ? new WherryError('Forbidden', 'no') : undefined)
  world.pass(cronJobController(), key)
  assert.deepEqual(
    world.list(Job).map(({ metadata }) => metadata.name),
    ['a'],
  )
})

test('under Forbid a missed run starts when the one before it ends', () => {
  const world = worldOf({
    now: '00:20:00',
    spec: { concurrencyPolicy: 'Forbid' },
    jobs: ['+tick-29453770 Running'],
    status: last('00:10:00'),
  })
  const controller = cronJobController()
  world.settle([controller])
  world.now = at('00:24:00')
  const ended = { status: { conditions: [{ type: 'Complete', status: 'True' }], completionTime: '2026-01-01T00:24:00Z' } }
  world.change(Job, 'tick-29453770', namespace, ended)
  world.settle([controller])
  assert.ok(world.history.map(shorten).includes('create job tick-20'))
  assert.equal(world.get(CronJob, 'tick', namespace)!.status.lastSuccessfulTime, '2026-01-01T00:24:00Z')
})

test('a week of minutes: every run once, and nothing in between', () => {
  const world = worldOf({ now: '00:00:00', spec: { schedule: '*/5 * * * *', timeZone: 'Europe/Berlin' } })
  const controller = cronJobController()
  const runs = (7 * 24 * 60) / 5
  let wakeAt = world.pass(controller, key).wakeAt
  for (let run = 1; run <= runs; run += 1) {
    assert.equal(wakeAt, start + run * 300_000)
    world.now = wakeAt
    wakeAt = world.pass(controller, key).wakeAt
    const { name } = world.list(Job, namespace).find(({ status }) => status.conditions === undefined)!.metadata
    const completionTime = rfc3339(world.now + 30_000)
    world.change(Job, name, namespace, {
      status: { startTime: rfc3339(world.now), completionTime, conditions: [{ type: 'Complete', status: 'True' }] },
    })
    assert.equal(world.pass(controller, key).wakeAt, wakeAt)
  }
  assert.equal(world.history.filter((line) => line.startsWith('create')).length, runs)
  assert.equal(world.list(Job, namespace).length, 3)
})
