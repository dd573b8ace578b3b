import type { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command, Plan, Single } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { backoffMs, podFinishedAt } from './backoff.ts'
import { completionIndexOf, isIndexed, isPodTerminating, isSuspended, isTracked, limitsEachIndex, replacesOnlyFailed } from './facts.ts'
import { firstMissing, indexSet, union } from './index-set.ts'
import { activeIndexes, allFailures } from './indexed.ts'
import { createPod } from './job-pod.ts'
import { release } from './release.ts'
import { surplusPods } from './surplus.ts'
import type { Tally } from './tally.ts'
import type { JobView } from './view.ts'

/** The reference's limit: more than this many pods made or removed in one go would only queue up at the API server. */
export const podsAtOnce = 500

const nothing: Plan = { commands: [], wakeAt: Infinity }

/** Makes the number of active pods right: removes what is too much, else makes what is missing, as far as no back-off is in the way. */
export function managePods(view: JobView, tally: Tally): Plan {
  const { job, namespaceIsLeaving } = view
  const { active } = tally
  if (isSuspended(job)) return { ...nothing, commands: removePods(active) }
  const wanted = wantedPods(job, tally)
  const surplus = surplusPods(job, active, Math.max(0, active.length - wanted))
  // A pod that has to go may be in the way of one that has to come: of the same index, so first the one, then the other.
  if (surplus.length > 0) return { ...nothing, commands: removePods(surplus.slice(0, podsAtOnce)) }
  const missing = wanted - active.length - (replacesOnlyFailed(job) ? tally.terminating : 0)
  if (missing <= 0 || namespaceIsLeaving) return nothing
  return isIndexed(job) ? createIndexes(view, tally, Math.min(missing, podsAtOnce)) : createPods(view, Math.min(missing, podsAtOnce))
}

function wantedPods({ spec }: Job, { active, succeeded }: Tally): number {
  const { completions, parallelism = 1 } = spec
  // Without a number of completions the first success says that the work is done: what runs may end, nothing new begins.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism
  return Math.max(0, Math.min(completions - succeeded, parallelism))
}

function createPods({ job, failures, now }: JobView, count: number): Plan {
  const at = mayCreateAt(failures.count, failures.lastAt)
  if (at > now) return { commands: [], wakeAt: at }
  return { ...nothing, commands: together(Array.from({ length: count }, () => createPod(job))) }
}

function createIndexes({ job, failures, now }: JobView, { pods, indexes, lastFailed }: Tally, count: number): Plan {
  const isLimited = limitsEachIndex(job)
  const at = isLimited ? -Infinity : mayCreateAt(failures.count, failures.lastAt)
  if (at > now) return { commands: [], wakeAt: at }
  const terminating = replacesOnlyFailed(job) ? pods.filter(isPodTerminating).flatMap((pod) => completionIndexOf(pod) ?? []) : []
  const taken = union(indexes?.completed ?? [], indexes?.failed ?? [], indexSet(activeIndexes(pods)), indexSet(terminating))
  const due = firstMissing(taken, count, job.spec.completions ?? 0).map((index) => {
    const replaced = lastFailed.get(index)
    return { index, replaced, at: replaced === undefined ? -Infinity : mayCreateAt(allFailures(replaced) + 1, podFinishedAt(replaced)) }
  })
  return {
    commands: together(due.filter(({ at }) => at <= now).map(({ index, replaced }) => createPod(job, index, replaced))),
    wakeAt: due.reduce((next, { at }) => (at > now ? Math.min(next, at) : next), Infinity),
  }
}

const mayCreateAt = (failures: number, lastAt: Instant): Instant => (failures === 0 ? -Infinity : lastAt + backoffMs(failures))

/**
 * Removes pods that are not to be counted, whatever becomes of them: the finalizer goes first, so that an interruption leaves pods that are
 * removed later, and none that is counted as failed. One that ends in this moment is not taken for one that runs: its version is another.
 */
export const removePods = (pods: readonly Pod[]): readonly Command[] => [
  ...together(pods.filter(isTracked).map(release)),
  ...deletePods(pods),
]

export const deletePods = (pods: readonly Pod[]): readonly Command[] =>
  together(
    pods.map((pod): Single => ({ do: 'delete', ...targetOf(Pod, pod) })),
    'goOn',
  )

export const together = (commands: readonly Single[], ifFails: 'stop' | 'goOn' = 'stop'): readonly Command[] =>
  commands.length === 0 ? [] : [{ do: 'together', commands, ifFails }]
