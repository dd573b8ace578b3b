/** How the machine's processors and memory lie to each other; `host/machine-topology.ts` reads it. */
export interface MachineTopology {
  /** By id. */
  readonly cpus: readonly Cpu[]
  readonly nodes: readonly NumaNode[]
}

/** One processor as the kernel counts them: a thread of a core. */
export interface Cpu {
  readonly id: number
  /** Of the whole machine: the least id among the threads of the core. */
  readonly core: number
  readonly socket: number
  readonly node: number
  /** The last cache that cores share: the least id of those that share it. */
  readonly cache: number
}

/** A part of memory and the processors that are near to it. */
export interface NumaNode {
  readonly id: number
  /** To every node, in the order of the ids; 10 is its own. */
  readonly distances: readonly number[]
  /** Bytes by resource: `memory`, `hugepages-2Mi`. */
  readonly memory: Readonly<Record<string, number>>
}
