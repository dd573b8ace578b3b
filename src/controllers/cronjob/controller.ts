import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import type { Instant } from '#lib/clock.ts'
import type { Controller } from '#loop/controller.ts'
import { keyFor, keyOf, splitKey } from '../common/key.ts'
import { createTold } from '../common/told.ts'
import { afterCronJobAnswer } from './answered.ts'
import { cronJobMetrics, measureCronJob } from './metrics.ts'
import { type CronJobPlan, type CronJobView, planCronJob } from './plan.ts'

/** Starts Jobs by the clock. */
export function cronJobController(): Controller<CronJobView> {
  const memories = new Map<string, Memory>()
  // What a CronJob waits for stands in its spec: only a change of that is looked at again.
  const told = createTold(Infinity)
  return {
    name: 'cronjob-controller',
    metrics: cronJobMetrics,
    measured: measureCronJob,
    sources: [{ kind: CronJob }, { kind: Job, keys: cronJobOf }],
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const cronJob = cache.get(CronJob, name, namespace)
      if (cronJob === undefined) {
        memories.delete(key)
        told.forget(key)
        return undefined
      }
      const memory = remember(memories.get(key), cronJob, now)
      memories.set(key, memory)
      return {
        now,
        cronJob,
        jobs: cache.ownedBy(Job, cronJob.metadata),
        jobNamed: (jobName) => cache.get(Job, jobName, namespace),
        rescheduledAt: memory.rescheduledAt,
      }
    },
    plan: (view) => {
      const key = keyOf(view.cronJob)
      const plan = planCronJob(view)
      const memory = memories.get(key)
      if (memory !== undefined && plan.run !== undefined && plan.run !== memory.run) {
        memories.set(key, { ...memory, run: plan.run })
        told.forget(key)
      }
      const result: CronJobPlan = { ...told.plan(key, plan, view.now), run: plan.run }
      return result
    },
    answered: afterCronJobAnswer,
  }
}

/** What no object tells: when the schedule became another one, and of which run was told last. Both are lost with the process. */
interface Memory {
  readonly uid: string
  readonly schedule: string
  readonly rescheduledAt: Instant | undefined
  readonly run: Instant | undefined
}

function remember(before: Memory | undefined, { metadata, spec }: CronJob, now: Instant): Memory {
  const schedule = `${spec.timeZone ?? ''} ${spec.schedule}`
  if (before?.uid !== metadata.uid) return { uid: metadata.uid, schedule, rescheduledAt: undefined, run: undefined }
  return before.schedule === schedule ? before : { ...before, schedule, rescheduledAt: now }
}

function cronJobOf(job: Job): string[] {
  const owner = controllerOf(job)
  return owner?.kind === 'CronJob' ? [keyFor(job.metadata.namespace, owner.name)] : []
}
