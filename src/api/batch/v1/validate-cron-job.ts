import type { CronJob, CronJobSpec } from '#api/batch/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { invalid, notNegative, notSupported, required } from '#schema/validate.ts'
import { parseCronSchedule } from './cron-schedule.ts'
import { isTimeZone } from './time-zone.ts'
import { validateCommonSpec } from './validate-job-spec.ts'

// The jobs' names end in a dash and the minute that they were due at, and may have 63 characters.
const NAME_LENGTH_MAX = 52

/** What is wrong with a new CronJob. */
export function validateCronJob({ metadata, spec }: CronJob): Cause[] {
  const { name = '' } = metadata
  const causes = validateSpec(spec, undefined)
  return name.length > NAME_LENGTH_MAX ? [...causes, invalid('metadata.name', name, 'must be no more than 52 characters')] : causes
}

/** What is wrong with an update; a name that is too long by now stays. */
export const validateCronJobUpdate = (next: CronJob, previous: CronJob): Cause[] => validateSpec(next.spec, previous.spec)

function validateSpec(spec: CronJobSpec, previous: CronJobSpec | undefined): Cause[] {
  const { schedule, timeZone, concurrencyPolicy = '', jobTemplate } = spec
  const causes: Cause[] =
    schedule === '' ? [required('spec.schedule')] : validateSchedule(schedule, timeZone, previous?.schedule.includes('TZ') === true)
  causes.push(...notNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds))
  if (timeZone !== undefined && timeZone !== previous?.timeZone) causes.push(...validateTimeZone(timeZone))
  if (concurrencyPolicy === '') causes.push(required('spec.concurrencyPolicy'))
  else if (!policies.includes(concurrencyPolicy)) causes.push(notSupported('spec.concurrencyPolicy', concurrencyPolicy, policies))
  causes.push(...validateCommonSpec(jobTemplate.spec, 'spec.jobTemplate.spec'))
  if (jobTemplate.spec.selector !== undefined)
    causes.push(invalid('spec.jobTemplate.spec.selector', jobTemplate.spec.selector, '`selector` will be auto-generated'))
  if (jobTemplate.spec.manualSelector) causes.push(notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']))
  return [
    ...causes,
    ...notNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...notNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ]
}

const policies = ['Allow', 'Forbid', 'Replace']

/** A zone inside of the schedule never was meant to work; who has one keeps it. */
function validateSchedule(schedule: string, timeZone: string | undefined, hadZone: boolean): Cause[] {
  const path = 'spec.schedule'
  const causes: Cause[] = []
  try {
    parseCronSchedule(schedule)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    causes.push(invalid(path, schedule, error.message))
  }
  if (!schedule.includes('TZ')) return causes
  if (!hadZone) causes.push(invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'))
  else if (timeZone !== undefined) causes.push(invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'))
  return causes
}

/** Names of the IANA database (https://data.iana.org/time-zones/theory.html#naming). */
function validateTimeZone(name: string): Cause[] {
  const path = 'spec.timeZone'
  if (name === '') return [invalid(path, name, 'timeZone must be nil or non-empty string')]
  const unknown = invalid(path, name, `unknown time zone ${name}`)
  if (name.split('/').some((part) => part === '.' || part === '..' || part.startsWith('-') || !/^[A-Za-z._0-9+-]{1,14}$/.test(part)))
    return [unknown]
  const causes =
    name.toLowerCase() === 'local'
      ? [invalid(path, name, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')]
      : []
  return name === 'Local' || isTimeZone(name) ? causes : [...causes, unknown]
}
