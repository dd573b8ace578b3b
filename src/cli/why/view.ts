import type { Event } from '#api/core/v1/event.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { KindFacts, KubeObject } from '#api/kind.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { Cause, WriteEntry } from '#lib/cause.ts'
import type { NodeAnswers } from './node-answers.ts'

/** What names a kind: enough to ask for its objects and to speak of them. */
export type KindNames = Pick<KindFacts, 'group' | 'version' | 'kind' | 'plural' | 'singular' | 'scope' | 'shortNames'>

/** An object by the path of its kind: `apps/deployments/shop/web` as `keyOf` writes it. */
export type Ref = Omit<Cause, 'resourceVersion'>

export const keyOf = ({ group, resource, namespace, name }: Ref): string => `${group}/${resource}/${namespace}/${name}`

/** What was read of one object on the way from the wish to what is asked about. */
export interface Known {
  /** Undefined where there is no such object any more, or it may not be read. */
  readonly object: KubeObject | undefined
  /** Oldest first; empty where the server has forgotten, or never knew. */
  readonly writes: readonly WriteEntry[]
}

/** Everything that an explanation is made from, as it was read. */
export interface View {
  readonly now: number
  readonly target: Ref
  /** Built-in kinds, and those of definitions as far as somebody asked for them. */
  readonly kinds: readonly KindNames[]
  /** Whether the server keeps a record of writes at all. */
  readonly hasJournal: boolean
  /** By `keyOf`: the target, and what led to it. */
  readonly known: ReadonlyMap<string, Known>
  /** Of a workload its pods, of a pod itself. */
  readonly pods: readonly Pod[]
  /** What lies between a workload and its pods: ReplicaSets of a Deployment, Jobs of a CronJob. */
  readonly children: readonly KubeObject[]
  /** About the target, its owner or children, and the pods that are worst off; oldest first. */
  readonly events: readonly Event[]
  readonly nodes: readonly Node[]
  readonly claims: readonly PersistentVolumeClaim[]
  readonly classes: readonly StorageClass[]
  readonly budgets: readonly PodDisruptionBudget[]
  /** What the nodes say to pods, by uid, as far as it was worked out. */
  readonly answers?: ReadonlyMap<string, NodeAnswers>
  /** The uid of the pod whose scores are to be told. */
  readonly scored?: string
  /** What could not be read, and why; the explanation does without. */
  readonly unread: readonly string[]
}

/** Core and named groups by their `apiVersion`. */
export const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.split('/')[0]! : '')

/** How `unread` names what the server remembers. */
export const recordOfWrites = "the server's record of writes"
