import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#lib/clock.ts'
import { failuresThatMatter, podFinishedAt } from './backoff.ts'
import { isCountable, isPodFailed, isTracked } from './facts.ts'

/** Failures since the last success. */
export interface RecentFailures {
  readonly count: number
  /** Of the newest; without meaning where there is none. */
  readonly lastAt: Instant
}

export const noFailures: RecentFailures = { count: 0, lastAt: 0 }

/**
 * The failures of each job that its back-off goes by. Most can be read from the pods that are there; one that was deleted is gone as soon as
 * it is counted, so what was seen of it is remembered. Whoever starts anew and has not seen it begins with a shorter wait, no more.
 */
export interface FailureMemory {
  /** Takes in what these pods of the job show; the same pods again change nothing. */
  recent(key: string, job: Job, pods: readonly Pod[]): RecentFailures
  forget(key: string): void
}

interface Remembered {
  readonly uid: string
  /** When pods failed, by uid: those after the last success, and no more than matter. */
  readonly failures: ReadonlyMap<string, Instant>
  readonly succeededAt: Instant
}

export function createFailureMemory(): FailureMemory {
  const jobs = new Map<string, Remembered>()
  return {
    recent(key, job, pods) {
      const { uid } = job.metadata
      const known = jobs.get(key)
      const before: Remembered = known?.uid === uid ? known : { uid, failures: new Map(), succeededAt: -Infinity }
      const countable = pods.filter((pod) => isCountable(pod, job))
      const telling = countable.filter(isTelling)
      // One that was deleted and counted as failed may end well after all: that changes nothing any more.
      const succeededAt = telling
        .filter(({ metadata, status }) => status.phase === 'Succeeded' && !before.failures.has(metadata.uid))
        .reduce((latest, pod) => Math.max(latest, podFinishedAt(pod)), before.succeededAt)
      const seen = telling.filter((pod) => isPodFailed(pod, job)).map((pod): [string, Instant] => [pod.metadata.uid, podFinishedAt(pod)])
      const failures = [...new Map([...before.failures, ...seen])]
        .filter(([, at]) => at > succeededAt)
        .sort(([, a], [, b]) => b - a)
        .slice(0, failuresThatMatter)
      jobs.set(key, { uid, failures: new Map(failures), succeededAt })
      return { count: failures.length, lastAt: failures[0]?.[1] ?? 0 }
    },
    forget(key) {
      jobs.delete(key)
    },
  }
}

/** One that is being deleted without having to be counted was in surplus, or its job suspended: how it ends says nothing. */
const isTelling = (pod: Pod): boolean => isTracked(pod) || pod.metadata.deletionTimestamp === undefined
