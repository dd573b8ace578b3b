import type { NodeRefusal, NodeScore } from './node-answers.ts'
import type { Ref } from './view.ts'

/** Why an object is as it is, as data: `wherry why --json` prints it, `describe` puts it in words. */
export interface Explanation {
  readonly object: Ref & { readonly kind: string; readonly revision?: number }
  /** How it stands, in a few words: `Pending, on no node yet`. */
  readonly state: string
  /** Whether nothing is left to wish for. */
  readonly isWell: boolean
  /** Who did what that led here, earliest first. */
  readonly steps: readonly Step[]
  /** Why it is not as wished; the gravest first. */
  readonly reasons: readonly Reason[]
  /** Of a pod: what each node that could take it is worth now, the best first; only where it was asked for. */
  readonly scores?: readonly NodeScore[]
  /** What could not be known, and what it was told from instead. */
  readonly notes: readonly string[]
}

export interface Step {
  /** RFC 3339; '' where nobody knows. */
  readonly time: string
  /** `ann`, `replicaset-controller`, `kubelet on node-1`; '' where nobody knows. */
  readonly who: string
  /** The program of a person: `kubectl-create`. */
  readonly program?: string
  /** `created`, `changed`, `reported its state` … */
  readonly did: string
  /** Where to: the node. */
  readonly onto?: string
  readonly object: Ref & { readonly kind: string }
  readonly revision?: number
  /** Fields that the writer holds from this write. */
  readonly fields?: readonly string[]
  /** Of several alike in a row: how many, and the last one's revision. */
  readonly times?: number
  readonly lastRevision?: number
  readonly lastTime?: string
  readonly because?: Ref & { readonly kind: string; readonly revision: number }
  /** Where it is known from: what the server remembers, or what the object itself still shows. */
  readonly source: 'journal' | 'object'
}

/** One thing that stands in the way. */
export interface Reason {
  readonly code: ReasonCode
  /** What it is about: `pod web-1`. */
  readonly about: string
  readonly message: string
  /** The words of whoever refused, and numbers. */
  readonly details?: readonly string[]
  /** Of a pod without a node: what each node has against it now. */
  readonly nodes?: readonly NodeRefusal[]
  /** What would help, where that is plain. */
  readonly advice?: string
}

/** Closed, so that programs may tell them apart. */
export type ReasonCode =
  // Where it is to run.
  | 'gated'
  | 'unscheduled'
  | 'no-scheduler'
  // Pods that were not even made.
  | 'quota'
  | 'limit-range'
  | 'pod-security'
  | 'webhook'
  | 'policy'
  | 'service-account'
  | 'refused'
  | 'not-made'
  | 'paused'
  | 'suspended'
  | 'rollout-stuck'
  // On the node.
  | 'volume'
  | 'claim'
  | 'sandbox'
  | 'image'
  | 'configuration'
  | 'init'
  | 'crash'
  | 'probe'
  | 'readiness-gate'
  | 'starting'
  | 'failed'
  | 'node'
  | 'eviction'
  // On the way out, and everything else.
  | 'terminating'
  | 'finalizer'
  | 'gone'
  | 'condition'
  | 'event'
