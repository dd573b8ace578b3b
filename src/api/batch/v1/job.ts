import { isNewWish } from '#api/apps/v1/warnings.ts'
import { defaultJob, jobSpecWarnings } from '#api/batch/v1/job-spec.ts'
import * as types from '#api/batch/v1/types.ts'
import { validateJob, validateJobUpdate } from '#api/batch/v1/validate-job.ts'
import { validateJobStatus } from '#api/batch/v1/validate-job-status.ts'
import { age, column, containerColumns, humanDuration } from '#api/columns.ts'
import { dropDisabledOfWorkload } from '#api/core/v1/disabled-projections.ts'
import { nameWarnings } from '#api/core/v1/pod-warnings.ts'
import { kind } from '#api/kind.ts'
import { formatSelector, selectorOf } from '#api/meta/v1/selector.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const Job = kind(
  types.Job,
  {
    group: 'batch',
    version: 'v1',
    kind: 'Job',
    plural: 'jobs',
    singular: 'job',
    categories: ['all'],
    scope: 'Namespaced',
    columns: [
      column<types.Job>('Status', stateOf),
      column<types.Job>('Completions', completionsOf),
      column<types.Job>('Duration', durationOf),
      age,
      ...containerColumns<types.Job>(({ spec }) => spec.template.spec.containers),
      column<types.Job>('Selector', ({ spec }) => formatSelector(selectorOf(spec.selector)) || '<none>', { wide: true }),
    ],
    subresources: { status: statusOf<types.Job>({ validateUpdate: validateJobStatus }) },
  },
  {
    dropDisabled: dropDisabledOfWorkload,
    defaults: (job) => {
      if (job.spec === undefined) return job
      const spec = defaultJob(job.spec)
      const labels = spec.template?.metadata?.labels
      const isBare = Object.keys(job.metadata?.labels ?? {}).length === 0
      return { ...job, spec, ...(labels && isBare && { metadata: { ...job.metadata, labels } }) }
    },
    prepareCreate: (job) => {
      if (job.spec.manualSelector) return { ...job, status: {} }
      const spec = withSelector(job)
      // Labels that the job took from its template are the template's still, in the reference as here.
      const isShared = job.metadata.labels !== undefined && job.metadata.labels === job.spec.template.metadata?.labels
      const { labels } = spec.template.metadata
      return { ...job, spec, status: {}, ...(isShared && labels && { metadata: { ...job.metadata, labels } }) }
    },
    prepareUpdate: keepStatus,
    validate: validateJob,
    checksMetadata: 'whole',
    validateUpdate: validateJobUpdate,
    warnings: (job, previous) => {
      if (!isNewWish(job, previous)) return []
      return [...(previous === undefined ? nameWarnings(job.metadata.name, 'pods') : []), ...jobSpecWarnings(job.spec, 'spec')]
    },
    generation: true,
    // As it was before there were owners.
    defaultPropagation: 'Orphan',
    defaultPropagationWarning:
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    unselectable: (field) => `field label "${field}" not supported for Job`,
    selectableFields: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
  },
)
export type Job = Of<typeof Job>

/** Labels that pods of one job have and no others: its name and its uid, under the names of today and those of the past. */
function withSelector({ metadata, spec }: { readonly metadata: ObjectMeta; readonly spec: types.JobSpec }): types.JobSpec {
  const { name = '', uid = '' } = metadata
  return {
    ...spec,
    template: {
      ...spec.template,
      metadata: {
        ...spec.template.metadata,
        labels: {
          'job-name': name,
          'batch.kubernetes.io/job-name': name,
          'controller-uid': uid,
          'batch.kubernetes.io/controller-uid': uid,
          // A client's own are not overwritten: validation refuses what does not fit.
          ...spec.template.metadata?.labels,
        },
      },
    },
    selector: { ...spec.selector, matchLabels: byKey({ 'batch.kubernetes.io/controller-uid': uid, ...spec.selector?.matchLabels }) },
  }
}

/** In the order in which the reference shows a map. */
const byKey = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))

function stateOf({ metadata, status }: types.Job): string {
  const has = (type: string) => (status.conditions ?? []).some((one) => one.type === type && one.status === 'True')
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return (['Suspended', 'FailureTarget', 'SuccessCriteriaMet'] as const).find(has) ?? 'Running'
}

function completionsOf({ spec, status }: types.Job): string {
  const done = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${done}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`
}

function durationOf({ status: { startTime, completionTime } }: types.Job, now: number): string {
  if (startTime === undefined) return ''
  return humanDuration((completionTime === undefined ? now : Date.parse(completionTime)) - Date.parse(startTime))
}
