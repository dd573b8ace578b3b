import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, statusWritten, updated } from '#api/testing/check-kind.ts'
import { CronJob } from './cron-job.ts'
import { parseCronSchedule } from './cron-schedule.ts'
import { countIndexes, firstOverlap } from './indexes.ts'
import { Job } from './job.ts'

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }

test('a job gets a selector of its own, and keeps to it', () => {
  const { object, causes } = created(Job, { spec: { template } })
  assert.deepEqual(causes, [])
  assert.deepEqual(object.spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } })
  assert.deepEqual([object.spec.completions, object.spec.parallelism, object.spec.backoffLimit, object.spec.suspend], [1, 1, 6, false])
  const stolen = { ...template, metadata: { labels: { 'controller-uid': 'x' } } }
  assert.deepEqual(
    created(Job, { spec: { template: stolen } })
      .causes.at(0)
      ?.endsWith("must be 'u'"),
    true,
  )
})

test('jobs are refused for rules that contradict each other', () => {
  const check = (change: object, expected: readonly string[]) =>
    assert.deepEqual(created(Job, { spec: { template, ...change } }).causes, expected)
  check({ completionMode: 'Indexed' }, [])
  check({ completionMode: 'Indexed', parallelism: 2 }, ['spec.completions: Required value: when completion mode is Indexed'])
  check({ backoffLimitPerIndex: 1 }, ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'])
  check({ managedBy: 'x' }, ['spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")'])
  check({ podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [3, 0] } }] } }, [
    'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
    'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,0]: must be ordered',
  ])
  check({ completionMode: 'Indexed', completions: 3, successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 3 }] } }, [
    'spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
  ])
})

test('only a suspended job that nothing runs for can be told otherwise where its pods may run', () => {
  const elsewhere = { spec: { ...template.spec, nodeSelector: { disk: 'ssd' } } }
  for (const [suspend, isRefused] of [
    [true, false],
    [false, true],
  ] as const) {
    const before = created(Job, { spec: { template, suspend } }).object
    const { selector, template: whole } = before.spec
    const next = { spec: { ...before.spec, selector, template: { ...whole, ...elsewhere, metadata: whole.metadata } } }
    assert.equal(
      updated(Job, before, next).causes.some((text) => text.startsWith('spec.template: ')),
      isRefused,
    )
  }
})

test('a finished job stays finished', () => {
  const before = created(Job, { spec: { template } }).object
  const condition = (type: string) => ({ type, status: 'True' })
  const time = '2026-01-01T00:00:00Z'
  assert.deepEqual(statusWritten(Job, before, { startTime: time, conditions: [condition('Complete')] }).causes, [
    'status.completionTime: Required value: completionTime is required for Complete jobs',
    'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
  ])
  const done = { startTime: time, completionTime: time, succeeded: 1, conditions: [condition('SuccessCriteriaMet'), condition('Complete')] }
  const complete = statusWritten(Job, before, done)
  assert.deepEqual(complete.causes, [])
  assert.deepEqual(statusWritten(Job, complete.object, { startTime: time, succeeded: 1 }).causes, [
    'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
    'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
  ])
})

test('index texts count and overlap', () => {
  const check = (text: string, expected: number | string) => {
    const counted = countIndexes(text, 10)
    assert.equal(typeof counted === 'number' ? counted : counted.problem, expected)
  }
  check('', 0)
  check('0-2,5,7-9', 7)
  check('3,3', 'non-increasing order, previous: 3, current: 3')
  check('10', 'too large index: "10"')
  check('a', 'cannot convert string to integer for index: "a"')
  assert.equal(firstOverlap('0-3,6', '4,5-7', 10), 6)
  assert.equal(firstOverlap('0-3', '4-5', 10), undefined)
})

test('schedules are read as the cron library reads them', () => {
  const check = (text: string, expected: string) => {
    let problem = ''
    try {
      parseCronSchedule(text)
    } catch (error) {
      problem = (error as Error).message
    }
    assert.equal(problem, expected)
  }
  check('*/5 1-3,7 * jan-mar sun', '')
  check('@every 1h30m', '')
  check('TZ=Europe/Berlin 0 0 * * *', '')
  check('* * * *', 'expected exactly 5 fields, found 4: [* * * *]')
  check('60 * * * *', 'end of range (60) above maximum (59): 60')
  check('* * 0 * *', 'beginning of range (0) below minimum (1): 0')
  check('x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax')
  check('*/0 * * * *', 'step of range should be a positive number: */0')
  check('@never', 'unrecognized descriptor: @never')
  check('TZ=0', 'invalid schedule format: runtime error: slice bounds out of range [:-1]')
  const schedule = parseCronSchedule('*/20 3 * * 1-5')
  assert.ok('minutes' in schedule)
  assert.deepEqual(
    [[...schedule.minutes], [...schedule.hours], schedule.anyDayOfMonth, schedule.anyDayOfWeek],
    [[0, 20, 40], [3], true, false],
  )
})

test('a cron job names its zone by itself', () => {
  const check = (change: object, expected: readonly string[]) =>
    assert.deepEqual(created(CronJob, { spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template } }, ...change } }).causes, expected)
  check({ timeZone: 'Europe/Berlin' }, [])
  check({ timeZone: 'Europe/berlin' }, ['spec.timeZone: Invalid value: "Europe/berlin": unknown time zone Europe/berlin'])
  check({ schedule: 'CRON_TZ=UTC 0 0 * * *' }, [
    'spec.schedule: Invalid value: "CRON_TZ=UTC 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ])
})
