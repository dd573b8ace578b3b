import type { NodeInfo, PodInfo } from './node-info.ts'

/** Why a node cannot take a pod. `unresolvable`: taking other pods away would not help. */
export interface Refusal {
  readonly reasons: readonly string[]
  readonly unresolvable: boolean
}

export interface World {
  readonly nodes: ReadonlyMap<string, NodeInfo>
  /** Labels of a namespace; affinity terms may select by them. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>
}

/** Plain data and pure functions. `prepare` works out once a pod what every node is then asked with. */
export interface Plugin<State = undefined> {
  readonly name: string
  readonly prepare?: (pod: PodInfo, world: World) => State
  readonly filter?: (pod: PodInfo, node: NodeInfo, state: State) => Refusal | undefined
  /** Higher is better. Raw values are brought to 0 … 100 by `normalize`; without it they are so already. */
  readonly score?: (pod: PodInfo, node: NodeInfo, state: State) => number
  readonly normalize?: 'highest-is-100' | 'lowest-is-100'
  readonly weight?: number
  /** Which changes of the cluster can make room for a pod that this plug-in refused. */
  readonly wokenBy?: readonly ClusterEvent[]
}

export type ClusterEvent =
  | 'node-added'
  | 'node-changed'
  | 'node-labels'
  | 'node-taints'
  | 'node-room'
  | 'pod-gone'
  | 'pod-placed'
  | 'pod-changed'

// biome-ignore lint/suspicious/noExplicitAny: the list holds plug-ins of every state
export type AnyPlugin = Plugin<any>

export const refuse = (...reasons: string[]): Refusal => ({ reasons, unresolvable: false })
export const refuseForGood = (...reasons: string[]): Refusal => ({ reasons, unresolvable: true })
