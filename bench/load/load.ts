/** What the driver process is asked to do, and what it answers: the messages between it and the bench. */
export interface Target {
  readonly url: string
  /** PEM. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** What a driver does to a server, in a process of its own. */
export type Load =
  /** Each client sends its next request when the last one is answered. With `count`, until so many are done; else for `seconds`. */
  | {
      readonly do: 'closed-loop'
      readonly operation: Operation
      readonly clients: number
      readonly seconds: number
      readonly count?: number
      readonly namespace: string
    }
  /** The same path read to its end, one request after the other. */
  | { readonly do: 'read'; readonly path: string; readonly accept: string; readonly times: number }
  /** Watches of the namespace's ConfigMaps, while one client writes there at a fixed rate. */
  | {
      readonly do: 'watch'
      readonly watches: number
      readonly writesPerSecond: number
      readonly seconds: number
      readonly namespace: string
    }
  /** What a cluster's parts ask for, at a fixed rate whether or not answers come: lateness counts. */
  | { readonly do: 'mixed'; readonly perSecond: number; readonly seconds: number; readonly namespace: string }

/** What one client of a closed loop does again and again. */
export type Operation = 'create-configmap' | 'apply-configmap' | 'update-lease' | 'create-pod' | 'patch-pod-status' | 'get-pod'

/** What a mixed load consists of. */
export const mixedSorts = [
  'update Lease',
  'get Pod',
  'patch Pod status',
  'patch Node status',
  'create Pod',
  'delete Pod',
  'list Pods of a node',
  'list Pods of a namespace',
  'list Nodes',
  'create Event',
] as const
/** One of them. */
export type MixedSort = (typeof mixedSorts)[number]

/** Quantiles, in milliseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What a driver saw. */
export interface Outcome {
  readonly operations: number
  readonly seconds: number
  readonly latencyMs: Latency
  /** Of a mixed load, each sort of request by itself. */
  readonly sorts?: readonly { readonly name: MixedSort; readonly latencyMs: Latency }[]
  /** Of watches, how many the server kept to the end. */
  readonly kept?: number
  /** Of the driver itself, so that it can be told from the machine's other work. */
  readonly cpuSeconds: number
  /** Of answers and events; zero where nobody counted. */
  readonly bytes: number
  /** Events that never came, and requests that were refused. */
  readonly lost: number
}
