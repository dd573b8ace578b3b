import { isNewWish } from '#api/apps/v1/warnings.ts'
import { defaultJobTemplate, jobSpecWarnings } from '#api/batch/v1/job-spec.ts'
import * as types from '#api/batch/v1/types.ts'
import { validateCronJob, validateCronJobUpdate } from '#api/batch/v1/validate-cron-job.ts'
import { age, column, containerColumns, since } from '#api/columns.ts'
import { dropDisabledOfWorkload } from '#api/core/v1/disabled-projections.ts'
import { nameWarnings } from '#api/core/v1/pod-warnings.ts'
import { kind } from '#api/kind.ts'
import { formatSelector, selectorOf } from '#api/meta/v1/selector.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const CronJob = kind(
  types.CronJob,
  {
    group: 'batch',
    version: 'v1',
    kind: 'CronJob',
    plural: 'cronjobs',
    singular: 'cronjob',
    shortNames: ['cj'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: [
      column<types.CronJob>('Schedule', ({ spec }) => spec.schedule),
      column<types.CronJob>('Timezone', ({ spec }) => spec.timeZone ?? '<none>'),
      // A text, though the reference calls the column a truth value.
      column<types.CronJob>('Suspend', ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'), {
        type: 'boolean',
      }),
      column<types.CronJob>('Active', ({ status }) => (status.active ?? []).length, { type: 'integer' }),
      column<types.CronJob>('Last Schedule', ({ status: { lastScheduleTime } }, now) =>
        lastScheduleTime === undefined ? '<none>' : since(lastScheduleTime, now),
      ),
      age,
      ...containerColumns<types.CronJob>(({ spec }) => spec.jobTemplate.spec.template.spec.containers),
      column<types.CronJob>('Selector', ({ spec: { jobTemplate } }) => formatSelector(selectorOf(jobTemplate.spec.selector)) || '<none>', {
        wide: true,
      }),
    ],
    subresources: { status: statusOf<types.CronJob>({ checksMetadata: 'none' }) },
  },
  {
    dropDisabled: (next, previous, features) => {
      const { jobTemplate } = next.spec ?? {}
      const made = jobTemplate && dropDisabledOfWorkload(jobTemplate, previous?.spec?.jobTemplate, features)
      return made === jobTemplate ? next : { ...next, spec: { ...next.spec, jobTemplate: made! } }
    },
    defaults: (job) => (job.spec === undefined ? job : { ...job, spec: defaultSpec(job.spec) }),
    prepareCreate: (job) => ({ ...job, status: {} }),
    prepareUpdate: keepStatus,
    validate: validateCronJob,
    validateUpdate: validateCronJobUpdate,
    warnings: (job, previous) => [
      ...(previous === undefined ? nameWarnings(job.metadata.name, 'pods') : []),
      ...(isNewWish(job, previous) ? jobSpecWarnings(job.spec.jobTemplate.spec, 'spec.jobTemplate.spec') : []),
      ...(previous !== undefined && job.spec.schedule.includes('TZ')
        ? [
            'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
          ]
        : []),
    ],
    generation: true,
  },
)
export type CronJob = Of<typeof CronJob>

const defaultSpec = (spec: types.CronJobSpec): types.CronJobSpec => ({
  ...spec,
  concurrencyPolicy: spec.concurrencyPolicy || 'Allow',
  suspend: spec.suspend ?? false,
  ...(spec.jobTemplate?.spec && { jobTemplate: { ...spec.jobTemplate, spec: defaultJobTemplate(spec.jobTemplate.spec) } }),
  successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? 3,
  failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? 1,
})
