import type { ManifestProblem } from '#client/manifests.ts'
import type { Course } from './standings.ts'
import type { Line } from './timeline.ts'
import type { Ending } from './workloads.ts'

/** Everything that a simulation found out, as data; `wherry simulate --json` prints it as it is. */
export interface SimulationReport {
  /** Whether everything applied became, and in the end is, as it was wished. */
  readonly ok: boolean
  readonly seed: number
  readonly nodes: number
  readonly forMs: number
  readonly faults: readonly string[]
  /** What was refused; with any of these nothing else was simulated. */
  readonly problems: readonly ManifestProblem[]
  /** What was not applied, and why. */
  readonly left: readonly ManifestProblem[]
  readonly timeline: readonly Line[]
  readonly workloads: readonly WorkloadReport[]
  /** Quotas, budgets, capacity, deadlines that were met with, each with how often. */
  readonly limits: readonly { readonly text: string; readonly count: number }[]
  /** Faults of the simulation itself, or of a controller: nothing that manifests should be able to bring about. */
  readonly complaints: readonly string[]
}

export interface WorkloadReport extends Course {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** How many pods it wishes to be ready in the end; absent for what is to end. */
  readonly wish?: number
  readonly ready: number
  readonly ok: boolean
  /** Of what is to end: a Job, a pod that is not started again. */
  readonly ending?: Ending & { readonly endedAtMs?: number }
  /** Of a CronJob: what became of its Jobs. */
  readonly runs?: { readonly completed: number; readonly failed: number; readonly running: number }
  /** Why it is not as wished in the end. */
  readonly because: readonly string[]
}
