import { Job } from '#api/batch/v1/job.ts'
import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command, Single } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import { referenceTo, runOf } from './job-of-run.ts'
import { type CronJobView, statusCommand } from './plan.ts'
import { reviewJobs } from './review-jobs.ts'

/** A Job that was made is noted in the status; what was made, deleted, or could not be, is told. */
export function afterCronJobAnswer(view: CronJobView, command: Single, answer: KubeObject | WherryError): readonly Command[] {
  const { cronJob } = view
  const failed = answer instanceof WherryError
  const event = (reason: string, message: string): Command => ({
    do: 'event',
    regarding: cronJob,
    type: failed ? 'Warning' : 'Normal',
    reason,
    message,
  })
  if (command.do === 'delete')
    return [failed ? event('FailedDelete', `Deleted job: ${answer.message}`) : event('SuccessfulDelete', `Deleted job ${command.name}`)]
  if (command.do !== 'create' || command.kind !== Job) return []
  const status = { ...cronJob.status, ...reviewJobs(cronJob, view.jobs).status }
  if (failed) {
    // The name is taken: by whom, the next look tells.
    if (answer.code === 'AlreadyExists' || isNamespaceTerminating(answer)) return []
    return [event('FailedCreate', `Error creating job: ${answer.message}`), ...write(statusCommand(cronJob, status))]
  }
  const run = runOf(command.object as Job) ?? view.now
  const replaced = cronJob.spec.concurrencyPolicy === 'Replace'
  const active = [...(replaced ? [] : (status.active ?? [])), referenceTo(answer as Job)]
  return [
    event('SuccessfulCreate', `Created job ${answer.metadata.name}`),
    ...write(statusCommand(cronJob, { ...status, active, lastScheduleTime: rfc3339(run) })),
  ]
}

const write = (command: Command | undefined): Command[] => (command === undefined ? [] : [command])
