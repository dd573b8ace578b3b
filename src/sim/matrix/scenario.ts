import type { MachineFault } from '../machine-faults.ts'
import type { FeatureSettings } from '../server.ts'
import type { Action } from '../steps.ts'
import { clusterScenarios } from './cluster-scenarios.ts'
import { storageScenarios } from './storage-scenarios.ts'
import { workloadScenarios } from './workload-scenarios.ts'

/**
 * Something that happens to a cluster in which some controllers have to act. Each stage has the time to be seen, even by one who was killed in
 * it: so there is one state that everything ends in.
 */
export interface Scenario {
  readonly name: string
  /** Those whose work it shows. */
  readonly controllers: readonly string[]
  /** Default 0: most controllers act without a machine. */
  readonly nodes?: number
  readonly stages: readonly (readonly Action[])[]
  /** A part of the scenario itself, such as a node that is lost. */
  readonly machineFaults?: readonly MachineFault[]
  /** What has to be on for it that is off by default. */
  readonly features?: FeatureSettings
  /** How long the last stage takes; default as the others. */
  readonly lastMs?: number
}

/** A new leader waits 15 s for the lease of the old one, and reads that are late are by a few seconds. */
export const stageMs = 30_000

export const scenarios: readonly Scenario[] = [...workloadScenarios, ...clusterScenarios, ...storageScenarios]
