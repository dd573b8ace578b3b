import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Instant } from '#lib/clock.ts'
import type { RecentFailures } from './failure-memory.ts'

/** What a job is decided on. */
export interface JobView {
  readonly about: 'job'
  readonly now: Instant
  readonly job: Job
  /** Those that it controls, in whatever state, and the namespace's pods without a controller. */
  readonly pods: readonly Pod[]
  readonly failures: RecentFailures
  /** Creations would be refused. */
  readonly namespaceIsLeaving: boolean
}
