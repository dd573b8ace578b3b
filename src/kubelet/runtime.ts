/**
 * What the kubelet needs of a container runtime: CRI v1 (k8s.io/cri-api), in our words and only as far as used. `host/cri` speaks it to
 * containerd and CRI-O, `sim/runtime.ts` is a seeded one that can be slow, forgetful or false. Every call throws `WherryError`:
 * NotFound, Timeout, ServiceUnavailable (the runtime is not there), else InternalError with the runtime's message.
 */
export interface Runtime {
  version(): Promise<{ readonly name: string; readonly version: string }>
  /** Conditions `RuntimeReady` and `NetworkReady`, with the runtime's reasons, and what it can do. */
  status(): Promise<RuntimeStatus>
  /** How the runtime makes cgroups; undefined for one that does not tell (containerd before 2.0). */
  cgroupDriver(): Promise<'systemd' | 'cgroupfs' | undefined>
  /** Hands the node's pod range over: only runtimes that write their own network configuration heed it. */
  updatePodCidr(podCidr: string): Promise<void>

  runSandbox(config: SandboxConfig): Promise<string>
  stopSandbox(id: string): Promise<void>
  removeSandbox(id: string): Promise<void>
  /** All, or those of one pod. */
  sandboxes(filter?: PodFilter): Promise<readonly Sandbox[]>
  /** The sandbox's addresses come only from here. */
  sandboxStatus(id: string): Promise<SandboxStatus>
  /** Tells of the pod's new limits after a resize. `MethodNotAllowed` where the runtime does not care (containerd before 2.1). */
  updateSandboxResources(id: string, resources: { readonly overhead: LinuxResources; readonly resources: LinuxResources }): Promise<void>

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>
  startContainer(id: string): Promise<void>
  /** TERM (or the image's stop signal), then KILL after the grace. Resolves when it has ended. */
  stopContainer(id: string, graceSeconds: number): Promise<void>
  removeContainer(id: string): Promise<void>
  containers(filter?: PodFilter): Promise<readonly Container[]>
  containerStatus(id: string): Promise<ContainerStatus>
  updateContainerResources(id: string, resources: LinuxResources): Promise<void>
  /** Writes the container's frozen processes into the archive `location`. `MethodNotAllowed` or an error where the runtime cannot. */
  checkpointContainer(id: string, location: string, timeoutMs: number): Promise<void>
  /** Tells the runtime that the log file was moved away, so that it opens a new one. */
  reopenLog(id: string): Promise<void>

  /** Runs a command to its end: probes and hooks. `timeoutMs` 0: none. Output is cut at 16 MiB. */
  execSync(
    id: string,
    command: readonly string[],
    timeoutMs: number,
  ): Promise<{ readonly exitCode: number; readonly stdout: Uint8Array; readonly stderr: Uint8Array }>
  /** A URL of the runtime's streaming server, good for one connection. */
  exec(request: {
    readonly containerId: string
    readonly command: readonly string[]
    readonly tty: boolean
    readonly stdin: boolean
    readonly stdout: boolean
    readonly stderr: boolean
  }): Promise<string>
  attach(request: {
    readonly containerId: string
    readonly tty: boolean
    readonly stdin: boolean
    readonly stdout: boolean
    readonly stderr: boolean
  }): Promise<string>
  portForward(sandboxId: string, ports: readonly number[]): Promise<string>

  images(): Promise<readonly Image[]>
  imageStatus(image: string): Promise<Image | undefined>
  pullImage(image: string, auth: RegistryAuth | undefined, sandbox: SandboxConfig): Promise<string>
  removeImage(image: string): Promise<void>
  /** What images use, by file system. */
  imageFsUsage(): Promise<readonly FilesystemUsage[]>
  /** What the writable layers use, where the runtime keeps them on other file systems than the images; else empty. */
  containerFsUsage(): Promise<readonly FilesystemUsage[]>
  /** Of all containers that run, or those of one pod. */
  containerStats(filter?: PodFilter): Promise<readonly ContainerStats[]>
  /** Of all pods with their containers, or of one pod. `MethodNotAllowed` in containerd before 1.7. */
  sandboxStats(filter?: PodFilter): Promise<readonly SandboxStats[]>

  /**
   * What happened, as it happens: CRI's event stream, or containerd's own event service where the runtime has none (1.6). Ends with an error
   * when the connection breaks: list again, then subscribe again.
   */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>
}

/** What a runtime says of itself. */
export interface RuntimeStatus {
  readonly runtimeReady: boolean
  readonly networkReady: boolean
  /** Of the conditions that do not hold; '' when both do. */
  readonly message: string
  /** Handlers that a RuntimeClass can name; '' is the default one. Empty for runtimes that do not tell (containerd before 2.0). */
  readonly handlers: readonly RuntimeHandler[]
  readonly features: RuntimeFeatures
}

/** One way to run containers (runc, crun, a virtual machine), and what it can do. */
export interface RuntimeHandler {
  readonly name: string
  readonly recursiveReadOnlyMounts: boolean
  readonly userNamespaces: boolean
}

/** What the runtime can do, whichever handler runs a pod. */
export interface RuntimeFeatures {
  readonly supplementalGroupsPolicy: boolean
  readonly userNamespacesHostNetwork: boolean
}

/** By the label `io.kubernetes.pod.uid`. */
export interface PodFilter {
  readonly podUid: string
}

/** Something happened to a container or sandbox; how it stands now, only a look tells. */
export interface RuntimeEvent {
  readonly type: 'created' | 'started' | 'stopped' | 'deleted' | 'oom'
  /** Of a container, or of a sandbox. */
  readonly id: string
}

/** Identity of a pod as the runtime keeps it: enough to adopt what a former kubelet left. */
export interface PodIdentity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly attempt: number
}

/** A pod's sandbox: identity, name resolution, and the namespaces that its containers share (CRI PodSandboxConfig). */
export interface SandboxConfig {
  readonly metadata: PodIdentity
  readonly hostname: string
  readonly logDirectory: string
  readonly dns?: { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] }
  readonly portMappings: readonly {
    readonly protocol: 'TCP' | 'UDP' | 'SCTP'
    readonly containerPort: number
    readonly hostPort: number
    readonly hostIp: string
  }[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly cgroupParent: string
  readonly sysctls: Readonly<Record<string, string>>
  readonly security: SandboxSecurity
  readonly runtimeHandler: string
  /** What a RuntimeClass adds to the pod, and the sum of what its containers may use: virtual machines are sized by it. */
  readonly overhead?: LinuxResources
  readonly resources?: LinuxResources
}

/** What a sandbox shares with the node, and as whom its own process runs. */
export interface SandboxSecurity {
  readonly network: 'pod' | 'node'
  readonly pid: 'pod' | 'container' | 'node'
  readonly ipc: 'pod' | 'node'
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly supplementalGroups: readonly number[]
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict'
  readonly privileged: boolean
  readonly readonlyRootfs: boolean
  readonly seccomp: SeccompProfile
  readonly apparmor?: SecurityProfile
  readonly selinux?: SELinuxOptions
  /** Absent: the runtime's own default, which is the node's. */
  readonly userNamespace?: UserNamespace
}

/** Users and groups of a pod that are others on the node; `node` says that they are the same. */
export type UserNamespace =
  | { readonly mode: 'node' }
  | { readonly mode: 'pod'; readonly uids: readonly IdMapping[]; readonly gids: readonly IdMapping[] }

/** `length` ids from `containerId` inside are those from `hostId` on the node. */
export interface IdMapping {
  readonly hostId: number
  readonly containerId: number
  readonly length: number
}

/** Labels of the process; '' where the runtime chooses. */
export interface SELinuxOptions {
  readonly user: string
  readonly role: string
  readonly type: string
  readonly level: string
}

/** Which AppArmor profile confines the process; `localhostRef` is the name of one that the kernel has loaded. */
export type SecurityProfile = SeccompProfile

/** Which system calls are allowed; `localhostRef` is the path of a profile on the node. */
export interface SeccompProfile {
  readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
  readonly localhostRef?: string
}

/** A sandbox as a list shows it. */
export interface Sandbox {
  readonly id: string
  readonly metadata: PodIdentity
  readonly ready: boolean
  readonly createdAt: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Absent or '': the default one. */
  readonly runtimeHandler?: string
}

/** A sandbox looked up by itself, with its addresses, the main one first. */
export interface SandboxStatus extends Sandbox {
  readonly ips: readonly string[]
  /** Which network the sandbox really has; undefined where the runtime does not tell. */
  readonly network?: 'pod' | 'node'
}

/** One attempt of a container (CRI ContainerConfig). */
export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly image: string
  /** As the user wrote it; kept for status. */
  readonly userImage: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDir: string
  readonly env: readonly { readonly key: string; readonly value: string }[]
  readonly mounts: readonly Mount[]
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Relative to the sandbox's log directory. */
  readonly logPath: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly resources: LinuxResources
  readonly security: ContainerSecurity
  readonly stopSignal?: string
  /** Full names of devices of the Container Device Interface, such as `vendor.example/class=name`. */
  readonly cdiDevices?: readonly string[]
}

/** One path of the node inside a container, or (with `image`) what an image holds. */
export interface Mount {
  readonly containerPath: string
  /** '' for an image. */
  readonly hostPath: string
  /** Id of an image that the node has: its files are mounted read-only (containerd from 2.1, CRI-O from 1.31). */
  readonly image?: string
  /** A path inside of the image; absent for all of it. */
  readonly imageSubPath?: string
  /** For a volume whose files shall belong to the pod's own users (idmapped mounts); as the pod's user namespace has them. */
  readonly uidMappings?: readonly IdMapping[]
  readonly gidMappings?: readonly IdMapping[]
  readonly readonly: boolean
  readonly recursiveReadOnly?: boolean
  /** Where the machine has SELinux, the files get the label of the pod's processes, which could not open them else. */
  readonly selinuxRelabel?: boolean
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional'
}

/** Limits as the kernel takes them; 0 stands for none. */
export interface LinuxResources {
  readonly cpuPeriod: number
  readonly cpuQuota: number
  readonly cpuShares: number
  readonly memoryLimitBytes: number
  /** Memory and swap together, as cgroup v1 counts them; runtimes subtract on v2. 0: the runtime's default, -1: no limit. */
  readonly memorySwapLimitBytes?: number
  readonly oomScoreAdj: number
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limitBytes: number }[]
  readonly unified?: Readonly<Record<string, string>>
}

/** What a process may do, and as whom it runs (CRI LinuxContainerSecurityContext). */
export interface ContainerSecurity {
  readonly privileged: boolean
  readonly addCapabilities: readonly string[]
  readonly dropCapabilities: readonly string[]
  readonly addAmbientCapabilities?: readonly string[]
  readonly network: 'pod' | 'node'
  readonly pid: 'pod' | 'container' | 'node' | { readonly target: string }
  readonly ipc: 'pod' | 'node'
  readonly runAsUser?: number
  readonly runAsUsername?: string
  readonly runAsGroup?: number
  readonly supplementalGroups: readonly number[]
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict'
  readonly readonlyRootfs: boolean
  readonly noNewPrivs: boolean
  readonly maskedPaths: readonly string[]
  readonly readonlyPaths: readonly string[]
  readonly seccomp: SeccompProfile
  readonly apparmor?: SecurityProfile
  readonly selinux?: SELinuxOptions
  readonly userNamespace?: UserNamespace
}

/** A container as a list shows it. */
export interface Container {
  readonly id: string
  readonly sandboxId: string
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly image: string
  readonly imageId: string
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly createdAt: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** Times are milliseconds since the epoch, 0 where it has not happened. */
export interface ContainerStatus extends Container {
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  readonly reason: string
  readonly message: string
  readonly logPath: string
  /** uid and groups of the first process, where the runtime tells. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] }
  /** Limits as they are in force, where the runtime tells (containerd from 1.7). */
  readonly resources?: LinuxResources
  /** Paths of the node inside the container, where the runtime tells. */
  readonly mounts?: readonly Pick<Mount, 'containerPath' | 'hostPath' | 'readonly' | 'recursiveReadOnly' | 'image'>[]
  /** `SIGTERM` …: what the container is stopped with, where the runtime tells (containerd from 2.2). */
  readonly stopSignal?: string
}

/** An image of the node, by every name that it has. */
export interface Image {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly sizeBytes: number
  /** The image's own user, where it is a number, and its name otherwise. */
  readonly uid?: number
  readonly username?: string
  readonly pinned: boolean
}

export interface RegistryAuth {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly serverAddress?: string
  readonly identityToken?: string
  readonly registryToken?: string
}

/** What lies on one file system. */
export interface FilesystemUsage {
  readonly mountpoint: string
  readonly usedBytes: number
  readonly inodesUsed: number
  /** Of the measurement. */
  readonly timestamp?: number
}

/** What processes use. Values that the runtime does not tell are absent, and 0 where the field is always there. */
export interface ProcessUsage {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly timestamp: number
  readonly cpuUsageCoreNanoSeconds: number
  /** Over the last few seconds. */
  readonly cpuUsageNanoCores?: number
  readonly memoryWorkingSetBytes: number
  readonly memoryUsageBytes: number
  readonly memoryAvailableBytes?: number
  readonly memoryRssBytes?: number
  readonly pageFaults?: number
  readonly majorPageFaults?: number
}

/** What a container uses, with its part of the disk. */
export interface ContainerStats extends ProcessUsage {
  readonly name?: string
  readonly writableLayerUsedBytes: number
  readonly writableLayer?: FilesystemUsage
  readonly swapUsageBytes?: number
  readonly swapAvailableBytes?: number
  readonly cpuPressure?: Pressure
  readonly memoryPressure?: Pressure
  readonly ioPressure?: Pressure
}

/** Pressure stall information: how long all (`full`) or some tasks waited. */
export interface Pressure {
  readonly full: PressureTimes
  readonly some: PressureTimes
}

/** Averages over 10, 60 and 300 seconds, in per cent. */
export interface PressureTimes {
  readonly totalNanoSeconds: number
  readonly avg10: number
  readonly avg60: number
  readonly avg300: number
}

/** What a pod uses as a whole: with its sandbox, and on the network. */
export interface SandboxStats extends ProcessUsage {
  readonly metadata: PodIdentity
  readonly processCount?: number
  /** The main one first. Empty for a pod on the node's network. */
  readonly interfaces: readonly NetworkUsage[]
  readonly containers: readonly ContainerStats[]
}

/** Counted since the interface was made. */
export interface NetworkUsage {
  readonly name: string
  readonly rxBytes: number
  readonly rxErrors: number
  readonly txBytes: number
  readonly txErrors: number
}
