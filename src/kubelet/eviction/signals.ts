/** What node-pressure eviction watches (Kubernetes documentation, "Node-pressure Eviction"); each fires when less than its threshold is left. */
export type Signal =
  | 'memory.available'
  | 'allocatableMemory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'containerfs.available'
  | 'containerfs.inodesFree'
  | 'pid.available'

export type NodePressure = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure'

/** What runs short, as messages name it. */
export type StarvedResource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids'

interface SignalFacts {
  readonly condition: NodePressure
  readonly resource: StarvedResource
  /** How fast this machine could eat it up in the worst case, a second: how soon to look again follows from it. */
  readonly worstPerSecond: number
}

/** No memory fills faster than processors can touch new pages, no disk faster than it writes, and forking takes its time. */
const memory: SignalFacts = { condition: 'MemoryPressure', resource: 'memory', worstPerSecond: 2 ** 30 }
const disk: SignalFacts = { condition: 'DiskPressure', resource: 'ephemeral-storage', worstPerSecond: 2 ** 29 }
const inodes: SignalFacts = { condition: 'DiskPressure', resource: 'inodes', worstPerSecond: 20_000 }

export const signals: Readonly<Record<Signal, SignalFacts>> = {
  'memory.available': memory,
  'allocatableMemory.available': memory,
  'nodefs.available': disk,
  'nodefs.inodesFree': inodes,
  'imagefs.available': disk,
  'imagefs.inodesFree': inodes,
  'containerfs.available': disk,
  'containerfs.inodesFree': inodes,
  'pid.available': { condition: 'PIDPressure', resource: 'pids', worstPerSecond: 2_000 },
}

export const isSignal = (name: string): name is Signal => Object.hasOwn(signals, name)

/** How much of something there is and how much of that is left, in bytes or pieces. */
export interface Observation {
  readonly capacity: number
  readonly available: number
}

export type Observations = Partial<Readonly<Record<Signal, Observation>>>
