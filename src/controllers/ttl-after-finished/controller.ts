import { Job } from '#api/batch/v1/job.ts'
import type { Controller } from '#loop/controller.ts'
import { splitKey } from '../common/key.ts'
import { type FinishedJobView, planFinishedJob } from './plan.ts'

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
}
