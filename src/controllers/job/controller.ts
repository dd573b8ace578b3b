import { Job } from '#api/batch/v1/job.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { orphansByNamespace } from '../common/indexes.ts'
import { keyFor, keyOf, splitKey } from '../common/key.ts'
import { afterJobAnswer } from './answered.ts'
import { endOf, isManagedElsewhere, isTracked, limitsEachIndex } from './facts.ts'
import { createFailureMemory, noFailures } from './failure-memory.ts'
import { type ForsakenView, forsaken, planForsaken } from './forsaken.ts'
import { jobMetrics, measureJob, measureNewJob, measurePod } from './metrics.ts'
import { planJob } from './plan.ts'
import type { JobView } from './view.ts'

/** Runs pods of each Job's template until as many have succeeded as it asks for, or too many failed. */
export function jobController(): Controller<JobView | ForsakenView> {
  const memory = createFailureMemory()
  return {
    name: 'job-controller',
    metrics: jobMetrics,
    measured: measureJob,
    sources: [
      { kind: Job, keys: keysOfJob, measured: measureNewJob },
      {
        kind: Pod,
        measured: measurePod,
        keys: (pod: Pod, cache: Cache, previous: Pod | undefined) => [
          ...jobsOf(pod, cache),
          ...(previous === undefined || previous === pod ? [] : jobsOf(previous, cache)),
          ...(forsaken(pod, cache) === undefined ? [] : [keyOfPod(pod)]),
        ],
      },
    ],
    view: (key, cache, now) => {
      const podKey = podOfKey(key)
      if (podKey !== undefined) {
        const pod = cache.get(Pod, podKey.name, podKey.namespace)
        return pod === undefined ? undefined : forsaken(pod, cache)
      }
      const { namespace, name } = splitKey(key)
      const job = cache.get(Job, name, namespace)
      if (job === undefined || isManagedElsewhere(job) || endOf(job) !== undefined) {
        memory.forget(key)
        return undefined
      }
      const own = cache.ownedBy(Pod, job.metadata)
      return {
        about: 'job',
        now,
        job,
        pods: [...own, ...cache.indexed(Pod, orphansByNamespace, namespace)],
        // Where each index is limited, its own pods tell how long it has to wait.
        failures: limitsEachIndex(job) ? noFailures : memory.recent(key, job, own),
        namespaceIsLeaving: cache.get(Namespace, namespace)?.metadata.deletionTimestamp !== undefined,
      }
    },
    plan: (view) => (view.about === 'job' ? planJob(view) : planForsaken(view)),
    answered: afterJobAnswer,
  }
}

/** The job itself; when it is over or gone, also its pods that nobody counts any more. */
function keysOfJob(job: Job, cache: Cache): readonly string[] {
  const { uid, namespace, name } = job.metadata
  const isGone = cache.get(Job, name, namespace)?.metadata.uid !== uid
  if (!isGone && endOf(job) === undefined && job.metadata.deletionTimestamp === undefined) return [keyOf(job)]
  const left = [
    ...cache.ownedBy(Pod, job.metadata),
    ...cache.indexed(Pod, orphansByNamespace, namespace).filter((pod) => selects(job, pod)),
  ]
  return [keyOf(job), ...left.filter(isTracked).map(keyOfPod)]
}

/** The job that controls the pod; for an orphan, all that would take it. */
function jobsOf(pod: Pod, cache: Cache): string[] {
  const controller = controllerOf(pod)
  const { namespace } = pod.metadata
  if (controller !== undefined) return controller.kind === Job.kind ? [keyFor(namespace, controller.name)] : []
  return cache
    .list(Job, namespace)
    .filter((job) => selects(job, pod))
    .map(keyOf)
}

const selects = ({ spec }: Job, { metadata }: Pod): boolean => matchesLabelSelector(spec.selector, metadata.labels)

/** A pod's key has one part more than a job's, so that none is taken for the other. */
const keyOfPod = ({ metadata: { namespace, name } }: Pod): string => `pod/${namespace}/${name}`

function podOfKey(key: string): { readonly namespace: string; readonly name: string } | undefined {
  const [first, namespace, name] = key.split('/')
  return first === 'pod' && namespace !== undefined && name !== undefined ? { namespace, name } : undefined
}
