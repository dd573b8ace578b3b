import type { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import type { Clock } from '#lib/clock.ts'
import type { NodeInfo } from '../world/node-info.ts'
import type { PodInfo } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'
import type { EventPattern } from './cluster-event.ts'
import type { Refusals } from './refusals.ts'

/** Why a node (or, from `preFilter`, every node) cannot take a pod. */
export interface Refusal {
  /** In the reference's words: they stand in events and conditions. Several count as several. */
  readonly reasons: readonly string[]
  /** Taking other pods away would not help. */
  readonly unresolvable: boolean
  /** Something is under way that will help: the pod comes back without a back-off (the reference's code Pending). */
  readonly pending?: boolean
}

/** Refused; without some of the pods that are there it might not be. */
export const refuse = (...reasons: string[]): Refusal => ({ reasons, unresolvable: false })
/** Refused whatever pods are there. */
export const refuseForGood = (...reasons: string[]): Refusal => ({ reasons, unresolvable: true })

/** What a plug-in worked out for one pod before it looks at nodes. `skip`: it has no say about this pod in `filter`. */
export type PreFilter<State> =
  | { readonly state: State; readonly skip?: boolean /** Names: only these nodes can do. */; readonly nodes?: ReadonlySet<string> }
  | { readonly refusal: Refusal }

/**
 * One rule of placing pods: plain data and functions. Everything but `preBind` and the functions that it hands back is pure towards the
 * outside: it reads the world and answers. The extension points, their order and their meaning are those of the scheduling framework
 * (KEP-624); names, weights, reasons and defaults are those of kube-scheduler v1.36.
 *
 * `State` is what `preFilter` works out once per pod and every other function is handed (`undefined` where there is no `preFilter`, or
 * where only scores are asked for and `preFilter` did not run). `Scores` is the same for `preScore`.
 */
export interface Plugin<State = undefined, Scores = undefined> {
  readonly name: string
  /**
   * `node`: filter and score rest on the pod's shape, on the node and on the pods that run there, and on nothing else; the answers may be kept
   * until the node changes. Absent: they also rest on other things, and are asked for anew for each pod.
   */
  readonly restsOn?: 'node'
  /** Beside `restsOn`: the answers also rest on something that is another number after each of its changes. */
  readonly basis?: (world: World) => number
  /** Its scores of this pod are surely the same on every node, so that it need not be asked where only the order counts. */
  readonly isUniform?: (pod: PodInfo, world: World) => boolean
  /** A reason not to try the pod at all for now, or undefined. It waits without back-off until it changes. */
  readonly preEnqueue?: (pod: Pod, world: World) => string | undefined
  readonly preFilter?: (pod: PodInfo, world: World) => PreFilter<State>
  readonly filter?: (pod: PodInfo, node: NodeInfo, state: State, world: World) => Refusal | undefined
  /**
   * For "what if": the state as if `other` were (`sign` 1), or were not (-1), on `node`. `copy` comes first, so that the changes stay apart;
   * `node` shows the pod already, or no more. Plug-ins whose state rests on nothing but the pod itself need neither.
   */
  readonly copy?: (state: State) => State
  readonly change?: (state: State, pod: PodInfo, other: PodInfo, node: NodeInfo, sign: 1 | -1) => void
  /** Called when no node could be found; the first that has a plan is carried out. */
  readonly postFilter?: (pod: PodInfo, failure: Failure, world: World) => PostFilter
  /** Worked out once for all nodes that are left; undefined: it has no say about this pod's nodes, its score is 0 everywhere. */
  readonly preScore?: (pod: PodInfo, nodes: readonly NodeInfo[], world: World, state: State | undefined) => Scores | undefined
  /** An integer; 0 to 100 once `normalize` saw it. Higher is better. */
  readonly score?: (pod: PodInfo, node: NodeInfo, scores: Scores, world: World) => number
  /** Brings the scores of all nodes that are left to 0 … 100, in place. Absent: they are so already. */
  readonly normalize?: (values: Float64Array, pod: PodInfo, nodes: readonly NodeInfo[], scores: Scores) => void
  /** Takes in the world what the pod will use there beside its requests (volumes, claims). Must be undone by `unreserve`, also in part. */
  readonly reserve?: (pod: PodInfo, node: NodeInfo, state: State, world: World) => Refusal | undefined
  readonly unreserve?: (pod: PodInfo, node: NodeInfo, state: State, world: World) => void
  /** Lets the pod through (undefined), refuses it, or has it wait until `allowed` resolves, so long at most; its rejection refuses it. */
  readonly permit?: (
    pod: PodInfo,
    node: NodeInfo,
    state: State,
    world: World,
  ) => Refusal | { readonly waitMs: number; readonly allowed: Promise<void> } | undefined
  /** What is written before the binding. undefined: nothing is. Rejects with a WherryError: the pod is given back to the queue. */
  readonly preBind?: (pod: PodInfo, node: NodeInfo, state: State, means: BindMeans) => Promise<void> | undefined
  readonly postBind?: (pod: PodInfo, node: NodeInfo, state: State, world: World) => void
  /** Which changes of the cluster may change the mind of this plug-in about a pod that it refused. Absent: any may. */
  readonly wokenBy?: readonly EventPattern[]
}

/** A plug-in of whatever state. */
// biome-ignore lint/suspicious/noExplicitAny: lists hold plug-ins of every state; only the plug-in itself looks into its own
export type AnyPlugin = Plugin<any, any>

/** Makes a plug-in from its `args` in the configuration, which are decoded and checked already. */
export type PluginFactory = (args: Readonly<Record<string, unknown>>) => AnyPlugin

/** A refusal and who spoke it. */
export interface NodeRefusal extends Refusal {
  readonly plugin: string
}

/** What was found out about a pod that fits nowhere, for `postFilter`. */
export interface Failure {
  /** By node name: only nodes that were looked at. */
  readonly refusals: Refusals
  /** Of all other nodes: spoken by a `preFilter`, by the set of nodes that it allows, or by nobody. */
  readonly others: NodeRefusal | undefined
  /** Filters anew with pods taken away: see `createTrial` in `framework/trial.ts`. Absent: a `preFilter` refused the pod for good. */
  readonly cycle: Cycle | undefined
}

/** What a plug-in would do about a failure. */
export interface PostFilter {
  /** The node that the pod is to have once there is room; '' takes a nomination back; undefined leaves it as it is. */
  readonly nominatedNode?: string | undefined
  /** Pods to be evicted there, the reference's order. */
  readonly victims?: readonly Pod[]
  /** Done once, asynchronously, instead of or beside evictions. */
  readonly act?: (means: BindMeans) => Promise<void>
  /** Nobody after this plug-in is asked: its message stands alone. */
  readonly ends?: boolean
  /** Others are asked about all nodes on which room could be made; what they leave is chosen from anew. */
  readonly reconsider?: (ask: (candidates: readonly Candidate[]) => Promise<readonly Candidate[]>) => Promise<PostFilter>
  /** What the message ends with; '' says nothing. */
  readonly message: string
}

/** A node on which room could be made, and the pods that would have to go: the most important first. */
export interface Candidate {
  readonly node: string
  readonly victims: {
    readonly pods: readonly PodInfo[]
    /** How many of them are in budgets that allow no further disruption. */
    readonly violations: number
  }
}

/** One pod's way through the profile: the states of its plug-ins, side by side with the profile's filters. */
export interface Cycle {
  readonly pod: PodInfo
  readonly world: World
  /** Plug-ins whose filter has a say about this pod, in order, with their state. */
  readonly filters: readonly { readonly plugin: AnyPlugin; readonly state: unknown }[]
  /** State of every plug-in that ran `preFilter`, by name. */
  readonly states: ReadonlyMap<string, unknown>
}

/** How a plug-in reaches the outside while a pod is bound. */
export interface BindMeans {
  /** Writes because of what led to this try. */
  readonly client: Client
  readonly clock: Clock
  readonly world: World
  /** What failed after there was nobody left to be told of it. */
  readonly warn: (message: string, error: unknown) => void
  readonly record: (event: {
    readonly regarding: KubeObject
    readonly type: 'Normal' | 'Warning'
    readonly reason: string
    readonly message: string
    readonly action: string
  }) => void
  /** The pod went away, its room was taken by a more important one, or the scheduler stops. */
  readonly signal: AbortSignal
  /**
   * True: the binding of this pod waited for something, and is called off; the pod goes back to the queue. False, or absent: there is nothing to
   * call off.
   */
  readonly callOff?: (uid: string) => boolean
}
