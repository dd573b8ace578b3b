import { Job } from '#api/batch/v1/job.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { Controller } from '#loop/controller.ts'
import { splitKey } from '../common/key.ts'
import { expiryOf, type FinishedJobView, planFinishedJob } from './plan.ts'

const delay = 'ttl_after_finished_controller_job_deletion_duration_seconds'

/** Removes Jobs that ended and say for how long they are of interest (KEP-592). */
export const ttlAfterFinishedController: Controller<FinishedJobView> = {
  name: 'ttl-after-finished-controller',
  sources: [{ kind: Job }],
  view: (key, cache, now) => {
    const { namespace, name } = splitKey(key)
    const job = cache.get(Job, name, namespace)
    return job === undefined ? undefined : { now, job }
  },
  plan: planFinishedJob,
  metrics: [
    {
      type: 'histogram',
      name: delay,
      help: 'How long after its time a job was deleted.',
      stability: 'ALPHA',
      buckets: exponentialBuckets(0.1, 2, 14),
    },
  ],
  measured: ({ now, job }, { commands }, { became }) =>
    commands.some((command) => became(command) === 'done') ? [{ metric: delay, value: Math.max(0, now - expiryOf(job)!) / 1000 }] : [],
}
