import { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { apiVersionOf } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Cache, Command, Plan } from '#loop/controller.ts'
import { endOf, isManagedElsewhere, isTracked } from './facts.ts'
import { release } from './release.ts'

/** A pod that still has the finalizer, though no job is going to count it. */
export interface ForsakenView {
  readonly about: 'pod'
  readonly pod: Pod
  /** The job that it belonged to, which the cache does not show any more. */
  readonly missingJob?: { readonly name: string; readonly uid: string }
}

/** Undefined: a job counts it, will adopt it, or it is none of ours. */
export function forsaken(pod: Pod, cache: Cache): ForsakenView | undefined {
  if (!isTracked(pod)) return undefined
  const controller = controllerOf(pod)
  const { namespace } = pod.metadata
  if (controller === undefined) return wouldAdopt(pod, cache.list(Job, namespace)) ? undefined : { about: 'pod', pod }
  if (controller.kind !== Job.kind || controller.apiVersion !== apiVersionOf(Job)) return undefined
  const job = cache.get(Job, controller.name, namespace)
  if (job?.metadata.uid !== controller.uid) return { about: 'pod', pod, missingJob: controller }
  return isManagedElsewhere(job) || endOf(job) === undefined ? undefined : { about: 'pod', pod }
}

/** That a job is gone is asked for past the cache: pods that somebody else made for it can be shown before the job is. */
export function planForsaken({ pod, missingJob }: ForsakenView): Plan {
  const confirmation: Command[] =
    missingJob === undefined
      ? []
      : [{ do: 'confirmAbsent', kind: Job, name: missingJob.name, namespace: pod.metadata.namespace, uid: missingJob.uid }]
  return { commands: [...confirmation, release(pod)], wakeAt: Infinity }
}

const wouldAdopt = (pod: Pod, jobs: readonly Job[]): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  jobs.some(
    (job) =>
      job.metadata.deletionTimestamp === undefined &&
      endOf(job) === undefined &&
      !isManagedElsewhere(job) &&
      matchesLabelSelector(job.spec.selector, pod.metadata.labels),
  )
