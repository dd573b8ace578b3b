import type { Instant } from '#lib/clock.ts'

/** Counters of the machine, read when somebody asks: `host/stats` implements it for cgroups v1 and v2. Paths are absolute. */
export interface StatsHost {
  /**
   * Counters of a control group, by its path below the mount (`/kubepods/burstable/pod…`); `/` is the whole machine. Undefined when there is none.
   * `core`: processor time and memory only, which is a tenth of the work.
   */
  group(path: string, detail: 'core' | 'full'): Promise<GroupStats | undefined>
  /** Names of the groups directly below; empty when there is none. */
  children(path: string): Promise<readonly string[]>
  /** Undefined when there is no such path. */
  fileSystem(path: string): Promise<FileSystemStats | undefined>
  /**
   * What a file or folder and all below it take on its own file system: blocks, not lengths, and a file with two names once. `content` leaves the
   * folder itself out. Undefined when it is not there.
   */
  usage(path: string, of: 'tree' | 'content'): Promise<DiskUsage | undefined>
  /** Counters of each network interface as a process of this id sees them; without one, the machine's own. Empty when the process is gone. */
  interfaces(processId?: number): Promise<readonly InterfaceCounters[]>
  /** Open files, sockets and threads of these processes, for the few who ask for them. */
  processes(ids: readonly number[]): Promise<{ readonly fileDescriptors: number; readonly sockets: number }>
  /** What does not change while the machine runs: may be kept. */
  machine(): Promise<MachineStats>
  /** The smaller of kernel.pid_max and kernel.threads-max, against both of which threads count, and how many there are. */
  tasks(): Promise<{ readonly limit: number; readonly count: number }>
}

export interface GroupStats {
  readonly at: Instant
  /** When the group was made. */
  readonly createdAt: Instant
  readonly cpu?: GroupCpu
  readonly memory?: GroupMemory
  /** Of this group alone, without those below. */
  readonly processIds: readonly number[]
  /** Only with `full`. */
  readonly io?: readonly GroupIo[]
  readonly threads?: number
  /** Undefined: no limit. */
  readonly threadsMax?: number
  readonly pressure?: { readonly cpu?: Pressure; readonly memory?: Pressure; readonly io?: Pressure }
}

export interface GroupCpu {
  readonly usageNanoSeconds: number
  readonly userNanoSeconds?: number
  readonly systemNanoSeconds?: number
  /** Only with `full`. */
  readonly shares?: number
  readonly periodMicroseconds?: number
  /** Undefined: no limit. */
  readonly quotaMicroseconds?: number
  readonly periods?: number
  readonly throttledPeriods?: number
  readonly throttledNanoSeconds?: number
  readonly burstPeriods?: number
  readonly burstNanoSeconds?: number
}

export interface GroupMemory {
  readonly usageBytes: number
  /** Usage less the inactive part of the page cache: what the kernel cannot take back at once. */
  readonly workingSetBytes: number
  readonly rssBytes: number
  readonly cacheBytes: number
  readonly mappedFileBytes: number
  readonly activeFileBytes: number
  readonly inactiveFileBytes: number
  readonly kernelBytes: number
  readonly swapBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  /** Undefined: no limit of its own. */
  readonly limitBytes?: number
  /** Of swap alone. Undefined: no limit. */
  readonly swapLimitBytes?: number
  /** Only with `full`. */
  readonly maxUsageBytes?: number
  readonly reservationBytes?: number
  readonly failures?: number
  readonly oomKills?: number
}

export interface GroupIo {
  /** `/dev/vda`; '' where the kernel does not name it. */
  readonly device: string
  readonly major: number
  readonly minor: number
  readonly readBytes: number
  readonly writeBytes: number
  readonly reads: number
  readonly writes: number
}

/** Shares in percent; `totalMicroseconds` since the group was made. */
export interface Pressure {
  readonly some: PressureLine
  readonly full: PressureLine
}

export interface PressureLine {
  readonly avg10: number
  readonly avg60: number
  readonly avg300: number
  readonly totalMicroseconds: number
}

export interface FileSystemStats {
  /** Equal for two paths on one file system. */
  readonly id: string
  /** `/dev/vda1`; '' where nobody knows. */
  readonly device: string
  readonly capacityBytes: number
  /** For those who are not root. */
  readonly availableBytes: number
  readonly inodes: number
  readonly inodesFree: number
}

export interface DiskUsage {
  readonly usedBytes: number
  readonly inodesUsed: number
}

export interface InterfaceCounters {
  readonly name: string
  readonly receiveBytes: number
  readonly receivePackets: number
  readonly receiveErrors: number
  readonly receiveDropped: number
  readonly transmitBytes: number
  readonly transmitPackets: number
  readonly transmitErrors: number
  readonly transmitDropped: number
}

export interface MachineStats {
  readonly bootedAt: Instant
  readonly memoryBytes: number
  readonly swapBytes: number
  readonly cpuCount: number
  readonly physicalCores: number
  readonly sockets: number
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
}
