/** What the driver process is asked to do, and what it answers: the messages between it and the bench. */
export interface Target {
  readonly url: string
  /** PEM. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

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

export type Operation = 'create-configmap' | 'update-lease' | 'create-pod' | 'get-pod'

export interface Outcome {
  readonly operations: number
  readonly seconds: number
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Of the driver itself, so that it can be told from the machine's other work. */
  readonly cpuSeconds: number
  /** Of answers and events; zero where nobody counted. */
  readonly bytes: number
  /** Events that never came, and watches that the server ended. */
  readonly lost: number
}
