import type { KubeJson } from '#scheduler/testing/recorded-case.ts'

/** A cluster, and the pods that come to it, one after another. */
export interface Case {
  readonly seed: number
  readonly area: string
  readonly objects: readonly KubeJson[]
  readonly pods: readonly KubeJson[]
  /** Whether victims of preemption end at once, so that the pod that they made room for is tried again. */
  readonly settles: boolean
}
